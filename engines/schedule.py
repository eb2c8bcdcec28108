"""The batches of a training, and the one loop over them.

No clock, no budget and no evaluation belong here.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import numpy as np

from benchgrad.engines.interface import Array

T = TypeVar("T")


def batch_generator(seed: int, round: int = 0) -> np.random.Generator:
    """Return the generator of the batches: each round draws others, the same for all engines."""
    return np.random.default_rng((seed, round))


def draw_epochs(
    n_epochs: int, n_samples: int, batch_size: int, rng: np.random.Generator
) -> Iterator[list[Array]]:
    """Yield the row indices of each batch, epoch after epoch.

    Each epoch is a new permutation, cut into batches; the last may be short. Drawing epochs one
    at a time from the same `rng` gives the same epochs as drawing them all at once.
    """
    cuts = range(batch_size, n_samples, batch_size)
    for _ in range(n_epochs):
        yield np.split(rng.permutation(n_samples), cuts)


def train_epochs(
    train_epoch: Callable[[Array, Array, list[Array]], T],
    X: Array,
    y: Array,
    epochs: Iterable[list[Array]],
) -> Iterator[T]:
    """Call ``train_epoch(X, y, batches)`` for each epoch and yield the result."""
    for batches in epochs:
        yield train_epoch(X, y, batches)
