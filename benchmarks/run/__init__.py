"""One run: the cells of a plan in order, journalled, resumed and verified."""
