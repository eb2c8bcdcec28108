"""The commands, one module for each group: they read options, call the rooms, and exit."""
