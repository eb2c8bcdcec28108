"""The test accuracy over many seeds, by data set and engine."""

import pandas as pd
from matplotlib.axes import Axes

from benchgrad.reports.plot import plot
from benchgrad.reports.style import Style


@plot(
    order=70,
    title="Accuracy over many seeds",
    caption="The mean test accuracy with its 95 % interval (thick) and the standard deviation from "
    "seed to seed (thin). A seed draws the data, the weights and the batches.",
    table="study",
    columns=("dataset", "engine", "mean", "low", "high", "spread"),
)
def draw(ax: Axes, frame: pd.DataFrame, style: Style) -> None:
    """Draw a group for each data set, with a mark for each engine."""
    from matplotlib.ticker import PercentFormatter

    names = list(dict.fromkeys(frame["dataset"]))
    engines = list(dict.fromkeys(frame["engine"]))
    marks = {}
    for i, engine in enumerate(engines):
        own = frame[frame["engine"] == engine]
        colour = style.looks[engine].colour
        y = [names.index(name) + 0.7 * (i - (len(engines) - 1) / 2) / len(engines)
             for name in own["dataset"]]  # fmt: skip
        ax.hlines(y, own["mean"] - own["spread"], own["mean"] + own["spread"], color=colour)
        ax.hlines(y, own["low"], own["high"], color=colour, linewidth=4)
        (marks[engine],) = ax.plot(own["mean"], y, "o", color=colour, markersize=4)
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.set_xlabel("test accuracy")
    ax.legend(list(marks.values()), list(marks))
