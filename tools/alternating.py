"""An engine whose epochs are a worker's in turn with three other kinds; for `make overhead`.

It trains with the engine named in `ALTERNATING_ENGINE`, and appends to the file named in
`ALTERNATING_TIMES` a line for each turn: the median epoch of the worker, then of each of `KINDS`,
in seconds. Its cells are invalid, since those are more epochs.
"""

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from numpy.typing import NDArray

from benchgrad.benchmarks.cell.evaluation import Evaluator, Problem
from benchgrad.benchmarks.cell.plain import plain_copies
from benchgrad.benchmarks.cell.shelf import Shelf
from benchgrad.benchmarks.cell.snapshots import Snapshots
from benchgrad.benchmarks.cell.spans import SPAN_S
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
KINDS = ("bare", "read", "kept", "evaluated")
N_EACH = 40  # epochs of a kind in a turn
_N_LEFT_OUT = 3  # after a change, while the caches fill


class Keeper:
    """Keeps parameters as a worker does that evaluates them after the last epoch."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self._shelf = Shelf()
        self._held: list[list[Array]] = []
        self._began_s = time.perf_counter()

    def keep(self, parameters: list[Array]) -> None:
        """Copy them to the shelf, and at the end of a span all that is there to the disk."""
        self._held.append(plain_copies(parameters, "parameters", self._shelf.put))
        if self._shelf.is_full or time.perf_counter() - self._began_s >= SPAN_S:
            for held in self._held:
                self._snapshots.add(held)
            self._held.clear()
            self._shelf.clear()
            self._began_s = time.perf_counter()


class AlternatingClassifier(DelegatingClassifier):
    """Trains as a real classifier does; after so many epochs it trains as many of each of `KINDS`.

    All have the same data and loop in the same process. Between two bare ones only the batches are
    drawn. Between the others the parameters are read, and then dropped, or kept, or evaluated at
    once, as they were before benchgrad kept them. Each turn begins with another kind, so that none
    always follows the same one.
    """

    def __init__(self, real: Classifier, keeper: Keeper, evaluator: Evaluator, times: Path) -> None:
        super().__init__(real)
        self._keeper = keeper
        self._evaluator = evaluator
        self._times = times
        self._taken_s: list[float] = []
        self._rng = batch_generator(0)
        self._order = list(KINDS)

    def train_epoch(self, X: Array, y: Array, batches: Sequence[Array]) -> Array:
        losses = self._timed(X, y, batches)
        if len(self._taken_s) == N_EACH:
            found = {"worker": self._median_s()}
            for kind in self._order:
                for drawn in draw_epochs(N_EACH, len(y), len(batches[0]), self._rng):
                    self._timed(X, y, drawn)
                    self._treat(kind, X)
                found[kind] = self._median_s()
            self._order.append(self._order.pop(0))
            with self._times.open("a") as file:
                file.write(" ".join(str(found[kind]) for kind in ("worker", *KINDS)) + "\n")
        return losses

    def _treat(self, kind: str, X: Array) -> None:
        """Do what follows an epoch of a kind."""
        if kind == "bare":
            return
        parameters = self.real.parameters()
        if kind == "kept":
            self._keeper.keep(parameters)
        elif kind == "evaluated":
            self._evaluator.logits(parameters, X)

    def _timed(self, X: Array, y: Array, batches: Sequence[Array]) -> Array:
        began_s = time.perf_counter()
        losses = self.real.train_epoch(X, y, batches)
        self._taken_s.append(time.perf_counter() - began_s)
        return losses

    def _median_s(self) -> float:
        """Return the median of the epochs since the last call of this method."""
        found_s = median(self._taken_s[_N_LEFT_OUT:])
        self._taken_s.clear()
        return found_s


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
        disk, path = tempfile.mkstemp()
        os.unlink(path)
        keeper = Keeper(Snapshots(disk, parameters))
        evaluator = Evaluator(Problem({}, model, TrainingPlan()), load("numpy"))
        return AlternatingClassifier(real, keeper, evaluator, Path(os.environ[TIMES]))

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        return self._real.value_and_grad(function, *arrays)


engine = AlternatingEngine() if ENGINE in os.environ else None
