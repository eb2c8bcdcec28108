"""The classifier of every engine with Values: forward, loss and update, each written once."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from benchgrad.engines.counts import Counts, count_graph
from benchgrad.engines.drawing import Drawing, Reading, draw, require_drawable
from benchgrad.engines.interface import Array, Classifier
from benchgrad.engines.model import MLP, SGD
from benchgrad.engines.value_hooks import ValueHooks


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the cyclic garbage collector, then restore its state."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class ValueClassifier(Classifier):
    """The classifier of any `ValueEngine`."""

    def __init__(
        self,
        engine: ValueHooks,
        model: MLP,
        parameters: Sequence[Array],
        optimizer: SGD,
        dtype: str,
    ) -> None:
        self._engine = engine
        self._model = model
        self._optimizer = optimizer
        self._dtype = np.dtype(dtype)
        # All parameters share one array, so that an update takes the same few calls for any model.
        self._shapes = [np.shape(p) for p in parameters]
        flat = np.concatenate([np.ravel(p) for p in parameters]).astype(self._dtype)
        self._keep_in(np.array([flat, np.zeros_like(flat), np.zeros_like(flat)]))
        self._read = engine.on_arrays(engine.read)
        self._gradient_of = engine.on_arrays(engine.gradient)
        self._zero = engine.on_arrays(engine.zero)
        self._assign = engine.on_arrays(engine.assign, 2)
        self._constant = engine.on_arrays(engine.constant)
        self._activation = getattr(engine.operations, model.activation)
        self._loss = _LOSSES[model.loss]
        leaf = engine.on_arrays(engine.leaf)
        self.leaves = [leaf(part) for part in self._parts]

    def move(self, state: Array) -> None:
        """Keep parameters, velocities and gradients in other memory from now on, (3, n)."""
        state[...] = self.state
        self._keep_in(state)
        self._assign_parts()

    def _assign_parts(self) -> None:
        for leaf, part in zip(self.leaves, self._parts, strict=True):
            self._assign(leaf, part)

    def _keep_in(self, state: Array) -> None:
        self.state = state
        self._flat, self._velocity, self._gradient = state
        self._parts = self.split(self._flat)

    def split(self, flat: Array) -> list[Array]:
        """Return views of a flat array in the shapes of the parameters."""
        ends = np.cumsum([np.prod(shape, dtype=int) for shape in self._shapes])
        parts = np.split(flat, ends[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, self._shapes, strict=True)]

    def train_step(self, X: Array, y: Array) -> float:
        """Update the parameters once; return the mean loss before the update."""
        if not self._engine.pauses_collector:
            return self._step(X, y)
        with collector_paused():
            return self._step(X, y)

    def _step(self, X: Array, y: Array) -> float:
        loss = self._backward(X, y)
        self.update([self._numpy(self._gradient_of(leaf)) for leaf in self.leaves])
        return loss

    def update(self, gradients: Sequence[Array]) -> None:
        """Take an optimizer step with these gradients, in the order of `leaves`."""
        try:
            np.concatenate(gradients, axis=None, out=self._gradient)
        except ValueError as error:
            raise ValueError(self._misfit(gradients)) from error
        self._optimizer.update(self._flat, self._gradient, self._velocity)
        if not self._engine.shares_leaves:
            self._assign_parts()

    def _misfit(self, gradients: Sequence[Array]) -> str:
        for i, (gradient, part) in enumerate(zip(gradients, self._parts, strict=True)):
            if gradient.shape != part.shape:
                what = f"{'Wb'[i % 2]}{i // 2}"
                return f"the gradient of {what}, shape {part.shape}, has shape {gradient.shape}"
        return "the gradients do not match the parameters"

    def gradients(self, X: Array, y: Array) -> list[Array]:
        """Return the gradient of the mean loss for each parameter."""
        self._backward(X, y)
        return [self._numpy(self._gradient_of(leaf)).copy() for leaf in self.leaves]

    def logits(self, X: Array) -> Array:
        """Return the scores of the last layer, (n, k)."""
        with self._engine.inference():
            return self._numpy(self._read(self._forward(X)))

    def parameters(self) -> list[Array]:
        """Return copies of the parameters as float64 arrays."""
        return [np.array(self._numpy(self._read(p)), np.float64) for p in self.leaves]

    def velocities(self) -> list[Array]:
        """Return the velocity of each parameter as it lives."""
        return self.split(self._velocity)

    def _numpy(self, numbers: Any) -> Array:
        """Return data or gradients in the classifier's dtype, copied only if necessary."""
        if type(numbers) is np.ndarray and numbers.dtype is self._dtype:
            return numbers  # sooner than NumPy would
        return np.asarray(numbers, self._dtype)

    def _forward(self, X: Array) -> Any:
        linear, leaves = self._engine.operations.linear, self.leaves
        h = linear(self._constant(X), leaves[0], leaves[1])
        for i in range(2, len(leaves), 2):
            h = linear(self._activation(h), leaves[i], leaves[i + 1])
        return h

    def counts(self, X: Array, y: Array) -> Counts | None:
        """Return the counts of the graph of a step on this batch, if the engine shows graphs."""
        engine = self._engine
        if not engine.shows_graph:
            return None
        return count_graph(self.loss(X, y), engine.parents, engine.operation)

    def graph(self, X: Array, y: Array) -> Drawing | None:
        """Return the graph of a step on this batch with its gradients, if the engine shows it."""
        engine = self._engine
        if not engine.shows_graph:
            return None
        for leaf in self.leaves:
            self._zero(leaf)
        loss = self.loss(X, y)
        require_drawable(loss, engine.parents)  # some engines cannot go back through a large one
        engine.backward(loss)
        names = {f"{'Wb'[i % 2]}{i // 2}": leaf for i, leaf in enumerate(self.leaves)}
        reading = Reading(engine.parents, engine.operation, engine.read, engine.gradient)
        return draw(loss, {**names, "loss": loss}, reading, "TB")

    def loss(self, X: Array, y: Array) -> Any:
        """Return the mean loss over the batch as a native scalar, ready for `backward`."""
        return self._loss(self, self._forward(X), y)

    def _backward(self, X: Array, y: Array) -> float:
        """Compute the gradients of the batch into the leaves; return its mean loss."""
        for leaf in self.leaves:
            self._zero(leaf)
        loss = self.loss(X, y)
        self._engine.backward(loss)
        return float(np.asarray(self._engine.read(loss)).item())


def _cross_entropy(classifier: ValueClassifier, logits: Any, y: Array) -> Any:
    """Return the mean of logsumexp(logits) − logits[label]."""
    return classifier._engine.operations.cross_entropy(logits, y)


def _hinge(classifier: ValueClassifier, logits: Any, y: Array) -> Any:
    """Return the mean over the rows of the sum over wrong classes j of max(0, 1 + s_j − s_y).

    The number of classes and the dtype come from the model: native values may show neither.
    """
    ops = classifier._engine.operations
    classes = np.arange(classifier._model.layers[-1])
    is_wrong = (classes != y[:, None]).astype(classifier._dtype)
    margins = ops.relu(logits - ops.pick(logits, y[:, None]) + 1.0)
    return ops.sum(margins * classifier._constant(is_wrong)) * (1.0 / len(y))


_LOSSES = {"cross_entropy": _cross_entropy, "hinge": _hinge}
