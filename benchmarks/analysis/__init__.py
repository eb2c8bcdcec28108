"""What follows from the records alone: pure functions, nothing is run or rendered here."""
