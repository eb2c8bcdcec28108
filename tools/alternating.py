"""An engine whose epochs are in turn a worker's and bare ones; `make overhead` compares them.

It trains with the engine named in `ALTERNATING_ENGINE`, and appends to the file named in
`ALTERNATING_TIMES` a line for each turn: the medians of a worker's epochs and of the bare ones that
follow them, in seconds. Its cells are invalid, since bare epochs are more epochs.
"""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from numpy.typing import NDArray

from benchgrad.engines import (
    MLP,
    SGD,
    Classifier,
    DelegatingClassifier,
    Engine,
    batch_generator,
    draw_epochs,
    load,
)

Array = NDArray[Any]

ENGINE, TIMES = "ALTERNATING_ENGINE", "ALTERNATING_TIMES"
N_EACH = 40  # epochs in a turn of the worker's, and as many bare ones
_N_LEFT_OUT = 3  # after a change, while the caches fill


class AlternatingClassifier(DelegatingClassifier):
    """Trains as a real classifier does; every so many epochs it trains as many more at once.

    Those are bare: the same data and loop in the same process, and nothing between two epochs but
    to draw the batches.
    """

    def __init__(self, real: Classifier, times: Path) -> None:
        super().__init__(real)
        self._times = times
        self._taken_s: list[float] = []
        self._rng = batch_generator(0)

    def train_epoch(self, X: Array, y: Array, batches: Sequence[Array]) -> Array:
        losses = self._timed(X, y, batches)
        if len(self._taken_s) == N_EACH:
            for drawn in draw_epochs(N_EACH, len(y), len(batches[0]), self._rng):
                self._timed(X, y, drawn)
            in_worker, bare = self._taken_s[_N_LEFT_OUT:N_EACH], self._taken_s[N_EACH:]
            with self._times.open("a") as file:
                file.write(f"{median(in_worker)} {median(bare[_N_LEFT_OUT:])}\n")
            self._taken_s.clear()
        return losses

    def _timed(self, X: Array, y: Array, batches: Sequence[Array]) -> Array:
        began_s = time.perf_counter()
        losses = self.real.train_epoch(X, y, batches)
        self._taken_s.append(time.perf_counter() - began_s)
        return losses


class AlternatingEngine(Engine):
    """Trains with the engine that the environment names."""

    def __init__(self) -> None:
        self._real = load(os.environ[ENGINE])
        self.name = "alternating"
        self.kind = self._real.kind
        self.capabilities = self._real.capabilities

    def limit_threads(self, n: int) -> None:
        self._real.limit_threads(n)

    def classifier(
        self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str = "float64"
    ) -> Classifier:
        real = self._real.classifier(model, parameters, optimizer, dtype)
        return AlternatingClassifier(real, Path(os.environ[TIMES]))

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        return self._real.value_and_grad(function, *arrays)


engine = AlternatingEngine() if ENGINE in os.environ else None
