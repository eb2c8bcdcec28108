"""``python -m benchgrad``: the same as the command ``benchgrad``."""

from benchgrad.command_line.main import main

if __name__ == "__main__":
    main()
