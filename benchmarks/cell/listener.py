"""Who hears how a run goes, and may end it. What they show of it is up to them."""

from __future__ import annotations

from collections.abc import Sequence

from benchgrad.benchmarks.records import Cell, Instructions


class StoppedError(Exception):
    """The listener asked to stop, before a cell or while it was running."""


class Listener:
    """Hears how a run goes, and may end it; subclass it and override what you need."""

    def stop_requested(self) -> bool:
        """Return whether the run should end after the running cell."""
        return False

    def stop_at_once(self) -> bool:
        """Return whether the running cell should end too; asked several times a second."""
        return False

    def cell_started(self, engine: str, round: int, n_epochs: int) -> None:
        """Hear that the process of a cell is being started."""

    def epoch_done(self, engine: str, n_done: int, n_epochs: int) -> None:
        """Hear that an epoch of the running cell ended."""

    def losses_heard(self, engine: str, losses: Sequence[float]) -> None:
        """Hear the mean loss of each epoch that ended, just before `epoch_done`; nan if unknown."""

    def cell_finished(self, cell: Cell) -> None:
        """Hear that a cell has its status."""

    def counting_started(self, engine: str) -> None:
        """Hear that the instructions of an engine are being counted."""

    def counting_finished(self, found: Instructions) -> None:
        """Hear how many instructions an engine executes, or why nobody could count them."""

    def counting_impossible(self, why: str) -> None:
        """Hear that no engine's instructions can be counted on this machine."""


class Quiet(Listener):
    """Shows nothing and never ends a run."""
