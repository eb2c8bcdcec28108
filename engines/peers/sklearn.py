"""The engine `sklearn-mlp`: scikit-learn's `MLPClassifier`, a classifier ready made.

Batches reach it by `partial_fit`, its own way to train on data that come in parts. For two
classes it has one logistic output where the others have two logits, so it is told of a third
class that never occurs: its weights are zero and its bias is so low that its probability, and
with it each of its gradients, is exactly zero. Source: the user guide,
https://scikit-learn.org/stable/modules/neural_networks_supervised.html.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchgrad.engines.interface import Array, Capabilities, Classifier, UnsupportedError
from benchgrad.engines.model import MLP, SGD
from benchgrad.engines.peers.peer import Package, Peer

_NEVER = -1e4  # a bias whose exponential is zero


class SklearnClassifier(Classifier):
    """An `MLPClassifier` that starts from given weights."""

    def __init__(self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str) -> None:
        from sklearn.neural_network import MLPClassifier

        self._n_classes = model.layers[-1]
        self._rate = optimizer.learning_rate
        n_outputs = max(self._n_classes, 3)
        self._mlp = MLPClassifier(
            hidden_layer_sizes=model.layers[1:-1],
            activation=model.activation,
            solver="sgd",
            alpha=0.0,
            learning_rate_init=optimizer.learning_rate,
            momentum=0.0,
            shuffle=False,
        )
        # It makes its arrays in its first step; then they are given the weights to start from.
        blank = np.zeros((1, model.layers[0]), dtype)
        self._mlp.partial_fit(blank, [0], classes=range(n_outputs))
        for own, W in zip(self._mlp.coefs_, parameters[::2], strict=True):
            own[...] = np.pad(W, ((0, 0), (0, own.shape[1] - W.shape[1])))
        for own, b in zip(self._mlp.intercepts_, parameters[1::2], strict=True):
            own[...] = np.pad(b, (0, len(own) - len(b)), constant_values=_NEVER)

    def train_step(self, X: Array, y: Array) -> float:
        """Update the parameters once; return the mean loss before the update."""
        return _step(self._mlp, X, y)

    def gradients(self, X: Array, y: Array) -> list[Array]:
        """Return the gradient of the mean loss: what a step of a copy subtracts, by its rate."""
        stepped = copy.deepcopy(self._mlp)
        _step(stepped, X, y)
        pairs = zip(self._native(self._mlp), self._native(stepped), strict=True)
        return [(before - after) / self._rate for before, after in pairs]

    def logits(self, X: Array) -> Array:
        """Return the scores of the last layer, (n, k): log-probabilities, shifted as the bias is.

        The library tells probabilities only, which leave a constant in each row open; it is
        taken from the last layer's first column.
        """
        scores: Array = np.log(self._mlp.predict_proba(X)[:, : self._n_classes])
        return scores - scores[:, :1] + self._first_logits(X)

    def _first_logits(self, X: Array) -> Array:
        h = X
        for W, b in zip(self._mlp.coefs_[:-1], self._mlp.intercepts_[:-1], strict=True):
            h = h @ W + b
            h = np.maximum(h, 0) if self._mlp.activation == "relu" else np.tanh(h)
        return np.asarray(h @ self._mlp.coefs_[-1][:, :1] + self._mlp.intercepts_[-1][:1])

    def parameters(self) -> list[Array]:
        """Return copies of the parameters as float64 arrays."""
        return [np.array(p, np.float64) for p in self._native(self._mlp)]

    def _native(self, mlp: Any) -> list[Array]:
        """Return W0, b0, W1, b1, …, without the column of the class that never occurs."""
        pairs = zip(mlp.coefs_, mlp.intercepts_, strict=True)
        native = [array for pair in pairs for array in pair]
        k = self._n_classes
        return [*native[:-2], native[-2][:, :k], native[-1][:k]]


def _step(mlp: Any, X: Array, y: Array) -> float:
    mlp.partial_fit(X, y)
    return float(mlp.loss_)


class SklearnEngine(Peer):
    """scikit-learn's multilayer perceptron; it differentiates nothing else."""

    def classifier(
        self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str = "float64"
    ) -> Classifier:
        """Return an `MLPClassifier` that starts from the parameters."""
        self.require_dtype(dtype)
        if model.loss != "cross_entropy":
            raise UnsupportedError("MLPClassifier has cross-entropy only")
        if optimizer.weight_decay:
            raise UnsupportedError("MLPClassifier decays weights by its own rule, biases not")
        if optimizer.momentum:
            raise UnsupportedError("MLPClassifier takes its first step before it has its weights")
        return SklearnClassifier(model, parameters, optimizer, dtype)

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        """Raise UnsupportedError: only its own network has gradients."""
        raise UnsupportedError("sklearn-mlp has no autograd, only its own network")


engine = SklearnEngine(
    "sklearn-mlp",
    Package("scikit-learn", "sklearn", "peers"),
    note="a ready-made classifier; two classes are trained as three, one of which never occurs",
    capabilities=Capabilities(dtypes=("float64", "float32"), value_and_grad=False),
)
