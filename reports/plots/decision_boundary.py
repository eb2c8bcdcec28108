"""Decision boundaries of the engines, for data with two features."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from benchgrad.reports.plot import plot
from benchgrad.reports.style import Style


@plot(
    order=50,
    title="Decision boundaries",
    caption="The class that a classifier predicts after its last epoch, with the test points in "
    "the colours of their true classes. Engines that predict the same share a panel: panels differ "
    "by how long their engines trained, not by how well an engine learns.",
    table="points",
    columns=("engine", "part", "x", "y", "label", "n_epochs", "test_accuracy", "status"),
    panel="engine",
)
def draw(ax: Axes, frame: pd.DataFrame, style: Style) -> None:
    """Draw the regions of one engine and the test points."""
    colours = ListedColormap([style.class_colours[i % 6] for i in range(len(style.class_names))])
    limits: dict[str, Any] = {"cmap": colours, "vmin": 0, "vmax": len(style.class_names) - 1}
    grid, test = frame[frame["part"] == "grid"], frame[frame["part"] == "test"]
    classes = grid.pivot(index="y", columns="x", values="label")
    extent = (grid["x"].min(), grid["x"].max(), grid["y"].min(), grid["y"].max())
    image: dict[str, Any] = {
        "origin": "lower",
        "aspect": "auto",
        "interpolation": "nearest",
        "alpha": 0.28,
    }
    ax.imshow(classes.to_numpy(int), extent=extent, **image, **limits)
    points: dict[str, Any] = {"s": 9, "linewidths": 0.3, "edgecolors": "white", "rasterized": True}
    ax.scatter(test["x"], test["y"], c=test["label"].astype(int), **points, **limits)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(visible=False)
