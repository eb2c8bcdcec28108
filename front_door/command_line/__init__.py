"""The command line: from options to exit codes, with one line for each mistake of the user's."""
