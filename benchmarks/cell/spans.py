"""Cuts a training into spans: epochs that the runner hears of together.

A long epoch is a span of its own. Short ones share a span, because whatever happens between two of
them (a message, a reading of the kernel's counters, a write to the disk) takes the processor's
caches and slows the next one down. docs/measurement.md says by how much.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from benchgrad.benchmarks.cell.clock import Clock
from benchgrad.benchmarks.cell.disturbance import Disturbance
from benchgrad.benchmarks.cell.shelf import Shelf
from benchgrad.benchmarks.cell.training import TrainedEpoch

SPAN_S = 0.05
# If an engine dies early, the runner knows in which epoch.
ALONE = 5  # the first epochs, each of which is a span


@dataclass(frozen=True)
class Span:
    """Epochs in a row; `own_s` is the time that each ended after the one before, in seconds.

    `disturbance` is that of all of them together, and of what lay between them.
    """

    epochs: list[TrainedEpoch]
    own_s: list[float]
    disturbance: Disturbance

    def each(self) -> Iterator[tuple[TrainedEpoch, float, Disturbance]]:
        """Yield each epoch with its `own_s` and its share of the disturbance, by wall time."""
        total_s = sum(epoch.wall_s for epoch in self.epochs)
        for epoch, own_s in zip(self.epochs, self.own_s, strict=True):
            share = epoch.wall_s / total_s if total_s else 1.0 / len(self.epochs)
            yield epoch, own_s, self.disturbance * share


def spans(epochs: Iterable[TrainedEpoch], clock: Clock, shelf: Shelf) -> Iterator[Span]:
    """Yield epochs as they come, in spans; an error that ends them follows the last span.

    What the epochs returned is on the shelf, which is cleared when the next span is asked for.
    """
    held: list[TrainedEpoch] = []
    own_s: list[float] = []
    before, began_s = clock.disturbance(), clock.wall()
    ended_s, n_ended = began_s, 0
    try:
        for epoch in epochs:
            last_s, ended_s = ended_s, clock.wall()
            held.append(epoch)
            own_s.append(ended_s - last_s)
            n_ended += 1
            if n_ended <= ALONE or ended_s - began_s >= SPAN_S or shelf.is_full:
                span = Span(held, own_s, clock.disturbance() - before)
                held, own_s = [], []
                yield span
                shelf.clear()
                before, began_s = clock.disturbance(), clock.wall()
    finally:
        if held:
            yield Span(held, own_s, clock.disturbance() - before)
