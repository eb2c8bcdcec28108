"""Which epochs of a cell say how fast an engine is, and which say how busy the machine was.

The rule looks at what the system counted beside an epoch, never at how long the epoch took, and it
is fixed beforehand: docs/measurement.md says what simulations made of it. No time is computed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchgrad.benchmarks.records import Cell, Epoch

# Shares of an epoch's wall time.
MAX_WAITED = 0.02  # ready to run, and without a processor
MAX_STOLEN = 0.05  # taken by the machine's host, over all processors
MIN_BUSY = 0.95  # of a processor; asked only where the system does not count the waiting
# The kernel counts stolen time in ticks: one of them may have begun long before the epoch.
STOLEN_TICK_S = 0.01
# A round whose undisturbed epochs are fewer than these, and than all of them, is disturbed.
MIN_EPOCHS = 3


@dataclass(frozen=True)
class Selection:
    """The epochs that stand for a round, and how many of its steady ones were undisturbed.

    `epochs` are the undisturbed ones; where those are too few the round `is_disturbed`, and all
    its steady epochs stand for it.
    """

    epochs: list[Epoch]
    n_undisturbed: int
    n_steady: int
    is_disturbed: bool


def steady(epochs: Sequence[Epoch]) -> list[Epoch]:
    """Return the epochs after the first, which warms up and counts only if there is no other."""
    return list(epochs[1:] or epochs)


def is_undisturbed(epoch: Epoch) -> bool:
    """Return whether the machine let the engine work while an epoch was timed.

    An engine that waits for its own reasons (for a device, or for processes that it started) is
    not disturbed. Only where the system does not count what was waited for a processor, as in old
    records, must every second without one count as a disturbance.
    """
    wall_s = epoch.wall_s
    if epoch.stolen_s is not None and epoch.stolen_s > MAX_STOLEN * wall_s + STOLEN_TICK_S:
        return False
    if epoch.waited_s is not None:
        return epoch.waited_s <= MAX_WAITED * wall_s
    return epoch.cpu_s >= MIN_BUSY * wall_s


def selection(cell: Cell) -> Selection:
    """Return the epochs that stand for a cell."""
    every = steady(cell.epochs)
    calm = [epoch for epoch in every if is_undisturbed(epoch)]
    is_disturbed = len(calm) < min(MIN_EPOCHS, len(every))
    return Selection(every if is_disturbed else calm, len(calm), len(every), is_disturbed)


def disturbed_rounds(cells: Iterable[Cell]) -> frozenset[int]:
    """Return the rounds in which a cell had too few undisturbed epochs."""
    return frozenset(cell.round for cell in cells if selection(cell).is_disturbed)
