"""The engine `tinygrad`: its Tensors, its SGD, and one captured step (TinyJit) per batch shape.

Source: the package's quickstart, https://docs.tinygrad.org/quickstart/, and
`examples/beautiful_mnist.py` in https://github.com/tinygrad/tinygrad.
"""

import os
import shutil
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from benchgrad.engines.interface import Array, Classifier
from benchgrad.engines.model import MLP, SGD
from benchgrad.engines.operations import Operations
from benchgrad.engines.peers.peer import Package, Peer, mlp


class TinygradClassifier(Classifier):
    """Parameters as Tensors, an optimizer, and a captured step for each batch shape."""

    def __init__(self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str) -> None:
        import tinygrad
        from tinygrad.nn.optim import SGD as TinygradSGD  # noqa: N811

        self._tinygrad = tinygrad
        self._leaves = [tinygrad.Tensor(np.array(p, dtype)).realize() for p in parameters]
        self._activation = _METHODS[model.activation]
        self._loss = _cross_entropy if model.loss == "cross_entropy" else _hinge
        self._optimizer = TinygradSGD(
            self._leaves, optimizer.learning_rate, optimizer.momentum, optimizer.weight_decay
        )
        # The optimizer would keep its rate and velocities in float32, whatever the parameters.
        self._optimizer.lr = tinygrad.Tensor([optimizer.learning_rate], dtype=dtype).realize()
        if optimizer.momentum:
            self._optimizer.b = [leaf.zeros_like().contiguous().realize() for leaf in self._leaves]
        self._steps: dict[tuple[int, ...], Any] = {}

    def train_step(self, X: Array, y: Array) -> float:
        """Update the parameters once; return the mean loss before the update."""
        step = self._steps.get(X.shape)
        if step is None:
            step = self._steps[X.shape] = self._tinygrad.TinyJit(self._step)
        loss: float = step(*self._batch(X, y)).item()
        return loss

    def _batch(self, X: Array, y: Array) -> tuple[Any, Any]:
        tensor = self._tinygrad.Tensor
        return tensor(X).realize(), tensor(y.astype(np.int32)).realize()

    def _step(self, X: Any, y: Any) -> Any:
        with self._tinygrad.Context(TRAINING=1):
            self._optimizer.zero_grad()
            loss = self._loss(mlp(self._leaves, X, self._activation), y)
            loss.backward()
            return loss.realize(*self._optimizer.schedule_step())

    def gradients(self, X: Array, y: Array) -> list[Array]:
        """Return the gradient of the mean loss for each parameter."""
        inputs, labels = self._batch(X, y)
        loss = self._loss(mlp(self._leaves, inputs, self._activation), labels)
        return [np.array(g.numpy()) for g in loss.gradient(*self._leaves)]

    def logits(self, X: Array) -> Array:
        """Return the scores of the last layer, (n, k)."""
        tensor = self._tinygrad.Tensor
        return np.asarray(mlp(self._leaves, tensor(X), self._activation).numpy())

    def parameters(self) -> list[Array]:
        """Return copies of the parameters as float64 arrays."""
        return [np.array(leaf.numpy(), np.float64) for leaf in self._leaves]


def _cross_entropy(logits: Any, y: Any) -> Any:
    return logits.sparse_categorical_crossentropy(y)


def _hinge(logits: Any, y: Any) -> Any:
    """Return the mean over the rows; the label's own margin is always 1."""
    of_label = logits.gather(1, y.unsqueeze(1))
    return (logits - of_label + 1.0).relu().sum(axis=1).mean() - 1.0


_OVERFLOWS = "sigmoid is 1 / (1 + exp(-x)), and tanh uses it: where exp overflows, 0 * inf is nan"


class TinygradEngine(Peer):
    """tinygrad on its CPU device, which compiles with clang."""

    deviations = MappingProxyType(
        {
            "edge: sigmoid(x) at x = -1000": _OVERFLOWS,
            "edge: tanh(x) at x = -1000": _OVERFLOWS,
            # Which graphs fail depends on the seed, the compiler and the processor.
            "random graphs: *": (
                "backward compares the maximum with recomputed operands; if the compiler fuses a "
                "product and a sum in only one of the two, nothing is equal and the gradient is "
                "lost"
            ),
            "memory: 1,000 backward passes": (
                "each backward pass appends to the metadata of constants, which are never freed "
                "(TRACEMETA=0 avoids it)"
            ),
        }
    )

    def missing(self) -> str:
        """Return what is not installed: the package, or the compiler it calls."""
        compiler = os.environ.get("CC", "clang")
        if super().missing() or shutil.which(compiler):
            return super().missing()
        return f"the compiler {compiler}, which tinygrad calls: install it"

    def limit_threads(self, n_threads: int) -> None:
        """Choose the CPU device and limit its threads, before the import."""
        os.environ["DEV"] = "CPU"
        os.environ["CPU_COUNT"] = str(n_threads)
        import tinygrad  # noqa: F401 (counts as import time)

    def classifier(
        self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str = "float64"
    ) -> Classifier:
        """Return a classifier over tinygrad's Tensors."""
        self.require_dtype(dtype)
        return TinygradClassifier(model, parameters, optimizer, dtype)

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        """Return the value, and its gradient for each leaf."""
        from tinygrad import Tensor

        leaves = [Tensor(np.asarray(array)).realize() for array in arrays]
        out = function(Operations(self.name, _operations()), *leaves)
        if not isinstance(out, Tensor):
            return float(out), [np.zeros_like(array) for array in arrays]
        gradients = out.reshape(()).gradient(*leaves)
        return float(out.item()), [np.array(g.numpy()) for g in gradients]


_METHODS: dict[str, Callable[[Any], Any]] = {
    "exp": lambda v: v.exp(),
    "log": lambda v: v.log(),
    "tanh": lambda v: v.tanh(),
    "relu": lambda v: v.relu(),
    "sigmoid": lambda v: v.sigmoid(),
    "detach": lambda v: v.detach(),
}


def _operations() -> dict[str, Callable[..., Any]]:
    from tinygrad import Tensor

    def over_axes(name: str) -> Callable[..., Any]:
        reduce = getattr(Tensor, name)
        return lambda v, axis=None, keepdims=False: reduce(v, axis=axis, keepdim=keepdims)

    return {
        **_METHODS,
        **{name: over_axes(name) for name in ("sum", "mean", "max", "min")},
        "reshape": lambda v, shape: v.reshape(shape),
        "transpose": lambda v, axes=None: v.permute(*(axes or reversed(range(v.ndim)))),
        "pick": _pick,
    }


def _pick(v: Any, columns: Array) -> Any:
    from tinygrad import Tensor

    index = Tensor(np.reshape(columns, (len(columns), -1)).astype(np.int32))
    return v.gather(1, index).reshape(columns.shape)


engine = TinygradEngine("tinygrad", Package("tinygrad", "tinygrad", "tinygrad"))
