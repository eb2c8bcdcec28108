"""The engine `jax`: one jitted program per epoch, the way JAX users write a training loop.

The step is a pure function of parameters and velocities, differentiated by `jax.value_and_grad`.
The loop over the batches is inside the program. A program has fixed shapes, so batches are padded
to one length and masked. Sources: "Stateful computations",
https://docs.jax.dev/en/latest/stateful-computations.html, and "Control flow and logical
operators with JIT", https://docs.jax.dev/en/latest/control-flow.html.
"""

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchgrad.engines.interface import Array, Classifier
from benchgrad.engines.model import MLP, SGD
from benchgrad.engines.operations import Operations
from benchgrad.engines.peers.peer import Package, Peer, mlp


def _jax() -> Any:
    """Import JAX with float64, which is off by default."""
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax


class Programs:
    """The compiled functions of one model and update rule, shared by their classifiers."""

    def __init__(self, model: MLP, rule: SGD) -> None:
        jax = _jax()
        activation = jax.nn.relu if model.activation == "relu" else jax.numpy.tanh
        row_losses = _cross_entropy if model.loss == "cross_entropy" else _hinge

        def loss(parameters: Any, X: Any, y: Any, is_row: Any) -> Any:
            """Return the mean over the rows that are not padding."""
            losses = row_losses(mlp(parameters, X, activation), y)
            return jax.numpy.where(is_row, losses, 0.0).sum() / is_row.sum()

        def step(state: Any, X: Any, y: Any, is_row: Any) -> Any:
            parameters, velocities = state
            value, gradients = jax.value_and_grad(loss)(parameters, X, y, is_row)
            pairs = zip(parameters, velocities, gradients, strict=True)
            moved = [rule.momentum * v + g + rule.weight_decay * p for p, v, g in pairs]
            new = [p - rule.learning_rate * v for p, v in zip(parameters, moved, strict=True)]
            return (new, moved), value

        def epoch(state: Any, X: Any, y: Any, batches: tuple[Any, Any, Any]) -> Any:
            """Take a step for each of the first `n_batches` rows of `rows`."""
            rows, is_row, n_batches = batches

            def body(i: Any, carried: Any) -> Any:
                state, losses = carried
                state, value = step(state, X[rows[i]], y[rows[i]], is_row[i])
                return state, losses.at[i].set(value)

            losses = jax.numpy.zeros(len(rows), X.dtype)
            return jax.lax.fori_loop(0, n_batches, body, (state, losses))

        self.epoch = jax.jit(epoch, donate_argnums=0)
        self.gradients = jax.jit(jax.grad(loss))
        self.logits = jax.jit(partial(mlp, activation=activation))


def _cross_entropy(logits: Any, y: Any) -> Any:
    """Return the loss of each row, (n,)."""
    import jax

    of_label = jax.numpy.take_along_axis(logits, y[:, None], axis=1)[:, 0]
    return jax.nn.logsumexp(logits, axis=1) - of_label


def _hinge(logits: Any, y: Any) -> Any:
    """Return the loss of each row, (n,); the label's own margin is always 1."""
    import jax

    of_label = jax.numpy.take_along_axis(logits, y[:, None], axis=1)
    return jax.nn.relu(logits - of_label + 1.0).sum(axis=1) - 1.0


class JaxClassifier(Classifier):
    """Parameters and velocities on the device, and the programs that update them."""

    def __init__(self, programs: Programs, parameters: Sequence[Array], dtype: str) -> None:
        self._programs = programs
        jnp = _jax().numpy
        first = [jnp.array(p, dtype) for p in parameters]
        self._state = (first, [jnp.zeros_like(p) for p in first])

    def train_step(self, X: Array, y: Array) -> float:
        """Update the parameters once; return the mean loss before the update."""
        return float(self.train_epoch(X, y, [np.arange(len(y))])[0])

    def train_epoch(self, X: Array, y: Array, batches: Sequence[Array]) -> Array:
        """Run an epoch's program, whose shape does not depend on the number of batches."""
        width = max(map(len, batches))
        n_rows = max(len(batches), -(-len(y) // width))
        rows = np.zeros((n_rows, width), np.int32)
        is_row = np.zeros((n_rows, width), bool)
        for i, batch in enumerate(batches):
            rows[i, : len(batch)] = batch
            is_row[i, : len(batch)] = True
        self._state, losses = self._programs.epoch(self._state, X, y, (rows, is_row, len(batches)))
        return np.asarray(losses, np.float64)[: len(batches)]

    def gradients(self, X: Array, y: Array) -> list[Array]:
        """Return the gradient of the mean loss for each parameter."""
        found = self._programs.gradients(self._state[0], X, y, np.ones(len(y), bool))
        return [np.array(g) for g in found]

    def logits(self, X: Array) -> Array:
        """Return the scores of the last layer, (n, k)."""
        return np.asarray(self._programs.logits(self._state[0], X))

    def parameters(self) -> list[Array]:
        """Return copies of the parameters as float64 arrays."""
        return [np.array(p, np.float64) for p in self._state[0]]


class JaxEngine(Peer):
    """JAX on the CPU. Compiled programs are kept for later classifiers of the same model."""

    def __init__(self) -> None:
        note = "compiles in its first step; batches are padded to one length"
        super().__init__("jax", Package("jax", "jax", "jax"), note)
        self._programs: dict[tuple[MLP, SGD], Programs] = {}

    def limit_threads(self, n_threads: int) -> None:
        """Set XLA's variables before it is imported, since it has no function for this.

        Source: `xla/tsl/platform/default/port.cc` reads the size of its pools from NPROC.
        """
        os.environ["NPROC"] = str(n_threads)
        if n_threads == 1:
            flag = "--xla_cpu_multi_thread_eigen=false"
            os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flag}".strip()
        _jax()

    def classifier(
        self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str = "float64"
    ) -> Classifier:
        """Return a classifier over compiled programs."""
        self.require_dtype(dtype)
        key = (model, optimizer)
        if key not in self._programs:
            self._programs[key] = Programs(model, optimizer)
        return JaxClassifier(self._programs[key], parameters, dtype)

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        """Return the value and gradients from `jax.value_and_grad`."""
        jax = _jax()
        ops = Operations(self.name, _operations())
        natives = [jax.numpy.asarray(array) for array in arrays]
        value, gradients = jax.value_and_grad(
            lambda *xs: jax.numpy.reshape(function(ops, *xs), ()), tuple(range(len(natives)))
        )(*natives)
        return float(value), [np.array(g) for g in gradients]


def _operations() -> dict[str, Callable[..., Any]]:
    import jax

    names = ("exp", "log", "tanh", "sum", "mean", "max", "min", "reshape", "transpose")
    return {
        **{name: getattr(jax.numpy, name) for name in names},
        "relu": jax.nn.relu,
        "sigmoid": jax.nn.sigmoid,
        "detach": jax.lax.stop_gradient,
    }


engine = JaxEngine()
