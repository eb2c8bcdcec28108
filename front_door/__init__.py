"""benchgrad: every autograd engine trains one classifier, proves its work, and is timed.

The front door: it knows every room, and no room knows it.
"""
