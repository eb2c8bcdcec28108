"""What the exit codes of commands mean; there are no others but those of signals."""

OK = 0
ENGINE_FAILED = 1  # or is invalid, or was asked for by name and did not run
CONTRADICTED = 1  # a report, by its own records
NOT_RIGHT_YET = 1  # an answer to an exercise
WRONG_USAGE = 2  # or bad input
REGRESSED = 3  # slower than --fail-above allows
INTERRUPTED = 130  # as after SIGINT
