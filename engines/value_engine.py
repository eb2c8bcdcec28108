"""From a `Value` class to an engine: what differs between such classes, one method each."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

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
from benchgrad.engines.value_classifier import ValueClassifier


class ValueEngine(Engine):
    """An engine made of a `Value` class with `data`, `grad`, `backward()` and Python's operators.

    A tensor Value holds an array. Scalar Values stand in NumPy object arrays, one for each
    number; constants stand there as plain floats. A class that differs from this overrides
    the one method that says so: `leaf`, `constant`, `read`, `gradient`, `zero`, `assign`,
    `backward`, `inference`, or `is_value`, where results are of another class; and `parents` or
    `operation`, if its graph is to be counted. Each is about one Value.

    Args:
        name: as users write it.
        kind: ``scalar`` or ``tensor``.
        value: the class; called with a float, or with an array.
        operations: the names of the operations that are methods of the class under the same
            name, or a mapping from names to functions of a Value. A scalar engine needs the
            elementwise ones only; `mean` is made of `sum` where it is not given.
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
        if kind not in ("scalar", "tensor"):
            raise ValueError(f"engine {name!r}: kind is {kind!r}, not 'scalar' or 'tensor'")
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
        elif "sum" in table:
            table = {"mean": self._mean, **table}
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

    def _mean(self, v: Any, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the mean of a tensor Value, made of its sum."""
        total = self.operations.sum(v, axis=axis, keepdims=keepdims)
        return total * (np.size(self.read(total)) / np.size(self.read(v)))

    # --- the training interface ---

    def on_arrays(self, function: Callable[..., Any], n: int = 1) -> Callable[..., Any]:
        """Return a function of `n` Values as one of native arrays: for scalars, of each element."""
        if self.kind == "tensor":
            return function
        elementwise = np.frompyfunc(function, n, 1)
        return lambda *natives: elementwise(*(np.asarray(native, object) for native in natives))

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
        if "logsumexp" in self.capabilities.operations:
            needed -= set(_NEEDS["cross_entropy"])  # they are for the one that is made of others
        missing = sorted(needed - self.capabilities.operations)
        if missing:
            raise UnsupportedError(f"needs {', '.join(missing)}")

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        """Return ``function(ops, *native)`` as a float, and its gradient for each array."""
        leaf, gradient = self.on_arrays(self.leaf), self.on_arrays(self.gradient)
        zero = self.on_arrays(self.zero)
        leaves = [leaf(np.array(array)) for array in arrays]
        for native in leaves:
            zero(native)  # a leaf that is not used would keep what its class begins with
        pairs = list(zip(leaves, arrays, strict=True))
        out = function(self.operations, *leaves)
        if isinstance(out, np.ndarray) and out.dtype == object and out.size == 1:
            out = out.item()  # a scalar engine's array of one Value
        result = np.asarray(self.read(out) if self.is_value(out) else out).item()
        if self.is_value(out) and not self.is_constant(out):
            self.backward(out)
        gradients = [np.array(gradient(leaf), _float_dtype(array)) for leaf, array in pairs]
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
