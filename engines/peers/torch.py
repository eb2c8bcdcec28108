"""The engines `torch` and `torch-compile`: PyTorch, eager and compiled, the way its users write it.

A `torch.nn.Sequential` of `Linear` layers, a loss from `torch.nn.functional`, `torch.optim.SGD`.
Source: "Learn the Basics", https://pytorch.org/tutorials/beginner/basics/optimization_tutorial.html;
for compiling, https://pytorch.org/docs/stable/generated/torch.compile.html.
"""

import shutil
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchgrad.engines.interface import Array, Classifier
from benchgrad.engines.model import MLP, SGD
from benchgrad.engines.operations import Operations
from benchgrad.engines.peers.peer import Package, Peer


class TorchClassifier(Classifier):
    """A module, its loss and its optimizer. A Linear stores its weights transposed."""

    def __init__(
        self,
        model: MLP,
        parameters: Sequence[Array],
        optimizer: SGD,
        dtype: str,
        compiled: bool,
    ) -> None:
        import torch

        self._torch = torch
        activation = torch.nn.ReLU if model.activation == "relu" else torch.nn.Tanh
        layers: list[Any] = []
        for W, b in zip(parameters[::2], parameters[1::2], strict=True):
            linear = torch.nn.Linear(*W.shape, dtype=getattr(torch, dtype))
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(np.array(W.T)))
                linear.bias.copy_(torch.from_numpy(np.array(b)))
            layers += [activation(), linear] if layers else [linear]
        self._net = torch.nn.Sequential(*layers)
        self._loss = self._cross_entropy if model.loss == "cross_entropy" else self._hinge
        # With a symbolic length, one program serves batches of any length.
        self._forward = torch.compile(self._net, dynamic=True) if compiled else self._net
        self._optimizer = torch.optim.SGD(
            self._net.parameters(),
            lr=optimizer.learning_rate,
            momentum=optimizer.momentum,
            weight_decay=optimizer.weight_decay,
        )

    def train_step(self, X: Array, y: Array) -> float:
        """Update the parameters once; return the mean loss before the update."""
        from_numpy = self._torch.from_numpy
        loss: float = self._step(from_numpy(X), from_numpy(y)).item()
        return loss

    def train_epoch(self, X: Array, y: Array, batches: Sequence[Array]) -> Array:
        """Take one step per batch; read the losses at the end."""
        from_numpy = self._torch.from_numpy
        inputs, labels = from_numpy(X), from_numpy(y)
        rows = [from_numpy(batch) for batch in batches]
        losses = [self._step(inputs[i], labels[i]) for i in rows]
        return np.asarray(self._torch.stack(losses).numpy(), np.float64)

    def _step(self, X: Any, y: Any) -> Any:
        self._optimizer.zero_grad()
        loss = self._loss(self._forward(X), y)
        loss.backward()
        self._optimizer.step()
        return loss.detach()

    def _cross_entropy(self, logits: Any, y: Any) -> Any:
        return self._torch.nn.functional.cross_entropy(logits, y)

    def _hinge(self, logits: Any, y: Any) -> Any:
        """Return the hinge loss: multi_margin_loss without its mean over the classes."""
        return self._torch.nn.functional.multi_margin_loss(logits, y) * logits.shape[1]

    def gradients(self, X: Array, y: Array) -> list[Array]:
        """Return the gradient of the mean loss for each parameter."""
        self._optimizer.zero_grad()
        from_numpy = self._torch.from_numpy
        self._loss(self._forward(from_numpy(X)), from_numpy(y)).backward()
        return [np.array(p.grad.numpy().T) for p in self._net.parameters()]

    def logits(self, X: Array) -> Array:
        """Return the scores of the last layer, (n, k)."""
        with self._torch.no_grad():
            return np.asarray(self._forward(self._torch.from_numpy(X)).numpy())

    def parameters(self) -> list[Array]:
        """Return copies of the parameters as float64 arrays."""
        return [np.array(p.detach().numpy().T, np.float64) for p in self._net.parameters()]


class TorchEngine(Peer):
    """PyTorch on the CPU."""

    def __init__(self, name: str, compiled: bool, note: str) -> None:
        super().__init__(name, Package("torch", "torch", "torch"), note)
        self._compiled = compiled

    def missing(self) -> str:
        """Return what is not installed; compiling needs a C++ compiler."""
        if self._compiled and not (shutil.which("g++") or shutil.which("clang++")):
            return super().missing() or "a C++ compiler, g++ or clang++: install one"
        return super().missing()

    def limit_threads(self, n_threads: int) -> None:
        """Limit the threads of both of PyTorch's pools."""
        import torch

        torch.set_num_threads(n_threads)
        if torch.get_num_interop_threads() != n_threads:
            torch.set_num_interop_threads(n_threads)

    def classifier(
        self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str = "float64"
    ) -> Classifier:
        """Return a classifier over a PyTorch module."""
        self.require_dtype(dtype)
        return TorchClassifier(model, parameters, optimizer, dtype, self._compiled)

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        """Return the value, and the gradients that `backward` leaves in the leaves."""
        import torch

        leaves = [torch.tensor(array, requires_grad=True) for array in arrays]
        out = function(Operations(self.name, _operations()), *leaves)
        if not isinstance(out, torch.Tensor):
            return float(out), [np.zeros_like(array) for array in arrays]
        if out.requires_grad:
            out.backward()
        gradients = [
            np.zeros_like(array) if leaf.grad is None else np.array(leaf.grad.numpy())
            for leaf, array in zip(leaves, arrays, strict=True)
        ]
        return float(out.detach()), gradients


def _operations() -> dict[str, Callable[..., Any]]:
    import torch

    def over_axes(reduce: Callable[..., Any]) -> Callable[..., Any]:
        return lambda v, axis=None, keepdims=False: reduce(
            v, dim=tuple(range(v.ndim)) if axis is None else axis, keepdim=keepdims
        )

    def transpose(v: Any, axes: Any = None) -> Any:
        return v.permute(*(axes or reversed(range(v.ndim))))

    return {
        **{name: getattr(torch, name) for name in ("exp", "log", "tanh", "relu", "sigmoid")},
        "sum": over_axes(torch.sum),
        "mean": over_axes(torch.mean),
        "max": over_axes(torch.amax),  # shares the gradient among ties, over any axes
        "min": over_axes(torch.amin),
        "reshape": lambda v, shape: v.reshape(shape),
        "transpose": transpose,
        "detach": torch.Tensor.detach,
    }


engine = TorchEngine("torch", compiled=False, note="")
compiled = TorchEngine("torch-compile", compiled=True, note="compiles in its first step")
