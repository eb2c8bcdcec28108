"""The command line: one command a module, each turned into one line when it fails."""
