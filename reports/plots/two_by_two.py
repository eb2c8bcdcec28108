"""The two-by-two: four engines, and the factor along each edge between them."""

import math

import pandas as pd
from matplotlib.axes import Axes

from benchgrad.reports import formats
from benchgrad.reports.plot import plot, seconds_on_x
from benchgrad.reports.style import FAINT, INK, PAPER, Style


@plot(
    order=7,
    title="Granularity and interpreter",
    caption="Median time per epoch, on a log axis. Along a row only the graph changes, from a node "
    "for each number to one for each array; from row to row only what runs it. Each line carries "
    "the factor between its ends.",
    table="two_by_two",
    columns=(
        *("cause", "slow", "slow_epoch_s", "slow_run_by", "fast", "fast_epoch_s", "fast_run_by"),
        *("factor", "factor_low", "factor_high"),
    ),
)
def draw(ax: Axes, frame: pd.DataFrame, style: Style) -> None:
    """Draw a line for each edge and a point for each corner; the first row is on top."""
    corners = _corners(frame)
    height = {run_by: -i for i, run_by in enumerate(corners["run_by"].unique())}
    for edge in frame.itertuples():
        y = [height[edge.slow_run_by], height[edge.fast_run_by]]
        ax.plot([edge.slow_epoch_s, edge.fast_epoch_s], y, color=FAINT, linewidth=1.5, zorder=2)
        factor = formats.ratio_between(edge.factor, edge.factor_low, edge.factor_high)
        is_level = y[0] == y[1]
        ax.annotate(
            f"{edge.cause}\n{factor}",
            (math.sqrt(edge.slow_epoch_s * edge.fast_epoch_s), sum(y) / 2),
            xytext=(0, 5 if is_level else 0),
            textcoords="offset points",
            ha="center",
            va="bottom" if is_level else "center",
            fontsize=8.5,
            color=INK,
            bbox=None if is_level else {"facecolor": PAPER, "edgecolor": "none", "pad": 1.5},
        )
    for corner in corners.itertuples():
        place = (corner.epoch_s, height[corner.run_by])
        is_on_top = height[corner.run_by] == 0  # the lines of the interpreter leave it downwards
        colour = style.looks[corner.engine].colour
        ax.plot(*place, color=colour, markersize=11, zorder=3, **style.mark(corner.engine))
        ax.annotate(
            f"{corner.engine}\n{formats.seconds(corner.epoch_s)}",
            place,
            xytext=(0, 10 if is_on_top else -10),
            textcoords="offset points",
            ha="center",
            va="bottom" if is_on_top else "top",
            fontweight="bold",
            color=INK,
        )
    ax.margins(x=0.14)
    ax.set_ylim(0.55 - len(height), 0.4)
    ax.set_yticks(list(height.values()), list(height))
    ax.grid(axis="y", visible=False)
    seconds_on_x(ax, "time per epoch")


def _corners(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the corners once each; every one is an end of two edges."""
    names = ["engine", "epoch_s", "run_by"]
    ends = [
        frame[[end, f"{end}_epoch_s", f"{end}_run_by"]].set_axis(names, axis="columns")
        for end in ("slow", "fast")
    ]
    return pd.concat(ends).drop_duplicates()
