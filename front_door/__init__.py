"""benchgrad: every autograd engine trains the same classifier, proves its work, and is timed.

This is the front door: it imports the rooms, and no room imports it.
"""
