"""The engine `tensor`, slower by 5 %: what `make verdicts` must find. It has no mathematics."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from benchgrad.engines import MLP, SGD, Capabilities, Classifier, Engine, UnsupportedError
from benchgrad.engines.interface import Array
from benchgrad.engines.tensor.engine import engine as tensor
from benchgrad.engines.value_classifier import ValueClassifier

SLOWDOWN = 1.05


class _Slowed(ValueClassifier):
    """Does what the classifier does, and then waits for a twentieth of the time it took."""

    def train_epoch(self, X: Array, y: Array, batches: Sequence[Array]) -> Array:
        began_s = time.perf_counter()
        losses = super().train_epoch(X, y, batches)
        end_s = began_s + SLOWDOWN * (time.perf_counter() - began_s)
        while time.perf_counter() < end_s:
            pass
        return losses


class SlowedEngine(Engine):
    """Trains with `tensor`, and differentiates nothing else."""

    name = "slowed"
    kind = "tensor"
    capabilities = Capabilities(dtypes=tensor.capabilities.dtypes, value_and_grad=False)

    def classifier(
        self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str = "float64"
    ) -> Classifier:
        """Return the slowed classifier of `tensor`."""
        return _Slowed(tensor, model, parameters, optimizer, dtype)

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        """Raise UnsupportedError: it is made to be timed."""
        raise UnsupportedError("slowed only trains")


engine = SlowedEngine()
