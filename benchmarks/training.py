"""The one training loop: epochs of batches through the training interface, timed one by one.

It knows no engine and evaluates nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.benchmarks.clock import Clock, Timed, timed
from benchgrad.engines import Classifier

Array = NDArray[Any]


@dataclass(frozen=True)
class Schedule:
    """For how long, and in which batches: a new permutation each epoch, the short last one kept.

    `seed` and `round` draw the permutations, so rounds differ and engines do not. Training
    ends early with the epoch in which the summed wall time reaches `budget_s`.
    """

    n_epochs: int
    batch_size: int
    seed: int
    round: int = 0
    budget_s: float | None = None

    def batches(self, n_samples: int) -> Iterator[list[Array]]:
        """Yield the row indices of each batch, epoch after epoch."""
        rng = np.random.default_rng((self.seed, self.round))
        cuts = range(self.batch_size, n_samples, self.batch_size)
        for _ in range(self.n_epochs):
            yield np.split(rng.permutation(n_samples), cuts)


def train(
    classifier: Classifier, X: Array, y: Array, schedule: Schedule, clock: Clock
) -> Iterator[Timed[Array]]:
    """Train epoch by epoch; yield the losses of each, (n_batches,), with its times."""
    total_s = 0.0
    for batches in schedule.batches(len(y)):
        epoch = timed(classifier.train_epoch, X, y, batches, clock=clock)
        total_s += epoch.wall_s
        yield epoch
        if schedule.budget_s is not None and total_s >= schedule.budget_s:
            return
