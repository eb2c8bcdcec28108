"""What a plot is, and how it is found and drawn. Each plot is a file in `plots/`."""

from __future__ import annotations

import importlib
import io
import pkgutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import pandas as pd

from benchgrad.reports import plots
from benchgrad.reports.style import INK, RC, Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TITLE_LENGTH = 24  # characters
_NARROW = 30.0  # a logarithmic axis with a smaller range also has labels within its decades

# What matplotlib says of names as long as the figure, and of times that no log axis can show.
_EXTREME = ("constrained_layout not applied", "Attempt to set non-positive")

Draw = Callable[["Axes", pd.DataFrame, Style], None]


@dataclass(frozen=True)
class Plot:
    """A figure of a report: the table and the columns it reads, and how it is drawn.

    If `panel` names a column, the figure has an axes for each of its values, headed by it and by
    the columns `status` and `n_epochs`, if the table has those. `rows` is a column and the value
    that the rows of this figure have there, if it does not show all of its table.
    """

    name: str
    order: int
    title: str
    caption: str
    table: str
    columns: tuple[str, ...]
    panel: str
    draw: Draw
    rows: tuple[str, str] | None = None

    def shown(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a table that the figure shows."""
        return frame if self.rows is None else frame[frame[self.rows[0]] == self.rows[1]]

    def missing(self, frame: pd.DataFrame) -> str:
        """Return in one line why a table does not suffice for this plot, empty if it does."""
        absent = [column for column in self.columns if column not in frame.columns]
        if absent:
            return f"the table {self.table} has no {', '.join(absent)} in this run"
        ranked = frame[frame["status"] == "ok"] if self.table == "engines" else frame
        return "" if len(ranked) else f"the table {self.table} is empty in this run"


def plot(  # noqa: PLR0913 (keywords that declare a plot)
    *,
    order: int,
    title: str,
    caption: str,
    table: str,
    columns: tuple[str, ...],
    panel: str = "",
    rows: tuple[str, str] | None = None,
) -> Callable[[Draw], Plot]:
    """Declare ``draw(ax, frame, style)`` as a plot that is named after its file."""

    def declare(draw: Draw) -> Plot:
        name = draw.__module__.rpartition(".")[2]
        return Plot(name, order, title, caption, table, columns, panel, draw, rows)

    return declare


def seconds_on_x(ax: Axes, label: str) -> None:
    """Give a finished plot a logarithmic time axis: 1 ms, 10 ms, 100 ms, 1 s."""
    from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

    ax.set_xscale("log")
    low, high = ax.get_xlim()
    is_narrow = high < _NARROW * low
    ax.xaxis.set_major_formatter(EngFormatter(unit="s"))
    ax.xaxis.set_minor_formatter(EngFormatter(unit="s") if is_narrow else NullFormatter())
    if is_narrow:
        ax.xaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    ax.set_xlabel(f"{label} (log scale)")


def lines_by_seconds(ax: Axes, frame: pd.DataFrame, style: Style, column: str) -> None:
    """Draw a column against training time, a line for each engine, from its first round."""
    lines = {}
    for engine, own in frame[frame["round"] == 0].groupby("engine", sort=False):
        colour = style.colours[str(engine)]
        label = marked(str(engine), own)
        (lines[label],) = ax.plot(own["elapsed_s"], own[column], ".-", color=colour, label=label)
    # Passed explicitly: matplotlib's own legends skip names that begin with an underscore.
    ax.legend(list(lines.values()), list(lines))
    seconds_on_x(ax, "training time")


def marked(engine: str, own: pd.DataFrame) -> str:
    """Return the name of an engine as figures show it, given its rows: `wrong (invalid)`."""
    return f"{engine} (invalid)" if (own["status"] == "invalid").any() else engine


def _panel_title(name: str, part: pd.DataFrame) -> str:
    """Return what heads a panel: the engine, marked if invalid, and after how many epochs."""
    if "n_epochs" not in part.columns:
        return name
    n_epochs = int(part["n_epochs"].iloc[0])
    return f"{marked(_short(name), part)}\nafter {n_epochs} epoch{'s' if n_epochs != 1 else ''}"


def _short(name: str) -> str:
    """Return a name short enough to head a panel; of a long path, its end."""
    return name if len(name) <= _TITLE_LENGTH else f"…{name[1 - _TITLE_LENGTH :]}"


def all_plots() -> list[Plot]:
    """Return the plot of every file in `plots/`, by `order`."""
    modules = [
        importlib.import_module(f"{plots.__name__}.{module.name}")
        for module in pkgutil.iter_modules(plots.__path__)
    ]
    return sorted((module.draw for module in modules), key=lambda found: found.order)


def render(plot: Plot, frame: pd.DataFrame, style: Style) -> dict[str, bytes]:
    """Draw a plot; return the contents of its file formats, ``png`` and ``svg``."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = list(frame.groupby(plot.panel, sort=False)) if plot.panel else [("", frame)]
    n_columns = min(len(panels), 4) if plot.panel else 1
    n_rows = ceil(len(panels) / n_columns)
    size = (2.7 * max(n_columns, 2), 2.9 * n_rows) if plot.panel else (7.6, 4.2)
    if plot.rows:
        size = (4.6 * n_columns, 3.8 * n_rows)
    with mpl.rc_context(RC), warnings.catch_warnings():
        for complaint in _EXTREME:
            warnings.filterwarnings("ignore", complaint)
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        for ax, (value, part) in zip(axes, panels, strict=False):
            plot.draw(ax, part, style)
            if plot.panel:
                title = _panel_title(str(value), part)
                ax.set_title(title, color=style.colours.get(str(value), INK))
        for ax in axes[len(panels) :]:
            ax.set_axis_off()
        figure.draw_without_rendering()  # places everything, once for both formats
        figure.set_layout_engine("none")
        contents = {}
        for extension, metadata in (("png", None), ("svg", {"Date": None})):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=extension, dpi=150, metadata=metadata)
            contents[extension] = buffer.getvalue()
    return contents
