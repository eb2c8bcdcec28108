"""The engine under test, its answers beside the truth, and the verdict on them."""
