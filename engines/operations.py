"""The operations of an engine, under names that all engines share. No engine, no gradients.

A function written over an `Operations` object runs on every engine:
``ops.sum(ops.exp(x) * x, axis=0)``. Python's operators work on the native objects directly.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from benchgrad.engines.interface import UnsupportedError

# Each takes a native value, and the arguments in its line's comment.
ELEMENTWISE = ("exp", "log", "tanh", "relu", "sigmoid")
REDUCTIONS = ("sum", "mean", "max", "min")  # axis=None, keepdims=False
SHAPING = ("reshape", "transpose")  # shape; axes=None
CONSTANTS = ("detach",)  # the same numbers, with no gradient
OPERATIONS = (*ELEMENTWISE, *REDUCTIONS, *SHAPING, *CONSTANTS)
# Composed from the others unless an engine has its own:
COMPOUNDS = (
    "linear",  # x, W, b
    "logsumexp",  # v, axis
    "pick",  # v (n, k), columns (n,) or (n, m)
    "cross_entropy",  # v (n, k), labels (n,)
)

Table = Mapping[str, Callable[..., Any]]


class Operations:
    """The operations of one engine as attributes, e.g. ``ops.exp(v)``.

    Raises:
        UnsupportedError: the engine does not have the operation.
    """

    def __init__(self, engine: str, table: Table) -> None:
        self._engine = engine
        # Instance attributes: looking one up inside a timed step costs no Python call, and the
        # engine's own compounds hide the methods below.
        self.__dict__.update(table)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        raise UnsupportedError(f"{self._engine} has no operation {name}")

    def linear(self, x: Any, W: Any, b: Any) -> Any:
        """Return x @ W + b."""
        return x @ W + b

    def logsumexp(self, v: Any, axis: int) -> Any:
        """Return log(sum(exp(v))) along an axis, shifted by the maximum so that exp is at most 1.

        Source: Blanchard, Higham, Higham, "Accurately computing the log-sum-exp and softmax
        functions" (2021), section 1.
        """
        top = self.max(self.detach(v), axis=axis, keepdims=True)
        return self.log(self.sum(self.exp(v - top), axis=axis)) + self.sum(top, axis=axis)

    def pick(self, v: Any, columns: Any) -> Any:
        """Return the elements of each row in the given columns, in the shape of `columns`."""
        rows = np.arange(len(columns))
        return v[rows if columns.ndim == 1 else rows[:, None], columns]

    def cross_entropy(self, v: Any, labels: Any) -> Any:
        """Return the mean over the rows of logsumexp(row) − row[label]."""
        return self.mean(self.logsumexp(v, axis=1) - self.pick(v, labels))


def methods_of(value: type, names: Iterable[str]) -> dict[str, Callable[..., Any]]:
    """Return the operations that a Value class has as methods of the same names.

    Raises:
        ValueError: the names are one string, which would be taken for a list of letters.
        AttributeError: the class lacks a method.
    """
    if isinstance(names, str):
        listed = [name.strip() for name in names.split(",")]
        raise ValueError(f"operations is the string {names!r}; it must be a list: {listed}")
    named = list(names)
    for name in named:
        if not hasattr(value, name):
            raise AttributeError(f"{value.__name__} has no method {name!r}, an operation's name")
    return {name: getattr(value, name) for name in named}


def over_object_arrays(
    elementwise: Table,
    is_value: Callable[[object], bool],
    read: Callable[[Any], float],
) -> dict[str, Callable[..., Any]]:
    """Return the operations on NumPy object arrays of scalar Values and plain numbers.

    `elementwise` maps names to functions of one Value or number. NumPy sums, shapes and
    multiplies object arrays with the operators of their elements.
    """
    detach = np.frompyfunc(lambda element: read(element) if is_value(element) else element, 1, 1)
    return {
        **{name: np.frompyfunc(function, 1, 1) for name, function in elementwise.items()},
        "sum": _sum,
        "mean": _mean,
        "max": partial(_extreme, "max", is_value),
        "min": partial(_extreme, "min", is_value),
        "reshape": np.reshape,
        "transpose": np.transpose,
        "detach": detach,
    }


def _sum(v: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.sum(v, axis=axis, keepdims=keepdims)


def _mean(v: Any, axis: Any = None, keepdims: bool = False) -> Any:
    total = _sum(v, axis, keepdims)
    return total * (np.size(total) / np.size(v))


def _extreme(
    name: str, is_value: Callable[[object], bool], v: Any, axis: Any = None, keepdims: bool = False
) -> Any:
    """Return the maximum or minimum of plain numbers; Values are not ordered."""
    if any(is_value(element) for element in np.asarray(v, object).flat):
        raise UnsupportedError(f"{name} of scalar Values; ops.detach gives plain numbers")
    return getattr(np, name)(v, axis=axis, keepdims=keepdims)
