"""The engine `tensor`, slowed down by 5 %, which `make verdicts` must notice. No maths is here."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from benchgrad.engines import MLP, SGD, Classifier, DelegatingClassifier, Engine, load

SLOWDOWN = 1.05
Array = NDArray[Any]
tensor = load("tensor")


class SlowedClassifier(DelegatingClassifier):
    """Trains as a real classifier does, and then waits for a twentieth of the time it took."""

    def train_epoch(self, X: Array, y: Array, batches: Sequence[Array]) -> Array:
        began_s = time.perf_counter()
        losses = super().train_epoch(X, y, batches)
        end_s = began_s + SLOWDOWN * (time.perf_counter() - began_s)
        while time.perf_counter() < end_s:
            pass
        return losses


class SlowedEngine(Engine):
    """Trains with `tensor`, slowed down."""

    name = "slowed"
    kind = tensor.kind
    capabilities = tensor.capabilities

    def classifier(
        self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str = "float64"
    ) -> Classifier:
        return SlowedClassifier(tensor.classifier(model, parameters, optimizer, dtype))

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        return tensor.value_and_grad(function, *arrays)


engine = SlowedEngine()
