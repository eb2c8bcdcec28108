"""An engine whose epochs are in turn a worker's, bare, and evaluated; for `make overhead`.

It trains with the engine named in `ALTERNATING_ENGINE`, and appends to the file named in
`ALTERNATING_TIMES` a line for each turn: the medians of a worker's epochs, of the bare ones that
follow them, and of as many with an evaluation after each, in seconds. Its cells are invalid, since
those are more epochs.
"""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from numpy.typing import NDArray

from benchgrad.benchmarks.cell.evaluation import Evaluator, Problem
from benchgrad.benchmarks.plan import TrainingPlan
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
    """Trains as a real classifier does; every so many epochs it trains twice as many more at once.

    The first of those are bare: the same data and loop in the same process, and nothing between two
    epochs but to draw the batches. Between the others the parameters are evaluated as well, as they
    were before benchgrad kept them until the end.
    """

    def __init__(self, real: Classifier, evaluator: Evaluator, times: Path) -> None:
        super().__init__(real)
        self._evaluator = evaluator
        self._times = times
        self._taken_s: list[float] = []
        self._rng = batch_generator(0)

    def train_epoch(self, X: Array, y: Array, batches: Sequence[Array]) -> Array:
        losses = self._timed(X, y, batches)
        if len(self._taken_s) == N_EACH:
            for drawn in draw_epochs(N_EACH, len(y), len(batches[0]), self._rng):
                self._timed(X, y, drawn)
            for drawn in draw_epochs(N_EACH, len(y), len(batches[0]), self._rng):
                self._timed(X, y, drawn)
                self._evaluator.logits(self.real.parameters(), X)
            kinds = [self._taken_s[i : i + N_EACH] for i in range(0, 3 * N_EACH, N_EACH)]
            with self._times.open("a") as file:
                file.write(" ".join(str(median(kind[_N_LEFT_OUT:])) for kind in kinds) + "\n")
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
        evaluator = Evaluator(Problem({}, model, TrainingPlan()), load("numpy"))
        return AlternatingClassifier(real, evaluator, Path(os.environ[TIMES]))

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        return self._real.value_and_grad(function, *arrays)


engine = AlternatingEngine() if ENGINE in os.environ else None
