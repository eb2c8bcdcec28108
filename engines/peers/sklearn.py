"""The engine `sklearn-mlp`: scikit-learn's ready-made `MLPClassifier`.

It trains by `partial_fit`, one batch per call. For two classes it would have one logistic output
where the other engines have two logits, so it gets a third class that never occurs: with zero
weights and a bias so low that its probability, and so each of its gradients, is exactly zero.
Source: the user guide, https://scikit-learn.org/stable/modules/neural_networks_supervised.html.
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
        # Its first step allocates its arrays; only then can the initial weights go in.
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
        """Return the gradient of the mean loss: the step of a copy, divided by its rate."""
        stepped = copy.deepcopy(self._mlp)
        _step(stepped, X, y)
        pairs = zip(self._native(self._mlp), self._native(stepped), strict=True)
        return [(before - after) / self._rate for before, after in pairs]

    def logits(self, X: Array) -> Array:
        """Return the scores of the last layer, (n, k): log-probabilities plus a shift per row.

        The library returns only probabilities, which leave that shift open; the first column of
        the last layer supplies it.
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
        """Return W0, b0, W1, b1, … without the column of the class that never occurs."""
        pairs = zip(mlp.coefs_, mlp.intercepts_, strict=True)
        native = [array for pair in pairs for array in pair]
        k = self._n_classes
        return [*native[:-2], native[-2][:, :k], native[-1][:k]]


def _step(mlp: Any, X: Array, y: Array) -> float:
    mlp.partial_fit(X, y)
    return float(mlp.loss_)


class SklearnEngine(Peer):
    """scikit-learn's multilayer perceptron, which differentiates nothing else."""

    def classifier(
        self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str = "float64"
    ) -> Classifier:
        """Return an `MLPClassifier` that starts from the parameters."""
        self.require_dtype(dtype)
        if model.loss != "cross_entropy":
            raise UnsupportedError("MLPClassifier has no loss but cross-entropy")
        if optimizer.weight_decay:
            raise UnsupportedError("the weight decay of MLPClassifier leaves out biases")
        if optimizer.momentum:
            raise UnsupportedError("MLPClassifier takes a step before it can be given weights")
        return SklearnClassifier(model, parameters, optimizer, dtype)

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        """Raise UnsupportedError: there are gradients of its own network only."""
        raise UnsupportedError("sklearn-mlp has no autograd, only its own network")


engine = SklearnEngine(
    "sklearn-mlp",
    Package("scikit-learn", "sklearn", "peers"),
    note="a ready-made classifier; two classes are trained as three, one of which never occurs",
    capabilities=Capabilities(dtypes=("float64", "float32"), value_and_grad=False),
)
