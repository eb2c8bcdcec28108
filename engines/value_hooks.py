"""What differs between `Value` classes: one small method for each thing, about one Value.

The engine and its classifier are written over these; nothing is trained here.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from benchgrad.engines.interface import Kind
from benchgrad.engines.operations import Operations


class ValueHooks:
    """How one Value is made, read and differentiated; override what your class does otherwise."""

    kind: Kind
    value: type
    operations: Operations
    pauses_collector: bool
    shows_graph: bool
    shares_leaves = False  # whether a leaf keeps its array, so that an update in place reaches it

    def leaf(self, data: Any) -> Any:
        """Return a Value with a gradient, from a float or an array.

        It may keep the array: new data always come through `assign`.
        """
        return self.value(data)

    def constant(self, data: Any) -> Any:
        """Return the native form of a float or an array without a gradient."""
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
        """Return a context manager inside which no graph is needed."""
        return nullcontext()

    def parents(self, value: Any) -> Iterable[Any]:
        """Return the Values that a Value was made from; none for a leaf."""
        found: Iterable[Any] = value.parents
        return found

    def operation(self, value: Any) -> str:
        """Return the name of the operation that made a Value."""
        return str(value.operation)

    def is_value(self, native: object) -> bool:
        """Return whether this is a Value, not a plain number or array."""
        return isinstance(native, self.value)

    def is_constant(self, value: Any) -> bool:
        """Return whether `backward` from this Value is an error, as in classes with constants."""
        return False

    def on_arrays(self, function: Callable[..., Any], n: int = 1) -> Callable[..., Any]:
        """Turn a function of `n` Values into one of native arrays, elementwise for scalars."""
        if self.kind == "tensor":
            return function
        elementwise = np.frompyfunc(function, n, 1)
        return lambda *natives: elementwise(*(np.asarray(native, object) for native in natives))
