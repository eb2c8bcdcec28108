"""How good parameters are: accuracies, classes and regions, by the reference's forward pass.

The harness owns accuracy: the reference evaluates an engine's parameters, after the last epoch and
off the clock.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.benchmarks.plan import TrainingPlan
from benchgrad.benchmarks.regions import Regions, coarse
from benchgrad.engines import MLP, SGD, Classifier, Engine

Array = NDArray[Any]

_CHUNK_ROWS = 500  # evaluated at a time; a reference may build a graph for each chunk


@dataclass(frozen=True)
class Problem:
    """What is trained and how: the arrays of the data by name, the model, the training."""

    data: Mapping[str, Array]
    model: MLP
    training: TrainingPlan

    def classifier(self, engine: Engine, parameters: list[Array]) -> Classifier:
        """Return an engine's classifier with these parameters."""
        rule = self.training
        optimizer = SGD(rule.learning_rate, rule.momentum, rule.weight_decay)
        return engine.classifier(self.model, parameters, optimizer, rule.dtype)


@dataclass(frozen=True)
class Evaluator:
    """Evaluates parameters with the reference."""

    problem: Problem
    reference: Engine

    def logits(self, parameters: list[Array], X: Array) -> Array:
        """Return the logits of the rows of X, (n, k)."""
        classifier = self.problem.classifier(self.reference, parameters)
        chunks = np.split(X, range(_CHUNK_ROWS, len(X), _CHUNK_ROWS))
        return np.concatenate([classifier.logits(chunk) for chunk in chunks])

    def classes(self, parameters: list[Array], X: Array) -> list[int]:
        """Return the predicted class of each row of X."""
        found: list[int] = self.logits(parameters, X).argmax(axis=1).tolist()
        return found

    def accuracy(self, parameters: list[Array], part: str) -> float:
        """Return the share of the ``train`` or ``test`` rows that get the right class."""
        X, y = self.problem.data[f"X_{part}"], self.problem.data[f"y_{part}"]
        return float(np.mean(np.array(self.classes(parameters, X)) == y))

    def regions(self, parameters: list[Array], n_epochs: int) -> Regions:
        """Return the regions of parameters after some epochs; empty without a grid."""
        grid = self.problem.data["grid"]
        points = grid[coarse(math.isqrt(len(grid)))]
        return Regions.of(n_epochs, self.classes(parameters, points) if len(points) else [])
