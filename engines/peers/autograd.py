"""The engine `autograd`: HIPS autograd, `value_and_grad` over its wrapped NumPy.

Parameters are NumPy arrays, and the loss is a plain function of them. Source: the package's
example, https://github.com/HIPS/autograd/blob/master/examples/neural_net.py.
"""

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from benchgrad.engines.interface import Array, Classifier
from benchgrad.engines.model import MLP, SGD
from benchgrad.engines.operations import Operations
from benchgrad.engines.peers.peer import Package, Peer, mlp


def _relu(x: Any) -> Any:
    """Return max(x, 0) with derivative 0 at 0, where `maximum` has one half."""
    return x * (x > 0)


class HipsAutogradClassifier(Classifier):
    """Parameters as arrays, and a function that returns their loss and its gradient."""

    def __init__(self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str) -> None:
        import autograd
        import autograd.numpy as anp

        self._optimizer = optimizer
        self._parameters = [np.array(p, dtype) for p in parameters]
        self._velocities = [np.zeros_like(p) for p in self._parameters]
        self._activation = _relu if model.activation == "relu" else anp.tanh
        row_losses = _cross_entropy if model.loss == "cross_entropy" else _hinge

        def loss(parameters: list[Any], X: Array, y: Array) -> Any:
            return anp.mean(row_losses(mlp(parameters, X, self._activation), y))

        self._value_and_grad = autograd.value_and_grad(loss)

    def train_step(self, X: Array, y: Array) -> float:
        """Update the parameters once; return the mean loss before the update."""
        loss, gradients = self._value_and_grad(self._parameters, X, y)
        moved = zip(self._parameters, gradients, self._velocities, strict=True)
        for parameter, gradient, velocity in moved:
            self._optimizer.update(parameter, gradient, velocity)
        return float(loss)

    def gradients(self, X: Array, y: Array) -> list[Array]:
        """Return the gradient of the mean loss for each parameter."""
        return [np.array(g) for g in self._value_and_grad(self._parameters, X, y)[1]]

    def logits(self, X: Array) -> Array:
        """Return the scores of the last layer, (n, k)."""
        return np.asarray(mlp(self._parameters, X, self._activation))

    def parameters(self) -> list[Array]:
        """Return copies of the parameters as float64 arrays."""
        return [np.array(p, np.float64) for p in self._parameters]

    def velocities(self) -> list[Array]:
        """Return the velocity of each parameter as it lives."""
        return self._velocities


def _cross_entropy(logits: Any, y: Array) -> Any:
    """Return the loss of each row, (n,)."""
    from autograd.scipy.special import logsumexp

    return logsumexp(logits, axis=1) - logits[np.arange(len(y)), y]


def _hinge(logits: Any, y: Array) -> Any:
    """Return the loss of each row, (n,); the label's own margin is always 1."""
    import autograd.numpy as anp

    of_label = logits[np.arange(len(y)), y][:, None]
    return anp.sum(_relu(logits - of_label + 1.0), axis=1) - 1.0


class AutogradEngine(Peer):
    """HIPS autograd: functions of NumPy arrays, transformed."""

    deviations = MappingProxyType(
        {
            f"{what}: transpose(x, (-2, 0, -1))": "negative axes are restored in the wrong order"
            for what in ("values", "gradients", "float32")
        }
        | {
            "gradients: transpose(x, (-2, 0, -1)), (3, 3, 3)": (
                "negative axes are restored in the wrong order"
            ),
            "integers: sliced": "the gradient of a slice of integers is rounded to integers",
        }
    )

    def classifier(
        self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str = "float64"
    ) -> Classifier:
        """Return a classifier over NumPy arrays."""
        self.require_dtype(dtype)
        return HipsAutogradClassifier(model, parameters, optimizer, dtype)

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        """Return the value and gradients from `autograd.value_and_grad`."""
        import autograd

        ops = Operations(self.name, _operations())
        differentiated = autograd.value_and_grad(lambda xs: function(ops, *xs))
        value, gradients = differentiated([np.asarray(array) for array in arrays])
        return float(value), [np.array(g) for g in gradients]


def _operations() -> dict[str, Callable[..., Any]]:
    import autograd.numpy as anp
    from autograd.scipy.special import expit
    from autograd.tracer import getval

    names = ("exp", "log", "tanh", "sum", "mean", "max", "min", "reshape", "transpose")
    return {
        **{name: getattr(anp, name) for name in names},
        "relu": _relu,
        "sigmoid": expit,
        "detach": getval,
    }


engine = AutogradEngine("autograd", Package("autograd", "autograd", "peers"))
