"""The plots: one file each, with a `draw` that is declared by `benchgrad.reports.plot.plot`."""
