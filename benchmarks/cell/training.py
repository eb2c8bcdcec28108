"""Runs the engines' own training loop with a clock around each epoch.

It knows no engine and evaluates nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from numpy.typing import NDArray

from benchgrad.benchmarks.cell.clock import Clock, Timed, timed
from benchgrad.engines import Classifier, batch_generator, draw_epochs, train_epochs

Array = NDArray[Any]


@dataclass(frozen=True)
class Schedule:
    """How long to train, and in which batches; `benchgrad.engines.draw_epochs` draws them.

    They depend on `seed` and `round` alone, so they differ between rounds but not between engines.
    Training ends with the epoch in which the sum of wall times reaches `budget_s`.
    """

    n_epochs: int
    batch_size: int
    seed: int
    round: int = 0
    budget_s: float | None = None

    def batches(self, n_samples: int) -> Iterator[list[Array]]:
        """Return the row indices of each batch, epoch after epoch."""
        rng = batch_generator(self.seed, self.round)
        return draw_epochs(self.n_epochs, n_samples, self.batch_size, rng)


def train(
    classifier: Classifier, X: Array, y: Array, schedule: Schedule, clock: Clock
) -> Iterator[Timed[Array]]:
    """Train epoch by epoch; yield the losses of each, (n_batches,), with its times."""
    train_epoch = partial(timed, classifier.train_epoch, clock=clock)
    total_s = 0.0
    for epoch in train_epochs(train_epoch, X, y, schedule.batches(len(y))):
        total_s += epoch.wall_s
        yield epoch
        if schedule.budget_s is not None and total_s >= schedule.budget_s:
            return
