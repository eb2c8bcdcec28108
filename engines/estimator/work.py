"""What defines the classifier of an estimator, and how it begins or goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchgrad.engines.interface import Array, Classifier, Engine
from benchgrad.engines.model import MLP, SGD
from benchgrad.engines.registry import load


@dataclass(frozen=True)
class Work:
    """Everything that defines a classifier except its parameters."""

    engine: str | Engine
    model: MLP
    optimizer: SGD
    dtype: str

    @classmethod
    def of(cls, hyperparameters: Mapping[str, Any], n_features: int, n_classes: int) -> "Work":
        """Return the work that checked hyperparameters describe, for data of this size."""
        hidden = np.atleast_1d(hyperparameters["hidden_layers"])  # one width may stand alone
        layers = (n_features, *map(int, hidden), n_classes)
        # A NumPy scalar, as in a grid search, would turn float32 arrays into float64.
        rates = (hyperparameters[name] for name in ("learning_rate", "momentum", "weight_decay"))
        return cls(
            hyperparameters["engine"],
            MLP(layers, hyperparameters["activation"], hyperparameters["loss"]),
            SGD(*map(float, rates)),
            hyperparameters["dtype"],
        )

    def classifier(
        self, parameters: list[Array], velocities: list[Array] | None = None
    ) -> Classifier:
        """Return a classifier that starts from `parameters`, and `velocities` if it shows its."""
        engine = load(self.engine) if isinstance(self.engine, str) else self.engine
        classifier = engine.classifier(self.model, parameters, self.optimizer, self.dtype)
        own = classifier.velocities()
        if own is not None and velocities is not None:
            for velocity, kept in zip(own, velocities, strict=True):
                velocity[...] = kept
        return classifier
