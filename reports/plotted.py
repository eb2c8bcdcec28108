"""What a plot shows of a run: its rows of a table, and its style. Nothing is drawn here."""

from __future__ import annotations

import pandas as pd

from benchgrad.benchmarks.records import Results
from benchgrad.reports.escaping import drawable, visible
from benchgrad.reports.plot import Plot
from benchgrad.reports.style import Style, looks
from benchgrad.reports.tables import Tables


def style_of(results: Results) -> Style:
    """Return the style of all plots of a run."""
    return Style(
        looks=looks({visible(each.name): each.spec for each in results.plan.engines}),
        class_names=tuple(map(visible, results.data.class_names)),
    )


def plotted(plot: Plot, results: Results, derived: Tables) -> pd.DataFrame:
    """Return the rows of its table that a plot shows, with texts that a figure can hold.

    Engines under another policy of the collector do the same work again: lines without news.
    """
    frame = plot.shown(getattr(derived, plot.table))
    if plot.table not in ("ladder", "two_by_two") and len(frame):
        again = [c.name for c in results.plan.engines if c.collector != "as shipped"]
        frame = frame[~frame["engine"].isin(again)]
    return drawable(frame)
