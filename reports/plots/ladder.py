"""The ladder: how many times faster each engine is than the one before it, and why."""

import pandas as pd
from matplotlib.axes import Axes

from benchgrad.reports import formats
from benchgrad.reports.plot import plot, seconds_on_x
from benchgrad.reports.style import FAINT, INK, Style


@plot(
    order=5,
    title="The ladder",
    caption="Median time per epoch, on a log axis. Each bar spans the time that its engine saves "
    "over the one above it, labelled with the factor and its cause.",
    table="ladder",
    columns=("engine", "epoch_s", "factor", "cause"),
)
def draw(ax: Axes, frame: pd.DataFrame, style: Style) -> None:
    """Draw a waterfall: the first engine on top, each bar from the time before to its own."""
    slowest = frame["epoch_s"].max()
    before = frame["epoch_s"].shift().fillna(frame["epoch_s"].min() / 3)
    for i, (row, start) in enumerate(zip(frame.itertuples(), before, strict=True)):
        low, high = sorted((start, row.epoch_s))
        colour = style.looks[row.engine].colour
        ax.barh(-i, high - low, left=low, height=0.42, color=colour, alpha=0.35 if i else 0.9)
        ax.plot([row.epoch_s] * 2, [-i - 0.21, -i + 0.21], color=colour, linewidth=4)
        if i:
            ax.plot([start] * 2, [-i + 0.21, -i + 0.79], color=FAINT, linewidth=0.8)
        factor = f"{formats.speedup(row.factor)}: " if row.factor == row.factor else ""
        ax.annotate(
            f"{formats.seconds(row.epoch_s)}   {factor}{row.cause}",
            (frame["epoch_s"].min() / 3, -i + 0.27),
            xytext=(4, 0),
            textcoords="offset points",
            va="bottom",
            fontsize=8,
            color=INK,
        )
    ax.set_xlim(frame["epoch_s"].min() / 3, slowest * 1.6)
    ax.set_ylim(0.4 - len(frame), 0.75)
    ax.set_yticks([-i for i in range(len(frame))], frame["engine"])
    ax.grid(axis="y", visible=False)
    seconds_on_x(ax, "time per epoch")
