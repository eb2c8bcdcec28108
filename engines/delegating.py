"""A classifier that leaves everything to another one; a subclass changes one thing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from benchgrad.engines.counts import Counts
from benchgrad.engines.drawing import Drawing
from benchgrad.engines.interface import Classifier

Array = NDArray[Any]


class DelegatingClassifier(Classifier):
    """Does what the classifier `real` does."""

    def __init__(self, real: Classifier) -> None:
        self.real = real

    @property
    def code_from_disk(self) -> bool:
        """Whether the other classifier runs code from disk."""
        return self.real.code_from_disk

    def train_step(self, X: Array, y: Array) -> float:
        """Take a step with the other classifier."""
        return self.real.train_step(X, y)

    def train_epoch(self, X: Array, y: Array, batches: Sequence[Array]) -> Array:
        """Train an epoch with the other classifier."""
        return self.real.train_epoch(X, y, batches)

    def gradients(self, X: Array, y: Array) -> list[Array]:
        """Return the gradients of the other classifier."""
        return self.real.gradients(X, y)

    def logits(self, X: Array) -> Array:
        """Return the logits of the other classifier."""
        return self.real.logits(X)

    def parameters(self) -> list[Array]:
        """Return the parameters of the other classifier."""
        return self.real.parameters()

    def velocities(self) -> list[Array] | None:
        """Return the velocities of the other classifier."""
        return self.real.velocities()

    def counts(self, X: Array, y: Array) -> Counts | None:
        """Return what the other classifier counts."""
        return self.real.counts(X, y)

    def graph(self, X: Array, y: Array) -> Drawing | None:
        """Return what the other classifier draws."""
        return self.real.graph(X, y)
