"""The time and the memory of an epoch along the axis of the samples."""

import pandas as pd
from matplotlib.axes import Axes

from benchgrad.reports.plot import plot
from benchgrad.reports.scaling_lines import CAPTION, COLUMNS, draw_axis
from benchgrad.reports.style import Style


@plot(
    order=80,
    title="Cost and the training rows",
    caption=CAPTION,
    table="axes",
    columns=COLUMNS,
    panel="quantity",
    rows=("axis", "samples"),
)
def draw(ax: Axes, frame: pd.DataFrame, style: Style) -> None:
    """Draw a line for each engine and host."""
    draw_axis(ax, frame, style, "training rows")
