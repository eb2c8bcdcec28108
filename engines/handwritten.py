"""The engine `numpy`: the plain hand-written step, backpropagation derived by hand; the oracle.

It deliberately shares no formula with the autograd engines. The mathematics they must agree with
is written a second time, as one would derive it with a pencil. No graph, no operations.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchgrad.engines.interface import Array, Capabilities, Classifier, Engine, UnsupportedError
from benchgrad.engines.model import MLP, SGD


class HandwrittenClassifier(Classifier):
    """The multilayer perceptron, with its gradient in closed form.

    Source: Goodfellow, Bengio, Courville, "Deep Learning" (2016), algorithms 6.3 and 6.4.
    """

    def __init__(self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str) -> None:
        self._model = model
        self._optimizer = optimizer
        self._parameters = [np.array(p, dtype) for p in parameters]
        self._velocities = [np.zeros_like(p) for p in self._parameters]

    def train_step(self, X: Array, y: Array) -> float:
        """Update the parameters once; return the mean loss before the update.

        Like the rule that the other engines share, it leaves out a momentum or a weight decay of 0:
        a step with more arithmetic than theirs would flatter every figure relative to it.
        """
        loss, gradients = self._loss_and_gradients(X, y)
        rule = self._optimizer
        for p, v, g in zip(self._parameters, self._velocities, gradients, strict=True):
            direction = g
            if rule.momentum:
                v *= rule.momentum
                v += g
                direction = v
            if rule.weight_decay:
                direction += rule.weight_decay * p
            p -= rule.learning_rate * direction
        return loss

    def gradients(self, X: Array, y: Array) -> list[Array]:
        """Return the gradient of the mean loss for each parameter."""
        return self._loss_and_gradients(X, y)[1]

    def logits(self, X: Array) -> Array:
        """Return the scores of the last layer, (n, k)."""
        return self._activations(X)[-1]

    def parameters(self) -> list[Array]:
        """Return copies of the parameters as float64 arrays."""
        return [p.astype(np.float64) for p in self._parameters]

    def velocities(self) -> list[Array]:
        """Return the velocity of each parameter as it lives."""
        return self._velocities

    def _activations(self, X: Array) -> list[Array]:
        """Return X, the hidden layers and the logits."""
        layers = [X]
        last = len(self._parameters) - 2
        for i in range(0, last + 2, 2):
            z = layers[-1] @ self._parameters[i]
            z += self._parameters[i + 1]
            if i < last:
                z = np.maximum(z, 0, out=z) if self._model.activation == "relu" else np.tanh(z)
            layers.append(z)
        return layers

    def _loss_and_gradients(self, X: Array, y: Array) -> tuple[float, list[Array]]:
        layers = self._activations(X)
        by_logits = _softmax_cross_entropy if self._model.loss == "cross_entropy" else _hinge
        loss, delta = by_logits(layers[-1], y)
        gradients: list[Array] = []
        for i in range(len(self._parameters) - 2, -1, -2):
            h = layers[i // 2]
            gradients += [delta.sum(axis=0), h.T @ delta]
            if i:
                delta = delta @ self._parameters[i].T
                delta *= (h > 0) if self._model.activation == "relu" else 1 - h * h
        return loss, gradients[::-1]


def _softmax_cross_entropy(logits: Array, y: Array) -> tuple[float, Array]:
    """Return the mean loss, and its gradient by the logits: (softmax − one-hot) / n."""
    n = len(y)
    rows = np.arange(n)
    shifted = logits - logits.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(axis=1, keepdims=True)
    loss = float(np.log(total).sum() - shifted[rows, y].sum()) / n
    e /= total
    e[rows, y] -= 1
    e /= n
    return loss, e


def _hinge(logits: Array, y: Array) -> tuple[float, Array]:
    """Return the mean loss; each violated margin of j adds +1/n at j and −1/n at the label."""
    n = len(y)
    rows = np.arange(n)
    margins = 1 + logits - logits[rows, y][:, None]
    margins[rows, y] = 0
    violated = margins > 0
    delta = violated.astype(logits.dtype)
    delta[rows, y] = -violated.sum(axis=1)
    return float(margins[violated].sum()) / n, delta / n


class HandwrittenEngine(Engine):
    """Hand-derived backpropagation on NumPy. It differentiates this classifier and nothing else."""

    name = "numpy"
    kind = "tensor"
    capabilities = Capabilities(dtypes=("float64", "float32"), value_and_grad=False)
    version = np.__version__
    note = "the plain hand-written step: backpropagation derived by hand, no autograd"

    def classifier(
        self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str = "float64"
    ) -> Classifier:
        """Return the hand-derived classifier."""
        self.require_dtype(dtype)
        return HandwrittenClassifier(model, parameters, optimizer, dtype)

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        """Raise UnsupportedError: there is no autograd here."""
        raise UnsupportedError("numpy has no autograd: its gradients are derived by hand")


engine = HandwrittenEngine()
