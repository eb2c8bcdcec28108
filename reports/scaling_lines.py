"""What the figures of all axes of a sweep share: a line for each engine on each host, log-log."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from benchgrad.reports.style import Style

_FIT_INSIDE = 5  # names; more would cover the lines, and stand below them
COLUMNS = ("axis", "quantity", "value", "engine", "host", "cost", "label")
CAPTION = (
    "Both axes are logarithmic, so a straight line is a power of the size. Each engine's name has "
    "the fitted exponent and its interval: 1 is in proportion, 0 is no growth. All else is as in "
    "the plan. Where the machine disturbed a point the time is processor time. Memory is the most "
    "that the process held beyond what it began with."
)


def draw_axis(ax: Axes, frame: pd.DataFrame, style: Style, label: str) -> None:
    """Draw one quantity along one axis; lines of different hosts are not joined."""
    from matplotlib.ticker import EngFormatter, FixedLocator, NullFormatter, ScalarFormatter

    lines = {}
    for (engine, _), own in frame.groupby(["engine", "host"], sort=False):
        colour = style.looks[str(engine)].colour
        (lines[own["label"].iloc[0]],) = ax.plot(own["value"], own["cost"], ".-", color=colour)
    is_time = frame["quantity"].iloc[0].startswith("time")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.xaxis.set_major_locator(FixedLocator(sorted(frame["value"].unique())))
    ax.xaxis.set_major_formatter(ScalarFormatter())
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(axis="x", labelsize=7)
    ax.yaxis.set_major_formatter(EngFormatter(unit="s" if is_time else "B"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel(label)
    # Passed explicitly: matplotlib's own legends skip names that begin with an underscore.
    many = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.2), "ncols": 2}
    where = {"loc": "best"} if len(lines) <= _FIT_INSIDE else many
    ax.legend(list(lines.values()), list(lines), fontsize=7, **where)
