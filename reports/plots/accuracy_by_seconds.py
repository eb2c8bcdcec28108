"""Test accuracy by seconds: what a faster engine gains by training longer."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from benchgrad.reports.plot import lines_by_seconds, plot
from benchgrad.reports.style import Style


@plot(
    order=40,
    title="Accuracy by seconds",
    caption="Test accuracy after each epoch, against training time on a log axis. Evaluation is "
    "not part of that time.",
    table="epochs",
    columns=("engine", "round", "elapsed_s", "status", "test_accuracy"),
)
def draw(ax: Axes, frame: pd.DataFrame, style: Style) -> None:
    """Draw a line for each engine, from its first round."""
    lines_by_seconds(ax, frame, style, "test_accuracy")
    ax.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    ax.set_ylabel("test accuracy")
