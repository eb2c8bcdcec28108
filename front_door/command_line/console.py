"""What a run shows while it goes: a progress bar on a terminal, one line per cell elsewhere."""

from __future__ import annotations

from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from benchgrad.benchmarks.analysis.rounds import number_of_cells
from benchgrad.benchmarks.cell.listener import Listener
from benchgrad.benchmarks.plan import Plan
from benchgrad.benchmarks.records import Cell, Instructions, Point
from benchgrad.command_line.interruption import Interruption
from benchgrad.reports.escaping import visible, visible_lines


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

    `n_finished` cells of the plan were finished before the run was resumed.
    """

    def __init__(self, plan: Plan, n_finished: int = 0) -> None:
        self._n_finished = n_finished
        # With a precision nobody knows how many there will be.
        self._of = "" if plan.precision else f"/{number_of_cells(plan)}"
        self._interruption = Interruption()
        self._n_points = 0
        self._has_announced_end = False
        self._counts_nothing = False
        console = Terminal(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[state]}", markup=False),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._progress.add_task("preparing the data", total=None, state="")

    def __enter__(self) -> Self:
        self._interruption.__enter__()
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()
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
        """Begin the bar of a cell."""
        where = f"[{self._n_finished + 1}{self._of}] {visible(engine)}"
        self._progress.reset(self._task, total=n_epochs, description=where, state="starting")

    def epoch_done(self, engine: str, n_done: int, n_epochs: int) -> None:
        """Move the bar by an epoch."""
        state = f"epoch {n_done} of {n_epochs}"
        self._progress.update(self._task, completed=n_done, state=state)

    def cell_finished(self, cell: Cell) -> None:
        """Print a line about the cell, unless it never started because the run ended."""
        if cell.status == "interrupted" and not cell.epochs:
            return
        self._n_finished += 1
        total_s = sum(epoch.seconds for epoch in cell.epochs)
        done = f"{len(cell.epochs)} of {cell.epochs_planned} epochs in {total_s:.2f} s"
        reason = f" ({cell.reason})" if cell.reason else ""
        head = f"[{self._n_finished}{self._of}] {cell.engine}: {cell.status}"
        self._print(f"{head}, {done}{reason}")

    def point_finished(self, point: Point) -> None:
        """Print a line about a point of a sweep."""
        self._n_points += 1
        engines = {cell.engine: cell for cell in point.cells if cell.status != "ok"}
        problems = "; ".join(f"{n}: {c.status} ({c.reason})" for n, c in engines.items())
        self._print(f"[point {self._n_points}] {point.at}: {problems or 'ok'}")

    def told(self, line: str) -> None:
        """Print something about the run itself."""
        self._print(line)

    def counting_started(self, engine: str) -> None:
        """Show whose instructions are being counted."""
        what = f"counting the instructions of {visible(engine)}"
        self._progress.reset(self._task, total=None, description=what, state="")

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
        self._progress.reset(self._task, total=None, description="writing the report", state="")

    def _print(self, line: str) -> None:
        self._progress.console.print(visible(line), soft_wrap=True)
