"""The ladder: how many times faster each engine is than the one before it, and why."""

import pandas as pd
from matplotlib.axes import Axes

from benchgrad.reports import formats
from benchgrad.reports.plot import plot, seconds_on_x
from benchgrad.reports.style import FAINT, INK, Style


@plot(
    order=5,
    title="The ladder",
    caption="Median time per epoch, on a log axis. Each line runs from the time of the engine that "
    "this one improves to its own, and is labelled with the factor and its cause.",
    table="ladder",
    columns=("engine", "epoch_s", "base", "base_epoch_s", "factor", "cause"),
)
def draw(ax: Axes, frame: pd.DataFrame, style: Style) -> None:
    """Draw the first engine on top, and a line to each from the engine that it improves."""
    left = frame["epoch_s"].min() / 3
    heights = {row.engine: -i for i, row in enumerate(frame.itertuples())}
    for row in frame.itertuples():
        y, mark = heights[row.engine], style.mark(row.engine)
        colour = style.looks[row.engine].colour
        if row.base:
            start = row.base_epoch_s
            ax.plot([start, row.epoch_s], [y, y], color=colour, linewidth=5, alpha=0.35)
            ax.plot([start, start], [heights[row.base], y], color=FAINT, linewidth=0.8, zorder=1)
        ax.plot(row.epoch_s, y, color=colour, markersize=9, **mark)
        factor = f"{formats.speedup(row.factor)} than {row.base}: " if row.base else ""
        ax.annotate(
            f"{formats.seconds(row.epoch_s)}   {factor}{row.cause}",
            (left, y + 0.27),
            xytext=(4, 0),
            textcoords="offset points",
            va="bottom",
            fontsize=8,
            color=INK,
        )
    ax.set_xlim(left, frame["epoch_s"].max() * 1.6)
    ax.set_ylim(0.4 - len(frame), 0.75)
    ax.set_yticks(list(heights.values()), list(heights))
    ax.grid(axis="y", visible=False)
    seconds_on_x(ax, "time per epoch")
