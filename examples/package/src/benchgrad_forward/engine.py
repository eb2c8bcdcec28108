"""The engine `forward`: gradients from Duals, and its own classifier. No derivative rules.

A Dual has no `backward()`, and it must know all inputs from the start, so it does not fit
`ValueEngine`. This is an `Engine` with both methods of the training interface.
"""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from benchgrad.engines import MLP, SGD, Capabilities, Classifier, Engine, Operations

from benchgrad_forward import dual
from benchgrad_forward.dual import Array, Dual

TABLE = {
    "exp": dual.exp,
    "log": dual.log,
    "tanh": dual.tanh,
    "relu": dual.relu,
    "sum": dual.total,
    "max": dual.maximum,
    "detach": dual.detach,
}
OPS = Operations("forward", TABLE)  # and linear, logsumexp and pick, which are made of these

_ZEROS_TOO = "forward mode carries zero derivatives too, and 0 · inf is nan"
DEVIATIONS = {f"edge: x / y at x = {x}, y = 0": _ZEROS_TOO for x in (2, -2)}


def value_and_gradients(loss: Dual, arrays: Sequence[Array]) -> tuple[float, list[Array]]:
    """Return a Dual of one element as a float, and its tangent split into the arrays' shapes."""
    ends = np.cumsum([np.size(array) for array in arrays])
    parts = np.split(loss.tangent.ravel(), ends[:-1])
    gradients = [part.reshape(np.shape(a)) for part, a in zip(parts, arrays, strict=True)]
    return loss.value.item(), gradients


class ForwardClassifier(Classifier):
    """The multilayer perceptron, with the derivatives by all parameters in every layer."""

    def __init__(self, model: MLP, parameters: Sequence[Array], optimizer: SGD) -> None:
        self._activation = TABLE[model.activation]
        self._loss = cross_entropy if model.loss == "cross_entropy" else hinge
        self._optimizer = optimizer
        self._parameters = [np.array(p, np.float64) for p in parameters]
        self._velocities = [np.zeros_like(p) for p in self._parameters]

    def train_step(self, X: Array, y: Array) -> float:
        """Update the parameters once; return the mean loss before the update."""
        loss, gradients = self._value_and_gradients(X, y)
        for p, g, v in zip(self._parameters, gradients, self._velocities, strict=True):
            self._optimizer.update(p, g, v)
        return loss

    def gradients(self, X: Array, y: Array) -> list[Array]:
        """Return the gradient of the mean loss for each parameter."""
        return self._value_and_gradients(X, y)[1]

    def logits(self, X: Array) -> Array:
        """Return the scores of the last layer, (n, k)."""
        return self._forward(X, dual.constants(self._parameters)).value

    def parameters(self) -> list[Array]:
        """Return copies of the parameters."""
        return [p.copy() for p in self._parameters]

    def _forward(self, X: Array, parameters: Sequence[Dual]) -> Dual:
        h = X @ parameters[0] + parameters[1]
        for i in range(2, len(parameters), 2):
            h = self._activation(h) @ parameters[i] + parameters[i + 1]
        return h

    def _value_and_gradients(self, X: Array, y: Array) -> tuple[float, list[Array]]:
        logits = self._forward(X, dual.inputs(self._parameters))
        return value_and_gradients(self._loss(logits, y), self._parameters)


def cross_entropy(logits: Dual, y: Array) -> Dual:
    """Return the mean over the rows of logsumexp(logits) - logits[label]."""
    losses: Dual = OPS.logsumexp(logits, axis=1) - OPS.pick(logits, y)
    return dual.total(losses) / len(y)


def hinge(logits: Dual, y: Array) -> Dual:
    """Return the mean over the rows of the sum, over wrong classes j, of max(0, 1 + s_j - s_y)."""
    wrong = np.arange(logits.value.shape[1]) != y[:, None]
    margins = dual.relu(logits - OPS.pick(logits, y[:, None]) + 1.0)
    return dual.total(margins * wrong) / len(y)


class ForwardEngine(Engine):
    """Forward mode on NumPy arrays."""

    name = "forward"
    kind = "tensor"
    capabilities = Capabilities(operations=frozenset(TABLE))
    version = version("benchgrad-forward")
    note = "forward mode: the cost of a step grows with the number of parameters"
    deviations = DEVIATIONS

    def classifier(
        self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str = "float64"
    ) -> Classifier:
        """Return the classifier over Duals."""
        self.require_dtype(dtype)
        return ForwardClassifier(model, parameters, optimizer)

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        """Return ``function(ops, *duals)`` as a float, and its derivatives by each array."""
        out = function(OPS, *dual.inputs(arrays))
        if not isinstance(out, Dual):  # a constant
            return float(out), [np.zeros(np.shape(array)) for array in arrays]
        return value_and_gradients(out, arrays)


engine = ForwardEngine()
