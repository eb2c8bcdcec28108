"""The measuring room: plans, records, how cells are measured, and what follows from them."""
