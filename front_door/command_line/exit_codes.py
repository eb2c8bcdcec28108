"""What the exit code of a command says; there are no others, but for those of a signal."""

OK = 0
ENGINE_FAILED = 1  # or is invalid, or was asked for by name and did not run
CONTRADICTED = 1  # a report, by its own records
WRONG_USAGE = 2  # or bad input
REGRESSED = 3  # slower than --fail-above allows
INTERRUPTED = 130  # as of a process that SIGINT ended
