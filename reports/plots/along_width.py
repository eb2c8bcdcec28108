"""The time and the memory of an epoch along the axis of the width."""

import pandas as pd
from matplotlib.axes import Axes

from benchgrad.reports.plot import plot
from benchgrad.reports.scaling_lines import CAPTION, COLUMNS, draw_axis
from benchgrad.reports.style import Style


@plot(
    order=82,
    title="Cost and the width of the hidden layers",
    caption=CAPTION,
    table="axes",
    columns=COLUMNS,
    panel="quantity",
    rows=("axis", "width"),
)
def draw(ax: Axes, frame: pd.DataFrame, style: Style) -> None:
    """Draw a line for each engine and host."""
    draw_axis(ax, frame, style, "width of each hidden layer")
