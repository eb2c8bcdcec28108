"""What a run shows while it goes: a table that fills on a terminal, one line per cell elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from benchgrad.benchmarks.analysis.rounds import number_of_cells
from benchgrad.benchmarks.cell.listener import Listener
from benchgrad.benchmarks.plan import Plan
from benchgrad.benchmarks.records import Cell, Instructions
from benchgrad.command_line.board import Board
from benchgrad.command_line.interruption import Interruption
from benchgrad.command_line.progress import RunProgress
from benchgrad.reports.escaping import visible, visible_lines

_TRACE_LINES = 6  # of a trace that a terminal shows


class Terminal(Console):
    """A console that shows text as it was typed, without markup, emoji or control characters."""

    def __init__(self, *, stderr: bool = False, width: int | None = None) -> None:
        super().__init__(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return what a text looks like; every text that is printed comes here."""
        return super().render_str(visible_lines(text), **options)


def printer() -> Console:
    """Return the console for results; in a pipe no line is wrapped."""
    console = Terminal()
    return console if console.is_terminal else Terminal(width=200)


class RunConsole(Listener):
    """Shows a run on standard error, and passes Ctrl-C on to it; a context.

    `finished` are the cells that were finished before the run was resumed. A terminal has a table
    that fills; in a pipe there is a line for each cell.
    """

    def __init__(self, plan: Plan, finished: Iterable[Cell] = ()) -> None:
        self._progress = RunProgress(plan, finished)
        # With a precision nobody knows how many there will be.
        self._of = "" if plan.precision else f"/{number_of_cells(plan)}"
        self._interruption = Interruption()
        self._has_announced_end = False
        self._counts_nothing = False
        self._console = Terminal(stderr=True)
        self._board = Board(self._progress, self._console)
        self._live = Live(
            get_renderable=self._board.rendered,
            console=self._console,
            refresh_per_second=4,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._interruption.__enter__()
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()
        self._interruption.__exit__(*error)

    def stop_requested(self) -> bool:
        """Return whether Ctrl-C was pressed, or the process was asked to end."""
        return self._interruption.is_requested

    def stop_at_once(self) -> bool:
        """Return whether the running cell should end too; if not, say so once."""
        if self.stop_requested() and not (self._interruption.is_at_once or self._has_announced_end):
            self._has_announced_end = True
            self._print("ending after this cell; press Ctrl-C again to stop now")
        return self._interruption.is_at_once

    def cell_started(self, engine: str, round: int, n_epochs: int) -> None:
        """Show whose process began."""
        self._progress.started(engine, n_epochs, self._board.now_s())
        self._board.doing = f"[{self._progress.n_finished + 1}{self._of}] {engine}"

    def epoch_done(self, engine: str, n_done: int, n_epochs: int) -> None:
        """Show how many epochs have ended."""
        self._progress.epochs_done(n_done)

    def losses_heard(self, engine: str, losses: Sequence[float]) -> None:
        """Show the losses."""
        self._progress.heard(losses)

    def cell_finished(self, cell: Cell) -> None:
        """Print a line about the cell, unless it never started because the run ended.

        On a terminal the table says how it was, so only a failure has a line, and where it was.
        """
        if cell.status == "interrupted" and not cell.epochs:
            return
        self._progress.finished(cell)
        self._board.note_ratios()
        if self._console.is_terminal and cell.status == "ok":
            return
        total_s = sum(epoch.seconds for epoch in cell.epochs)
        done = f"{len(cell.epochs)} of {cell.epochs_planned} epochs in {total_s:.2f} s"
        reason = f" ({cell.reason})" if cell.reason else ""
        head = f"[{self._progress.n_finished}{self._of}] {cell.engine}: {cell.status}"
        self._print(f"{head}, {done}{reason}")
        if self._console.is_terminal and cell.trace:
            for line in _shortened(cell):
                self._print(f"    {line}")

    def counting_started(self, engine: str) -> None:
        """Show whose instructions are being counted."""
        self._board.doing = f"counting the instructions of {engine}"

    def counting_finished(self, found: Instructions) -> None:
        """Print how many instructions an engine executes, if anybody could count them."""
        if found.per_epoch is not None:
            millions = f"{found.per_epoch / 1e6:,.2f} million"
            self._print(f"{found.engine}: {millions} instructions an epoch")
        elif not self._counts_nothing:
            self._print(f"{found.engine}: its instructions were not counted: {found.reason}")

    def counting_impossible(self, why: str) -> None:
        """Print why no instructions are counted, once for all engines."""
        self._counts_nothing = True
        self._print(why)

    def writing_report(self) -> None:
        """Show that the report is being written."""
        self._board.doing = "writing the report"

    def _print(self, line: str) -> None:
        self._console.print(visible(line), soft_wrap=True)


def _shortened(cell: Cell) -> list[str]:
    """Return the lines of a trace that matter most; the report has all of them.

    A traceback ends with the place of the error, what a signal found begins with it.
    """
    lines = cell.trace.split("\n")
    if len(lines) <= _TRACE_LINES:
        return lines
    is_traceback = lines[0].startswith("Traceback")
    return lines[-_TRACE_LINES:] if is_traceback else lines[:_TRACE_LINES]
