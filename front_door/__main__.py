"""``python -m benchgrad`` does what the command ``benchgrad`` does."""

from benchgrad.command_line.main import main

if __name__ == "__main__":
    main()
