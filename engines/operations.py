"""The operations of an engine under the names that everybody uses. No engine, no gradients.

A function that is written over an `Operations` object runs on every engine:
``ops.sum(ops.exp(x) * x, axis=0)``. Operators work on the native objects themselves.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from benchgrad.engines.interface import UnsupportedError

# Each takes one native value; those of one line also take the arguments behind the name.
ELEMENTWISE = ("exp", "log", "tanh", "relu", "sigmoid")
REDUCTIONS = ("sum", "mean", "max", "min")  # axis=None, keepdims=False
SHAPING = ("reshape", "transpose")  # shape; axes=None
CONSTANTS = ("detach",)  # the same numbers without a past
OPERATIONS = (*ELEMENTWISE, *REDUCTIONS, *SHAPING, *CONSTANTS)
# Made of the others, unless an engine declares its own:
COMPOUNDS = ("linear", "logsumexp", "pick")  # x, W, b; v, axis; v (n, k), columns (n,) or (n, m)

Table = Mapping[str, Callable[..., Any]]


class Operations:
    """The operations of one engine as attributes, e.g. ``ops.exp(v)``.

    Raises:
        UnsupportedError: on asking for an operation that the engine does not have.
    """

    def __init__(self, engine: str, table: Table) -> None:
        self._engine = engine
        self.linear = _linear
        self.logsumexp = partial(_logsumexp, self)
        self.pick = _pick
        # As instance attributes they are found without a Python call, also in a timed step.
        self.__dict__.update(table)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        raise UnsupportedError(f"{self._engine} has no operation {name}")


def _linear(x: Any, W: Any, b: Any) -> Any:
    """Return x @ W + b."""
    return x @ W + b


def _logsumexp(ops: Operations, v: Any, axis: int) -> Any:
    """Return log(sum(exp(v))) along an axis, the maximum taken out as a constant.

    Source: the shift that keeps exp from overflowing: Blanchard, Higham, Higham, "Accurately
    computing the log-sum-exp and softmax functions" (2021), section 1.
    """
    top = ops.max(ops.detach(v), axis=axis, keepdims=True)
    return ops.log(ops.sum(ops.exp(v - top), axis=axis)) + ops.sum(top, axis=axis)


def _pick(v: Any, columns: Any) -> Any:
    """Return the elements of each row that stand in the given columns, in the columns' shape."""
    rows = np.arange(len(columns))
    return v[rows if columns.ndim == 1 else rows[:, None], columns]


def methods_of(value: type, names: Iterable[str]) -> dict[str, Callable[..., Any]]:
    """Return the operations `names` of a Value class whose methods are called the same."""
    return {name: getattr(value, name) for name in names}


def over_object_arrays(
    elementwise: Table,
    is_value: Callable[[object], bool],
    read: Callable[[Any], float],
) -> dict[str, Callable[..., Any]]:
    """Return the operations on NumPy object arrays of scalar Values and plain numbers.

    `elementwise` are the operations on one Value or number. NumPy sums, shapes and multiplies
    object arrays by the operators of their elements; only numbers have an extreme.
    """

    def mapped(function: Callable[..., Any]) -> Any:
        return np.frompyfunc(function, 1, 1)

    def extreme(name: str) -> Callable[..., Any]:
        def reduce(v: Any, axis: Any = None, keepdims: bool = False) -> Any:
            if any(is_value(element) for element in np.asarray(v, object).flat):
                raise UnsupportedError(f"{name} of scalar Values; ops.detach gives plain numbers")
            return getattr(np, name)(v, axis=axis, keepdims=keepdims)

        return reduce

    def mean(v: Any, axis: Any = None, keepdims: bool = False) -> Any:
        total = np.sum(v, axis=axis, keepdims=keepdims)
        return total * (np.size(total) / np.size(v))

    return {
        **{name: mapped(function) for name, function in elementwise.items()},
        "sum": lambda v, axis=None, keepdims=False: np.sum(v, axis=axis, keepdims=keepdims),
        "mean": mean,
        "max": extreme("max"),
        "min": extreme("min"),
        "reshape": np.reshape,
        "transpose": np.transpose,
        "detach": mapped(lambda element: read(element) if is_value(element) else element),
    }
