"""Training loss by epoch: engines that do the same work share one line."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from benchgrad.reports.plot import draw_line, label_ends, plot
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
    first = frame[frame["round"] == 0]
    engines = list(first["engine"].unique())
    for i, engine in enumerate(engines):
        own = first[first["engine"] == engine]
        draw_line(ax, engine, own, ("epoch", "loss"), style, **style.line(i, len(engines)))
    ax.set_xlabel("epoch")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_ylabel("mean training loss")
    label_ends(ax, first, ("epoch", "loss"), style)
