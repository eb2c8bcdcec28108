"""How far a run is, in a notebook: one line that changes, and a line for each finished cell."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from html import escape
from typing import Any, Self

from benchgrad.benchmarks.plan import Plan
from benchgrad.benchmarks.records import Cell
from benchgrad.command_line.console import RunView
from benchgrad.reports.escaping import visible


def is_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and shell.has_trait("kernel")


class NotebookView(RunView):
    """Shows a run below the cell of the notebook that started it."""

    def __init__(self, plan: Plan, finished: Iterable[Cell] = ()) -> None:
        super().__init__(plan, finished)
        self._lines: list[str] = []
        self._handle: Any = None

    def __enter__(self) -> Self:
        from IPython.display import HTML, display

        super().__enter__()
        self._html = HTML
        self._handle = display(HTML("<progress></progress>"), display_id=True)
        return self

    def __exit__(self, *error: object) -> None:
        self._show("")
        super().__exit__(*error)

    def cell_started(self, engine: str, round: int, n_epochs: int) -> None:
        """Show whose turn it is."""
        self._bar(engine, 0, n_epochs)

    def epoch_done(self, engine: str, n_done: int, n_epochs: int) -> None:
        """Move the bar by an epoch."""
        self._bar(engine, n_done, n_epochs)

    def counting_started(self, engine: str) -> None:
        """Show whose instructions are being counted."""
        self._show(f"counting the instructions of {escape(visible(engine))}")

    def writing_report(self) -> None:
        """Show that the report is being written."""
        self._show("writing the report")

    def say(self, line: str) -> None:
        """Keep a line."""
        self._lines.append(escape(visible(line)))
        self._show("")

    def _bar(self, engine: str, n_done: int, n_epochs: int) -> None:
        where = f"[{self._progress.n_finished + 1}{self._of}] {escape(visible(engine))}"
        bar = f'<progress max="{n_epochs}" value="{n_done}"></progress>'
        self._show(f"{where} {bar} epoch {n_done} of {n_epochs}")

    def _show(self, state: str) -> None:
        lines = [*self._lines, *([state] if state else [])]
        self._handle.update(self._html("<br>".join(lines)))
