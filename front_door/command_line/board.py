"""The table of a running run: as many columns as a terminal has room for, and when it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from benchgrad.command_line.progress import EngineProgress, RunProgress, sparkline
from benchgrad.reports import formats
from benchgrad.reports.escaping import visible

_SPARKS = 16  # characters of a loss
_GAP = 2  # between columns
_FEWEST_ROWS = 3
_OTHER_LINES = 4  # of the heading, the estimate, and what is left out


@dataclass(frozen=True)
class _Column:
    heading: str
    show: Callable[[EngineProgress], str]
    goes: int  # the columns with the highest number go first where there is no room
    is_number: bool = False


def _rounds(each: EngineProgress) -> str:
    n = sum(bool(cell.epochs) for cell in each.cells)
    return str(n) if n else ""


def _epoch_s(each: EngineProgress) -> str:
    return formats.seconds(each.epoch_s) if any(cell.epochs for cell in each.cells) else ""


_COLUMNS = (
    _Column("engine", lambda each: visible(each.contestant.name), 0),
    _Column("now", lambda each: each.state, 1),
    _Column("rounds", _rounds, 4, is_number=True),
    _Column("time per epoch", _epoch_s, 3, is_number=True),
    _Column("times the fastest", lambda each: each.ratio, 2, is_number=True),
    _Column("loss", lambda each: sparkline(each.losses, _SPARKS), 5),
)


class Board:
    """What a terminal shows of a run; `doing` is what happens now."""

    def __init__(self, progress: RunProgress, console: Console) -> None:
        self._progress = progress
        self._console = console
        self._begun_s = self.now_s()
        self.doing = "preparing the data"

    @staticmethod
    def now_s() -> float:
        """Return the time of a clock that does not go back."""
        return time.monotonic()

    def note_ratios(self) -> None:
        """Compare the engines as far as they are; between two cells, since it takes some time."""
        if not self._console.is_terminal:
            return
        from benchgrad.benchmarks.analysis.statistics import (
            against_fastest,
            disturbed_by_engine,
            ranked_rounds,
        )

        engines = self._progress.engines
        cells = [cell for each in engines.values() for cell in each.cells]
        fastest, ratios = against_fastest(ranked_rounds(cells), disturbed_by_engine(cells))
        for name, each in engines.items():
            if name in ratios:
                found = ratios[name]
                each.ratio = formats.ratio_between(found.ratio, found.low, found.high)
            else:
                each.ratio = "fastest" if name == fastest else ""

    def rendered(self) -> RenderableType:
        """Return the table and the estimate below it."""
        rows = list(self._progress.engines.values())
        room = max(_FEWEST_ROWS, self._console.height - _OTHER_LINES)
        shown = rows if len(rows) <= room else sorted(rows, key=_interest)[:room]
        parts: list[RenderableType] = [self._table([row for row in rows if row in shown])]
        if len(shown) < len(rows):
            parts.append(Text(f"and {len(rows) - len(shown)} more"))
        return Group(*parts, Text(self._estimate(), style="dim", overflow="fold"))

    def _table(self, rows: list[EngineProgress]) -> Table:
        texts = {column: [column.show(row) for row in rows] for column in _COLUMNS}
        table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
        columns = fitting(texts, self._console.width)
        for column in columns:
            justify: JustifyMethod = "right" if column.is_number else "left"
            table.add_column(column.heading, justify=justify, overflow="fold")
        for i, row in enumerate(rows):
            style = "bold" if row.is_running else ""
            table.add_row(*(Text(texts[column][i]) for column in columns), style=style)
        return table

    def _estimate(self) -> str:
        now_s = self.now_s()
        parts = [visible(self.doing), f"{_whole(now_s - self._begun_s)} so far"]
        if self._progress.n_finished or any(e.n_done for e in self._progress.engines.values()):
            left = self._progress.left(now_s)
            if not (left.seconds or left.unknown):
                return ", ".join(parts)
            about = "at least" if left.unknown else "about"
            parts.append(f"{about} {_whole(left.seconds)} left")
            if left.unknown:
                parts.append(f"not known yet: {', '.join(map(visible, left.unknown))}")
        return ", ".join(parts)


def fitting(texts: dict[_Column, list[str]], width: int) -> list[_Column]:
    """Return the columns that have room side by side; the first two are always among them."""
    columns = list(texts)

    def needed() -> int:
        widths = [max(map(cell_len, [c.heading, *texts[c]])) for c in columns]
        return sum(widths) + _GAP * len(widths)

    while needed() > width and len(columns) > 2:
        columns.remove(max(columns, key=lambda column: column.goes))
    return columns


def _interest(each: EngineProgress) -> tuple[bool, bool]:
    """Return a key by which the running engine comes first, and those that wait last."""
    return (not each.is_running, not each.cells)


def _whole(seconds: float) -> str:
    """Return a time in whole seconds, as 47 s or 2 min 5 s."""
    n = max(1, round(seconds))
    return formats.duration(n) if n >= 120 else f"{n} s"
