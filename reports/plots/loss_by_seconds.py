"""Training loss by seconds: what each engine achieves in the same time."""

import pandas as pd
from matplotlib.axes import Axes

from benchgrad.reports.plot import lines_by_seconds, plot
from benchgrad.reports.style import Style


@plot(
    order=30,
    title="Loss by seconds",
    caption="The same losses against training time, on a log axis; evaluation is not part of it. "
    "The horizontal distance between two lines is the factor between their engines.",
    table="epochs",
    columns=("engine", "round", "elapsed_s", "status", "loss"),
)
def draw(ax: Axes, frame: pd.DataFrame, style: Style) -> None:
    """Draw a line for each engine, from its first round."""
    lines_by_seconds(ax, frame, style, "loss")
    ax.set_ylabel("mean training loss")
