"""What a plot is, and how it is found and drawn. Each plot is a file in `plots/`."""

from __future__ import annotations

import importlib
import io
import logging
import math
import pkgutil
import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchgrad.reports import formats, plots
from benchgrad.reports.style import FAINT, INK, RC, Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TITLE_WIDTH, _TITLE_LINES = 26, 6  # characters, and lines of names
_NAME_LENGTH = 40  # characters
_LABEL_STEP = 0.07  # of the height of a plot
_NARROW = 30.0  # a logarithmic axis with a smaller range also has labels within its decades

# What matplotlib says of names as long as the figure, and of times that no log axis can show.
_EXTREME = ("constrained_layout not applied", "Attempt to set non-positive")

Draw = Callable[["Axes", pd.DataFrame, Style], None]


@dataclass(frozen=True)
class Plot:
    """A figure of a report: the table and the columns it reads, and how it is drawn.

    If `panel` names a column, the figure has an axes for each of its values, headed by it and by
    the columns `status`, `n_epochs` and `test_accuracy`, if the table has those. `rows` is a
    column and the value that the rows of this figure have there, if it does not show all.
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
    first = frame[frame["round"] == 0]
    for engine, own in first.groupby("engine", sort=False):
        draw_line(ax, str(engine), own, ("elapsed_s", column), style)
    seconds_on_x(ax, "training time")
    label_ends(ax, first, ("elapsed_s", column), style)


def draw_line(
    ax: Axes, engine: str, own: pd.DataFrame, columns: tuple[str, str], style: Style, **line: Any
) -> None:
    """Draw the line of an engine, which ends with its marker; that of an invalid one is dashed."""
    x, y = (own[column] for column in columns)
    colour = style.looks[engine].colour
    dashes = "--" if _is_invalid(own) else "-"
    # Passed explicitly: matplotlib takes a label that begins with an underscore for none.
    ax.plot(x, y, dashes, color=colour, label=marked(engine, own), **line)
    ax.plot(x.iloc[-1:], y.iloc[-1:], color=colour, zorder=50, **style.mark(engine))


def label_ends(ax: Axes, frame: pd.DataFrame, columns: tuple[str, str], style: Style) -> None:
    """Name each line of a finished plot on its right, where no name covers data or another name."""
    x, y = columns
    low, high = ax.get_ylim()
    ends = frame.groupby("engine", sort=False).last()
    known = ends[np.isfinite(ends[y].to_numpy(float))]
    places = (known[y].to_numpy(float) - low) / ((high - low) or 1.0)
    step = min(_LABEL_STEP, 1.0 / max(len(known), 1))
    for (engine, end), place in zip(known.iterrows(), spread(places, step), strict=True):
        name = str(engine)
        ax.annotate(
            "",
            (end[x], end[y]),
            (1.02, place),
            textcoords="axes fraction",
            arrowprops={"arrowstyle": "-", "color": FAINT, "linewidth": 0.7},
        )
        mark = style.mark(name)
        ax.plot([1.03], [place], transform=ax.transAxes, clip_on=False, linestyle="", **mark)
        ax.annotate(
            marked(_short(name), frame[frame["engine"] == engine]),
            (1.05, place),
            xycoords="axes fraction",
            va="center",
            fontsize=9 if step == _LABEL_STEP else 6,
            color=INK,
            annotation_clip=False,
        )


def spread(places: Sequence[float], step: float) -> list[float]:
    """Return the places of labels between 0 and 1, at least a step apart and near their own."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    found = [0.0] * len(places)
    below = -math.inf
    for i in order:
        below = found[i] = max(min(max(places[i], 0.0), 1.0), below + step)
    above = 1.0 + step
    for i in reversed(order):
        above = found[i] = min(found[i], above - step)
    return found


def _is_invalid(own: pd.DataFrame) -> bool:
    return bool((own["status"] == "invalid").any())


def marked(engine: str, own: pd.DataFrame) -> str:
    """Return the name of an engine as figures show it, given its rows: `wrong (invalid)`."""
    return f"{engine} (invalid)" if _is_invalid(own) else engine


def _panel_title(name: str, part: pd.DataFrame) -> str:
    """Return what heads a panel: its engines, marked if invalid, their epochs and accuracy."""
    if "n_epochs" not in part.columns:
        return name
    n_epochs, accuracy = int(part["n_epochs"].iloc[0]), float(part["test_accuracy"].iloc[0])
    lines = textwrap.wrap(marked(name, part), _TITLE_WIDTH) or [""]
    if len(lines) > _TITLE_LINES:
        lines = [*lines[: _TITLE_LINES - 1], "…"]
    after = f"after {n_epochs} epoch{'s' if n_epochs != 1 else ''}"
    known = "" if math.isnan(accuracy) else f", {formats.percent(accuracy)} right"
    return "\n".join([*lines, after + known])


def _short(name: str) -> str:
    """Return a name short enough to stand beside a plot; of a long path, its end."""
    return name if len(name) <= _NAME_LENGTH else f"…{name[1 - _NAME_LENGTH :]}"


def all_plots() -> list[Plot]:
    """Return the plot of every file in `plots/`, by `order`."""
    modules = [
        importlib.import_module(f"{plots.__name__}.{module.name}")
        for module in pkgutil.iter_modules(plots.__path__)
    ]
    return sorted((module.draw for module in modules), key=lambda found: found.order)


def render(plot: Plot, frame: pd.DataFrame, style: Style) -> dict[str, bytes]:
    """Draw a plot; return the contents of its file formats, ``png`` and ``svg``."""
    return saved(figure(plot, frame, style))


def saved(figure: Figure) -> dict[str, bytes]:
    """Return a figure in both file formats, ``png`` and ``svg``."""
    import matplotlib as mpl

    contents = {}
    with mpl.rc_context(RC):
        for extension, metadata in (("png", None), ("svg", {"Date": None})):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=extension, dpi=150, metadata=metadata)
            contents[extension] = buffer.getvalue()
    return contents


def figure(plot: Plot, frame: pd.DataFrame, style: Style) -> Figure:
    """Draw a plot, with everything in its place."""
    with _quiet_about_fonts():
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

    panels = list(frame.groupby(plot.panel, sort=False)) if plot.panel else [("", frame)]
    n_columns = min(len(panels), 4) if plot.panel else 1
    n_rows = math.ceil(len(panels) / n_columns)
    size = (2.7 * max(n_columns, 2), 3.1 * n_rows) if plot.panel else (8.2, 4.2)
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
                ax.set_title(_panel_title(str(value), part), fontsize=9)
        for ax in axes[len(panels) :]:
            ax.set_axis_off()
        figure.draw_without_rendering()  # places everything, once for both formats
        figure.set_layout_engine("none")
    return figure


@contextmanager
def _quiet_about_fonts() -> Iterator[None]:
    """Keep matplotlib from telling users, the first time, that it looks for fonts."""
    log = logging.getLogger("matplotlib.font_manager")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)
