"""Confusion matrices of the engines, unless the data have two features."""

import pandas as pd
from matplotlib.axes import Axes

from benchgrad.reports.plot import plot
from benchgrad.reports.style import INK, Style


@plot(
    order=60,
    title="Confusion matrices",
    caption="Test rows by true class (down) and predicted class (across), after the last epoch. "
    "Engines that predict the same share a panel.",
    table="confusion",
    columns=("engine", "label", "predicted", "count", "n_epochs", "test_accuracy", "status"),
    panel="engine",
)
def draw(ax: Axes, frame: pd.DataFrame, style: Style) -> None:
    """Draw the matrix of one engine, with its counts."""
    counts = frame.pivot(index="label", columns="predicted", values="count").to_numpy(int)
    ax.imshow(counts, cmap="Blues")
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            if count:
                colour = "white" if count > counts.max() / 2 else INK
                ax.text(j, i, str(count), ha="center", va="center", fontsize=6, color=colour)
    ticks = range(len(style.class_names))
    names = [name[:8] for name in style.class_names]
    ax.set_xticks(ticks, names, fontsize=6, rotation=90 if max(map(len, names)) > 2 else 0)
    ax.set_yticks(ticks, names, fontsize=6)
    ax.grid(visible=False)
