"""The plots: one file each, whose `draw` is declared with `benchgrad.reports.plot.plot`."""
