"""Test accuracy by seconds: what the longer training of a faster engine is worth."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from benchgrad.reports.plot import lines_by_seconds, plot
from benchgrad.reports.style import Style


@plot(
    order=40,
    title="Accuracy by seconds",
    caption="Accuracy on the test rows after each epoch, against the summed time of the epochs, "
    "on a log axis. It is evaluated off the clock.",
    table="epochs",
    columns=("engine", "round", "elapsed_s", "test_accuracy"),
)
def draw(ax: Axes, frame: pd.DataFrame, style: Style) -> None:
    """Draw a line an engine, from its first round."""
    lines_by_seconds(ax, frame, style, "test_accuracy")
    ax.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
    ax.set_ylabel("accuracy on the test rows")
