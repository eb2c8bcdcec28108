"""From a `Value` class to an engine: the training interface, written once over `Operations`."""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np

from benchgrad.engines.counts import Counts, count_graph
from benchgrad.engines.interface import (
    Array,
    Capabilities,
    Classifier,
    Engine,
    Kind,
    UnsupportedError,
)
from benchgrad.engines.model import MLP, SGD
from benchgrad.engines.operations import Operations, Table, methods_of, over_object_arrays


class ValueEngine(Engine):
    """An engine made of a `Value` class with `data`, `grad`, `backward()` and Python's operators.

    A tensor Value holds an array. Scalar Values stand in NumPy object arrays, one for each
    number; constants stand there as plain floats. A class that differs from this overrides
    the one method that says so: `leaf`, `constant`, `read`, `gradient`, `zero`, `assign`,
    `backward` or `inference`; and `parents` or `operation`, if its graph is to be counted. Each
    is about one Value.

    Args:
        name: as users write it.
        kind: ``scalar`` or ``tensor``.
        value: the class; called with a float, or with an array.
        operations: the names of the operations that are methods of the class under the same
            name, or a mapping from names to functions of a Value. A scalar engine needs the
            elementwise ones only.
        compounds: functions of native arrays for `benchgrad.engines.operations.COMPOUNDS` that
            are better than what the operations compose; e.g. a layer of n-ary nodes.
        pauses_collector: whether the cyclic garbage collector is paused inside a step. Only
            for a class that makes no reference cycles; its note must say so.
        shows_graph: whether a Value knows its parents and its operation, so that graphs can be
            counted.
        dtypes: that it computes in; by default float64.
        version: of the library behind it.
        note: a remark that must stand beside its results.
    """

    def __init__(  # noqa: PLR0913 (keywords, most with a default, as plugin authors write them)
        self,
        name: str,
        *,
        kind: Kind,
        value: type,
        operations: Table | Iterable[str],
        compounds: Table | None = None,
        pauses_collector: bool = False,
        shows_graph: bool = False,
        dtypes: tuple[str, ...] = ("float64",),
        version: str = "",
        note: str = "",
    ) -> None:
        self.name = name
        self.kind = kind
        self.value = value
        self.version = version
        self.note = note
        table = (
            dict(operations) if isinstance(operations, Mapping) else methods_of(value, operations)
        )
        if kind == "scalar":
            table = {name: self._of_numbers_too(function) for name, function in table.items()}
            table = over_object_arrays(table, self.is_value, self.read)
        table = {**table, **(compounds or {})}
        self.table = table
        self.pauses_collector = pauses_collector
        self.shows_graph = shows_graph
        self.operations = Operations(name, table)
        self.capabilities = Capabilities(operations=frozenset(table), dtypes=dtypes)

    # --- one Value: override what differs ---

    def leaf(self, data: Any) -> Any:
        """Return a Value that gets a gradient, from a float or an array.

        It may keep the array: whoever writes to it calls `assign`.
        """
        return self.value(data)

    def constant(self, data: Any) -> Any:
        """Return what stands for a float or an array that gets no gradient."""
        return data if self.kind == "scalar" else self.value(data)

    def read(self, value: Any) -> Any:
        """Return the data of a Value: a float or an array."""
        return value.data

    def gradient(self, value: Any) -> Any:
        """Return the gradient of a leaf: a float or an array."""
        return value.grad

    def zero(self, value: Any) -> None:
        """Set the gradient of a leaf to zero."""
        value.grad = 0.0 if self.kind == "scalar" else np.zeros_like(self.read(value))

    def assign(self, value: Any, data: Any) -> None:
        """Replace the data of a leaf."""
        value.data = data

    def backward(self, loss: Any) -> None:
        """Run the chain rule from a scalar Value."""
        loss.backward()

    def inference(self) -> AbstractContextManager[None]:
        """Return a context in which no graph needs to be built."""
        return nullcontext()

    def parents(self, value: Any) -> Iterable[Any]:
        """Return what a Value was made from; nothing for a leaf."""
        found: Iterable[Any] = value.parents
        return found

    def operation(self, value: Any) -> str:
        """Return the name of the operation that made a Value."""
        return str(value.operation)

    def is_value(self, native: object) -> bool:
        """Tell a Value from a plain number or array."""
        return isinstance(native, self.value)

    def is_constant(self, value: Any) -> bool:
        """Tell a Value that cannot go backward, where the class has such."""
        return False

    def _of_numbers_too(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return a function of a scalar Value that makes a number of a number."""

        def of_either(element: Any) -> Any:
            if self.is_value(element):
                return function(element)
            return self.read(function(self.leaf(element)))

        return of_either

    # --- the training interface ---

    def each(self, function: Callable[..., Any], *natives: Any) -> Any:
        """Apply a function of Values to native arrays: element by element for a scalar engine."""
        if self.kind == "tensor":
            return function(*natives)
        return np.frompyfunc(function, len(natives), 1)(*(np.asarray(n, object) for n in natives))

    def classifier(
        self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str = "float64"
    ) -> Classifier:
        """Return the one classifier there is for engines with Values."""
        self.check(model, dtype)
        return ValueClassifier(self, model, parameters, optimizer, dtype)

    def check(self, model: MLP, dtype: str) -> None:
        """Raise UnsupportedError unless the engine has what the classifier needs of it."""
        self.require_dtype(dtype)
        needed = {*_NEEDS[self.kind], *_NEEDS[model.loss], model.activation}
        missing = sorted(needed - self.capabilities.operations)
        if missing:
            raise UnsupportedError(f"needs {', '.join(missing)}")

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        """Return ``function(ops, *native)`` as a float, and its gradient for each array."""
        leaves = [self.each(self.leaf, np.array(array)) for array in arrays]
        pairs = list(zip(leaves, arrays, strict=True))
        out = function(self.operations, *leaves)
        if isinstance(out, np.ndarray) and out.dtype == object and out.size == 1:
            out = out.item()  # a scalar engine's array of one Value
        result = np.asarray(self.read(out) if self.is_value(out) else out).item()
        if self.is_value(out) and not self.is_constant(out):
            self.backward(out)
        gradients = [np.array(self.each(self.gradient, leaf), _float_dtype(a)) for leaf, a in pairs]
        return float(result), gradients


def _float_dtype(array: Array) -> np.dtype[Any]:
    """Return the dtype of the gradient of an array: its own, or float64 for integers."""
    dtype = np.asarray(array).dtype
    return dtype if dtype.kind == "f" else np.dtype(np.float64)


# Beside the operators, what the classifier asks of an engine's operations.
_NEEDS = {
    "scalar": (),
    "tensor": ("sum",),
    "cross_entropy": ("exp", "log", "max", "detach"),
    "hinge": ("relu",),
}


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the cyclic garbage collector; leave it as it was."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class ValueClassifier(Classifier):
    """The classifier over any `ValueEngine`: forward, loss and update, each written once."""

    def __init__(
        self,
        engine: ValueEngine,
        model: MLP,
        parameters: Sequence[Array],
        optimizer: SGD,
        dtype: str,
    ) -> None:
        self._engine = engine
        self._model = model
        self._optimizer = optimizer
        self._dtype = np.dtype(dtype)
        # All parameters lie in one array, so that an update is one call however many there are.
        self._flat = np.concatenate([np.ravel(p) for p in parameters]).astype(self._dtype)
        self._gradient = np.zeros_like(self._flat)
        self._velocity = np.zeros_like(self._flat)
        ends = np.cumsum([np.size(p) for p in parameters])
        parts = np.split(self._flat, ends[:-1])
        self._parts = [part.reshape(np.shape(p)) for part, p in zip(parts, parameters, strict=True)]
        self.leaves = [engine.each(engine.leaf, part) for part in self._parts]

    def train_step(self, X: Array, y: Array) -> float:
        """Update the parameters once; return the mean loss before the update."""
        if not self._engine.pauses_collector:
            return self._step(X, y)
        with collector_paused():
            return self._step(X, y)

    def _step(self, X: Array, y: Array) -> float:
        loss = self._backward(X, y)
        self.update([self._numpy(self._engine.gradient, leaf) for leaf in self.leaves])
        return loss

    def update(self, gradients: Sequence[Array]) -> None:
        """Take a step of the optimizer with these gradients, in the order of `leaves`."""
        np.concatenate([gradient.ravel() for gradient in gradients], out=self._gradient)
        self._optimizer.update(self._flat, self._gradient, self._velocity)
        for leaf, part in zip(self.leaves, self._parts, strict=True):
            self._engine.each(self._engine.assign, leaf, part)

    def gradients(self, X: Array, y: Array) -> list[Array]:
        """Return the gradient of the mean loss for each parameter."""
        self._backward(X, y)
        return [self._numpy(self._engine.gradient, leaf).copy() for leaf in self.leaves]

    def logits(self, X: Array) -> Array:
        """Return the scores of the last layer, (n, k)."""
        with self._engine.inference():
            return self._numpy(self._engine.read, self._forward(X))

    def parameters(self) -> list[Array]:
        """Return copies of the parameters as float64 arrays."""
        return [np.array(self._numpy(self._engine.read, p), np.float64) for p in self.leaves]

    def _numpy(self, read: Callable[[Any], Any], native: Any) -> Array:
        """Return data or gradients as an array of the classifier's dtype, copied only if needed."""
        return np.asarray(self._engine.each(read, native), self._dtype)

    def _forward(self, X: Array) -> Any:
        engine, ops = self._engine, self._engine.operations
        activation = getattr(ops, self._model.activation)
        h = engine.each(engine.constant, X)
        for i in range(0, len(self.leaves), 2):
            if i:
                h = activation(h)
            h = ops.linear(h, self.leaves[i], self.leaves[i + 1])
        return h

    def counts(self, X: Array, y: Array) -> Counts | None:
        """Return what the graph of a step on this batch consists of, if the engine shows it."""
        engine = self._engine
        if not engine.shows_graph:
            return None
        return count_graph(self.loss(X, y), engine.parents, engine.operation)

    def loss(self, X: Array, y: Array) -> Any:
        """Return the mean loss over the batch as a native scalar, ready to go backward."""
        return _LOSSES[self._model.loss](self._engine, self._forward(X), y)

    def _backward(self, X: Array, y: Array) -> float:
        """Leave the gradients of the batch in the leaves; return its mean loss."""
        for leaf in self.leaves:
            self._engine.each(self._engine.zero, leaf)
        loss = self.loss(X, y)
        self._engine.backward(loss)
        return float(self._engine.read(loss))


def _cross_entropy(engine: ValueEngine, logits: Any, y: Array) -> Any:
    """Return the mean of logsumexp(logits) − logits[label], the row maximum taken out."""
    ops = engine.operations
    losses = ops.logsumexp(logits, axis=1) - ops.pick(logits, y)
    return ops.sum(losses) * (1.0 / len(y))


def _hinge(engine: ValueEngine, logits: Any, y: Array) -> Any:
    """Return the mean over the rows of the sum over wrong classes j of max(0, 1 + s_j − s_y)."""
    ops = engine.operations
    of_label = ops.pick(logits, y[:, None])
    is_wrong = (np.arange(np.shape(logits)[1]) != y[:, None]).astype(of_label.dtype)
    margins = ops.relu(logits - of_label + 1.0)
    return ops.sum(margins * engine.each(engine.constant, is_wrong)) * (1.0 / len(y))


_LOSSES = {"cross_entropy": _cross_entropy, "hinge": _hinge}
