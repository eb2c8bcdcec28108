"""The cost model at sizes that it was not fitted to: expected against measured."""

import pandas as pd
from matplotlib.axes import Axes

from benchgrad.reports.plot import plot, seconds_on_x
from benchgrad.reports.style import FAINT, Style


@plot(
    order=76,
    title="The cost model, checked",
    caption="How far the expected time of an epoch was off at each point that the model was not "
    "fitted to. Between the lines it is within 15 %.",
    table="held_out",
    columns=("engine", "measured_s", "expected_s"),
)
def draw(ax: Axes, frame: pd.DataFrame, style: Style) -> None:
    """Draw a dot for each point."""
    from matplotlib.ticker import PercentFormatter

    dots = {}
    for engine, own in frame.groupby("engine", sort=True):
        colour = style.looks[str(engine)].colour
        off = own["expected_s"] / own["measured_s"] - 1.0
        (dots[engine],) = ax.plot(own["measured_s"], off, "o", color=colour, markersize=5)
    for level in (-0.15, 0.0, 0.15):
        ax.axhline(level, color=FAINT, linewidth=0.8, zorder=1)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.set_ylabel("expected against measured")
    seconds_on_x(ax, "measured time of an epoch")
    ax.legend(list(dots.values()), list(dots))
