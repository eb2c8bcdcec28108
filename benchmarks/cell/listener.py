"""Who is told how a run goes, and may end it. What is shown of it is the matter of others."""

from __future__ import annotations

from typing import Protocol

from benchgrad.benchmarks.records import Cell


class StoppedError(Exception):
    """The listener asked for the end, before a cell or while it was running."""


class Listener(Protocol):
    """Is told how a run goes, and may end it; a progress bar, or nothing at all."""

    def stop_requested(self) -> bool:
        """Return whether the run is to end with the cell that is running."""

    def stop_at_once(self) -> bool:
        """Return whether that cell is to be ended too; asked several times a second."""

    def cell_started(self, engine: str, round: int, n_epochs: int) -> None:
        """A process for a cell is being started."""

    def epoch_done(self, engine: str, n_done: int, n_epochs: int) -> None:
        """An epoch of the running cell ended."""

    def cell_finished(self, cell: Cell) -> None:
        """A cell has its status."""


class Quiet(Listener):
    """Hears nothing and never ends a run; what another one hears, it overrides."""

    def stop_requested(self) -> bool:
        """Return False."""
        return False

    def stop_at_once(self) -> bool:
        """Return False."""
        return False

    def cell_started(self, engine: str, round: int, n_epochs: int) -> None:
        """Do nothing."""

    def epoch_done(self, engine: str, n_done: int, n_epochs: int) -> None:
        """Do nothing."""

    def cell_finished(self, cell: Cell) -> None:
        """Do nothing."""
