"""What a run shows while it goes: a progress bar on a terminal, a line a cell elsewhere."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchgrad.benchmarks.analysis.rounds import number_of_cells
from benchgrad.benchmarks.plan import Plan
from benchgrad.benchmarks.records import Cell


def printer() -> Console:
    """Return the console for results; in a pipe as wide as its longest line needs."""
    console = Console(highlight=False, markup=False)  # names and paths may hold brackets
    return console if console.is_terminal else Console(highlight=False, markup=False, width=200)


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class RunConsole:
    """Follows a run on standard error, and hears Ctrl-C.

    As a context it takes the first Ctrl-C as a request to end after the running cell, the second
    (or SIGTERM) as one to end it too, and the next as usual; and it ends the bar, also after an
    error. `n_there` cells of the plan were finished before.
    """

    def __init__(self, plan: Plan, n_there: int = 0) -> None:
        self._console = Console(stderr=True, highlight=False, markup=False)
        # How many there will be is not known where a precision decides.
        self._of = "" if plan.precision else f"/{number_of_cells(plan)}"
        self._n_finished = n_there
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[state]}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._stop_requested = self._stop_at_once = self._stop_told = False
        self._task = self._progress.add_task("preparing the data", total=None, state="")

    def __enter__(self) -> Self:
        self._handlers = {s: signal.signal(s, self._on_signal) for s in _SIGNALS}
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop_at_once = self._stop_requested or number == signal.SIGTERM
        self._stop_requested = True
        if self._stop_at_once:
            for each, handler in self._handlers.items():
                signal.signal(each, handler)

    def stop_requested(self) -> bool:
        """Return whether Ctrl-C was pressed, or the process asked to end."""
        return self._stop_requested

    def stop_at_once(self) -> bool:
        """Return whether that is not to wait for the running cell; say so the first time."""
        if self._stop_requested and not (self._stop_at_once or self._stop_told):
            self._stop_told = True
            text = "ending after this cell; press Ctrl-C again to stop now"
            self._progress.console.print(text, soft_wrap=True)
        return self._stop_at_once

    def cell_started(self, engine: str, round: int, n_epochs: int) -> None:
        """Begin the bar of a cell."""
        where = f"[{self._n_finished + 1}{self._of}] {engine}"
        self._progress.reset(self._task, total=n_epochs, description=where, state="starting")

    def epoch_done(self, engine: str, n_done: int, n_epochs: int) -> None:
        """Move the bar by an epoch."""
        state = f"epoch {n_done} of {n_epochs}"
        self._progress.update(self._task, completed=n_done, state=state)

    def cell_finished(self, cell: Cell) -> None:
        """Leave a line about the cell, unless the end of the run kept it from starting."""
        if cell.status == "interrupted" and not cell.epochs:
            return
        self._n_finished += 1
        total_s = sum(epoch.wall_s for epoch in cell.epochs)
        done = f"{len(cell.epochs)} of {cell.epochs_planned} epochs in {total_s:.2f} s"
        line = f"[{self._n_finished}{self._of}] {cell.engine}: {cell.status}, {done}"
        if cell.reason:
            line += f" ({cell.reason})"
        self._progress.console.print(line, soft_wrap=True)

    def writing_report(self) -> None:
        """Say that the report is being made."""
        self._progress.reset(self._task, total=None, description="writing the report", state="")
