"""In which batches a training visits its rows, and the loop over them: each is here once.

No clock, no budget and no evaluation belongs here.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import numpy as np

from benchgrad.engines.interface import Array

T = TypeVar("T")


def batch_generator(seed: int, round: int = 0) -> np.random.Generator:
    """Return what draws the batches of a training; rounds differ and engines do not."""
    return np.random.default_rng((seed, round))


def draw_epochs(
    n_epochs: int, n_samples: int, batch_size: int, rng: np.random.Generator
) -> Iterator[list[Array]]:
    """Yield the row indices of each batch, epoch after epoch.

    Each epoch is a new permutation, cut into batches, the short last one kept. `rng` goes on
    from where it stands, so epochs drawn one by one are those drawn at once.
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
    """Make the call ``train_epoch(X, y, batches)`` for each epoch; yield what it returns."""
    for batches in epochs:
        yield train_epoch(X, y, batches)
