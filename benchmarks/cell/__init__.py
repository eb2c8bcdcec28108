"""One cell: an engine in one round, measured in a process of its own."""
