"""Training loss by epoch: engines that do the same work share one line."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from benchgrad.reports.plot import marked, plot
from benchgrad.reports.style import Style


@plot(
    order=20,
    title="Loss by epoch",
    caption="Mean training loss of each epoch. The lines of engines that did the same work "
    "coincide, so each is drawn narrower than the one below it.",
    table="epochs",
    columns=("engine", "round", "epoch", "loss", "status"),
)
def draw(ax: Axes, frame: pd.DataFrame, style: Style) -> None:
    """Draw a line for each engine, from its first round."""
    lines = {}
    engines = list(frame["engine"].unique())
    for i, engine in enumerate(engines):
        own = frame[(frame["engine"] == engine) & (frame["round"] == 0)]
        line = style.line(i, len(engines))
        colour = style.looks[engine].colour
        label = marked(engine, own)
        (lines[label],) = ax.plot(own["epoch"], own["loss"], color=colour, label=label, **line)
        ax.plot(own["epoch"].iloc[-1:], own["loss"].iloc[-1:], "o", color=colour)
    ax.set_xlabel("epoch")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_ylabel("mean training loss")
    ax.legend(list(lines.values()), list(lines))
