"""Seconds per epoch of each engine, beside the published figures."""

import pandas as pd
from matplotlib.axes import Axes

from benchgrad.reports import formats
from benchgrad.reports.plot import plot, seconds_on_x
from benchgrad.reports.style import FAINT, INK, Style


@plot(
    order=10,
    title="Seconds per epoch",
    caption="Further left is faster: the median epoch, with the quartiles, on a log axis. Hollow "
    "diamonds are published figures, from another machine.",
    table="engines",
    columns=("engine", "status", "epoch_s", "epoch_s_low", "epoch_s_high", "published_epoch_s"),
)
def draw(ax: Axes, frame: pd.DataFrame, style: Style) -> None:
    """Draw a mark for each engine that is ok, the slowest on top."""
    rows = frame[(frame["status"] == "ok") & frame["epoch_s"].notna()].sort_values("epoch_s")
    for i, row in enumerate(rows.itertuples()):
        colour = style.looks[row.engine].colour
        ax.hlines(i, row.epoch_s_low, row.epoch_s_high, color=colour, linewidth=6, alpha=0.4)
        ax.plot(row.epoch_s, i, color=colour, markersize=9, zorder=5, **style.mark(row.engine))
        ax.annotate(
            formats.seconds(row.epoch_s),
            (max(row.epoch_s_high, row.epoch_s), i),
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
            fontweight="bold",
        )
        if row.published_epoch_s == row.published_epoch_s:
            ax.plot(row.published_epoch_s, i, "D", mfc="white", mec=INK, ms=7, zorder=4)
            ax.annotate(
                f"published {formats.seconds(row.published_epoch_s)}",
                (row.published_epoch_s, i),
                xytext=(0, 13),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=8.5,
                color=INK,
            )
    ax.margins(x=0.18)
    ax.set_ylim(-0.6, len(rows) - 0.2)
    ax.set_yticks(range(len(rows)), rows["engine"])
    ax.spines["left"].set_color(FAINT)
    seconds_on_x(ax, "time per epoch")
