"""The engine `mygrad`: MyGrad tensors, with the ReLU and the losses of `mygrad.nnet`.

Source: the package's tutorial, https://mygrad.readthedocs.io/en/latest/intro.html.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchgrad.engines.interface import Array, Classifier
from benchgrad.engines.model import MLP, SGD
from benchgrad.engines.operations import Operations
from benchgrad.engines.peers.peer import Package, Peer, mlp


class MygradClassifier(Classifier):
    """Parameters as tensors, which `backward` gives their gradients."""

    def __init__(self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str) -> None:
        import mygrad
        from mygrad.nnet.activations import relu
        from mygrad.nnet.losses import softmax_crossentropy

        self._optimizer = optimizer
        self._leaves = [mygrad.tensor(np.array(p, dtype)) for p in parameters]
        self._velocities = [np.zeros_like(leaf.data) for leaf in self._leaves]
        self._activation = relu if model.activation == "relu" else mygrad.tanh
        self._loss = softmax_crossentropy if model.loss == "cross_entropy" else _hinge
        self._no_autodiff = mygrad.no_autodiff

    def train_step(self, X: Array, y: Array) -> float:
        """Update the parameters once; return the mean loss before the update."""
        loss = self._backward(X, y)
        for leaf, velocity in zip(self._leaves, self._velocities, strict=True):
            self._optimizer.update(leaf.data, leaf.grad, velocity)
        return loss

    def _backward(self, X: Array, y: Array) -> float:
        loss = self._loss(mlp(self._leaves, X, self._activation), y)
        loss.backward()  # using a tensor again clears its gradient
        return float(loss.item())

    def gradients(self, X: Array, y: Array) -> list[Array]:
        """Return the gradient of the mean loss for each parameter."""
        self._backward(X, y)
        return [np.array(leaf.grad) for leaf in self._leaves]

    def logits(self, X: Array) -> Array:
        """Return the scores of the last layer, (n, k)."""
        with self._no_autodiff:
            return np.asarray(mlp(self._leaves, X, self._activation).data)

    def parameters(self) -> list[Array]:
        """Return copies of the parameters as float64 arrays."""
        return [np.array(leaf.data, np.float64) for leaf in self._leaves]

    def velocities(self) -> list[Array]:
        """Return the velocity of each parameter as it lives."""
        return self._velocities


def _hinge(logits: Any, y: Array) -> Any:
    """Return the mean over the rows; the label's own margin is always 1."""
    from mygrad.nnet.activations import relu

    of_label = logits[np.arange(len(y)), y].reshape(-1, 1)
    return relu(logits - of_label + 1.0).sum() / len(y) - 1.0


class MygradEngine(Peer):
    """MyGrad: tensors over NumPy with broadcasting and views."""

    def classifier(
        self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str = "float64"
    ) -> Classifier:
        """Return a classifier over MyGrad tensors."""
        self.require_dtype(dtype)
        return MygradClassifier(model, parameters, optimizer, dtype)

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        """Return the value, and the gradients that `backward` leaves in the leaves."""
        import mygrad

        leaves = [mygrad.tensor(array) for array in arrays]
        out = function(Operations(self.name, _operations()), *leaves)
        if not isinstance(out, mygrad.Tensor):
            return float(out), [np.zeros_like(array) for array in arrays]
        out.backward()
        gradients = [
            np.zeros_like(array) if leaf.grad is None else np.array(leaf.grad)
            for leaf, array in zip(leaves, arrays, strict=True)
        ]
        return float(out.item()), gradients


def _operations() -> dict[str, Callable[..., Any]]:
    import mygrad
    from mygrad.nnet.activations import relu, sigmoid

    names = ("exp", "log", "tanh", "sum", "mean", "max", "min", "reshape")
    return {
        **{name: getattr(mygrad, name) for name in names},
        "transpose": lambda v, axes=None: mygrad.transpose(v, *(axes or ())),
        "relu": relu,
        "sigmoid": sigmoid,
        "detach": lambda v: mygrad.tensor(v, constant=True),
    }


engine = MygradEngine("mygrad", Package("mygrad", "mygrad", "peers"))
