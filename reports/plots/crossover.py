"""The map of a grid: which engine is the fastest where, and where another overtakes it."""

import pandas as pd
from matplotlib.axes import Axes

from benchgrad.reports.plot import plot
from benchgrad.reports.style import INK, Style


@plot(
    order=75,
    title="The fastest engine, size by size",
    caption="A square is a point that was measured, in the colour of its fastest engine, with how "
    "many times as long the next one takes. A cross is where two neighbours' fastest engines take "
    "the same time, by the logarithms of their ratios at both.",
    table="map",
    columns=("part", "x", "y", "x_axis", "y_axis", "engine", "lead"),
)
def draw(ax: Axes, frame: pd.DataFrame, style: Style) -> None:
    """Draw the points as squares and the boundaries as crosses, on log axes."""
    from matplotlib.ticker import FixedLocator, NullFormatter, ScalarFormatter

    points = frame[frame["part"] == "point"]
    handles = {}
    for engine, own in points.groupby("engine", sort=True):
        colour = style.looks[str(engine)].colour
        handles[engine] = ax.scatter(own["x"], own["y"], s=420, marker="s", color=colour)
    for row in points.itertuples():
        text = f"{row.lead:.2g}" if row.lead == row.lead else ""
        ax.annotate(text, (row.x, row.y), ha="center", va="center", fontsize=7, color="white")
    crosses = frame[frame["part"] == "boundary"]
    ax.plot(crosses["x"], crosses["y"], "x", color=INK, markersize=7, zorder=4)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log", base=2)
    for axis, column in ((ax.xaxis, "x"), (ax.yaxis, "y")):
        axis.set_major_locator(FixedLocator(sorted(points[column].unique())))
        axis.set_major_formatter(ScalarFormatter())
        axis.set_minor_formatter(NullFormatter())
    ax.margins(0.08)
    ax.set_xlabel(points["x_axis"].iloc[0])
    ax.set_ylabel(points["y_axis"].iloc[0])
    ax.legend(
        list(handles.values()), list(handles), markerscale=0.4, loc="center left",
        bbox_to_anchor=(1.01, 0.5),
    )  # fmt: skip
