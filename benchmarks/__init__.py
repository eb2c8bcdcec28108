"""The measuring room: plans, the one training loop, the clock, the runner, the records."""
