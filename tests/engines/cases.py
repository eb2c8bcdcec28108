"""The op-case table: one row for each operation, and what is needed to judge a row.

Values and finite differences come from `NUMPY`, the same operations on plain arrays, so nothing
here trusts an engine. No test is here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest

from benchgrad.engines import Operations

Shape = tuple[int, ...]

ENGINES = ("tensor", "scalar", "micrograd")
TENSOR_ONLY = ("scalar", "micrograd")  # what lacks a maximum of Values

POSITIVE = (0.5, 2.0)
NEGATIVE = (-2.0, -0.5)

NUMPY = Operations(
    "NumPy",
    {
        "exp": np.exp,
        "log": np.log,
        "tanh": np.tanh,
        "relu": lambda a: np.where(a > 0, a, 0.0),
        "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
        "sum": np.sum,
        "mean": np.mean,
        "max": np.max,
        "min": np.min,
        "reshape": np.reshape,
        "transpose": np.transpose,
        "linear": lambda x, W, b: x @ W + b,
        "pick": lambda a, columns: np.take_along_axis(
            a, columns.reshape(len(a), -1), axis=1
        ).reshape(columns.shape),
        "logsumexp": lambda a, axis: np.log(np.sum(np.exp(a), axis=axis)),
    },
)


@dataclass(frozen=True)
class Case:
    """An operation: a function over `ops` and native arrays, their shapes, where they are drawn.

    `lacking` names the engines that do not have it.
    """

    name: str
    function: Callable[..., Any]
    shapes: tuple[Shape, ...]
    domain: tuple[float, float] = (-2.0, 2.0)
    lacking: tuple[str, ...] = ()

    def arrays(self, *shapes: Shape, dtype: str = "float64", seed: int = 0) -> list[Any]:
        """Return an array for each operand, of the row's own shapes or of those given."""
        rng = np.random.default_rng(seed)
        return [rng.uniform(*self.domain, shape).astype(dtype) for shape in shapes or self.shapes]


def diamond(ops: Any, x: Any) -> Any:
    left = ops.exp(x) * 0.5
    return left * x + left / (x * x + 1.0)


# --- elementwise ---------------------------------------------------------------------------

BOTH = ((3, 4), (3, 4))

PAIRS = [
    Case("x + y", lambda ops, x, y: x + y, BOTH),
    Case("x - y", lambda ops, x, y: x - y, BOTH),
    Case("x * y", lambda ops, x, y: x * y, BOTH),
    Case("x / y", lambda ops, x, y: x / y, BOTH, POSITIVE),
    Case("x / -y", lambda ops, x, y: x / y, BOTH, NEGATIVE),
    Case("x ** y", lambda ops, x, y: x**y, BOTH, POSITIVE, ("micrograd",)),
]

ONE = ((3, 4),)

WITH_NUMBERS = [
    Case("x + 2", lambda ops, x: x + 2, ONE),
    Case("2.5 + x", lambda ops, x: 2.5 + x, ONE),
    Case("x - 2", lambda ops, x: x - 2, ONE),
    Case("2.5 - x", lambda ops, x: 2.5 - x, ONE),
    Case("x * 3", lambda ops, x: x * 3, ONE),
    Case("-1.5 * x", lambda ops, x: -1.5 * x, ONE),
    Case("x / 4", lambda ops, x: x / 4, ONE),
    Case("2.5 / x", lambda ops, x: 2.5 / x, ONE, NEGATIVE),
    Case("x ** 3", lambda ops, x: x**3, ONE),
    Case("x ** 1", lambda ops, x: x**1, ONE),
    Case("x ** 0", lambda ops, x: x**0, ONE),
    Case("x ** -2", lambda ops, x: x**-2, ONE, NEGATIVE),
    Case("x ** 2.5", lambda ops, x: x**2.5, ONE, POSITIVE),
    Case("2 ** x", lambda ops, x: 2**x, ONE, lacking=("micrograd",)),
    Case("0.3 ** x", lambda ops, x: 0.3**x, ONE, lacking=("micrograd",)),
]

FUNCTIONS = [
    Case("-x", lambda ops, x: -x, ONE),
    Case("exp", lambda ops, x: ops.exp(x), ONE),
    Case("log", lambda ops, x: ops.log(x), ONE, POSITIVE),
    Case("tanh", lambda ops, x: ops.tanh(x), ONE, lacking=("micrograd",)),
    Case("relu", lambda ops, x: ops.relu(x), ONE),
    Case("sigmoid", lambda ops, x: ops.sigmoid(x), ONE, lacking=("micrograd",)),
]

REUSED = [
    Case("x + x", lambda ops, x: x + x, ONE),
    Case("x - x", lambda ops, x: x - x, ONE),
    Case("x * x", lambda ops, x: x * x, ONE),
    Case("x / x", lambda ops, x: x / x, ONE, POSITIVE),
    Case("x ** x", lambda ops, x: x**x, ONE, POSITIVE, ("micrograd",)),
    Case("diamond", diamond, ONE),
    Case("x * x.T + x", lambda ops, x: x * x.T + x, ((3, 3),)),
    Case("x @ x", lambda ops, x: x @ x, ((3, 3),)),
    Case("x[i] * x[j]", lambda ops, x: x[[0, 1]] * x[[1, 1]], ONE),
]

# --- reductions, shapes, indices -----------------------------------------------------------

BLOCK = ((2, 3, 4),)


def reduction(name: str, axis: Any, keepdims: bool) -> Case:
    def function(ops: Any, x: Any) -> Any:
        return getattr(ops, name)(x, axis=axis, keepdims=keepdims)

    lacking = TENSOR_ONLY if name in ("max", "min") else ()
    return Case(
        f"{name} {axis} {'kept' if keepdims else 'dropped'}", function, BLOCK, (-2, 2), lacking
    )


REDUCTIONS = [
    reduction(name, axis, keepdims)
    for name in ("sum", "mean", "max", "min")
    for axis in (None, 0, 1, -1, (0, 2), (-1, 0), (0, 1, 2))
    for keepdims in (False, True)
]

SHAPING = [
    Case("reshape", lambda ops, x: ops.reshape(x, (4, 6)), BLOCK),
    Case("reshape -1", lambda ops, x: ops.reshape(x, (3, -1)), BLOCK),
    Case("reshape flat", lambda ops, x: ops.reshape(x, -1), BLOCK),
    Case("reshape ()", lambda ops, x: ops.reshape(x, ()), ((1, 1),)),
    Case("x.reshape", lambda ops, x: x.reshape(6, 4), BLOCK),
    Case("transpose", lambda ops, x: ops.transpose(x), BLOCK),
    Case("transpose 2 0 1", lambda ops, x: ops.transpose(x, (2, 0, 1)), BLOCK),
    Case("transpose -2 0 -1", lambda ops, x: ops.transpose(x, (-2, 0, -1)), BLOCK),
    Case("x.transpose", lambda ops, x: x.transpose(1, 2, 0), BLOCK),
    Case("x.T", lambda ops, x: x.T, BLOCK),
]

MASK = np.arange(24).reshape(2, 3, 4) % 5 == 1

INDEXING = [
    Case("x[1]", lambda ops, x: x[1], BLOCK),
    Case("x[-1, 0, 2]", lambda ops, x: x[-1, 0, 2], BLOCK),
    Case("x[:, 1:3]", lambda ops, x: x[:, 1:3], BLOCK),
    Case("x[..., 0]", lambda ops, x: x[..., 0], BLOCK),
    Case("x[:, None, 1]", lambda ops, x: x[:, None, 1], BLOCK),
    Case("x[::-1, ::2]", lambda ops, x: x[::-1, ::2], BLOCK),
    Case("x[np.int64]", lambda ops, x: x[np.int64(1)], BLOCK),
    Case("x[[1, 0, 1, 1]]", lambda ops, x: x[[1, 0, 1, 1]], BLOCK),
    Case("x[array (2, 2)]", lambda ops, x: x[np.array([[0, 1], [1, 1]])], BLOCK),
    Case("x[rows, columns]", lambda ops, x: x[[0, 1, 0], [2, 1, 2]], BLOCK),
    Case("x[0, [2, 2], :]", lambda ops, x: x[0, [2, 2], :], BLOCK),
    Case("x[[1, 1], :, 1:]", lambda ops, x: x[[1, 1], :, 1:], BLOCK),
    Case("x[column, column]", lambda ops, x: x[np.array([[0], [1]]), np.array([0, 0, 2])], BLOCK),
    Case("x[mask]", lambda ops, x: x[MASK], BLOCK),
    Case("x[[False, True]]", lambda ops, x: x[[False, True]], BLOCK),
]

# --- matrix products -----------------------------------------------------------------------

MATMUL = [
    Case(f"{left} @ {right}", lambda ops, x, y: x @ y, (left, right))
    for left, right in [
        ((3, 4), (4, 5)),
        ((1, 4), (4, 1)),
        ((4,), (4, 5)),
        ((3, 4), (4,)),
        ((4,), (4,)),
        ((2, 3, 4), (2, 4, 5)),
        ((2, 3, 4), (4, 5)),
        ((3, 4), (2, 4, 5)),
        ((2, 1, 3, 4), (3, 4, 2)),
        ((2, 1, 3, 4), (1, 3, 4, 2)),
        ((1, 3, 4), (2, 4, 5)),
        ((2, 3, 4), (4,)),
        ((2, 2, 3, 4), (4,)),
        ((4,), (2, 4, 3)),
        ((4,), (2, 2, 4, 3)),
    ]
]

COMPOUNDS = [
    Case("linear", lambda ops, x, W, b: ops.linear(x, W, b), ((3, 4), (4, 2), (2,))),
    Case("linear, one row", lambda ops, x, W, b: ops.linear(x, W, b), ((1, 4), (4, 2), (2,))),
    Case("pick", lambda ops, x: ops.pick(x, np.array([3, 0, 3])), ((3, 4),)),
    Case("pick a column", lambda ops, x: ops.pick(x, np.array([[1], [2], [1]])), ((3, 4),)),
    Case("cross-entropy", lambda ops, x: ops.cross_entropy(x, np.array([3, 0, 3])), ((3, 4),)),
    Case("logsumexp 1", lambda ops, x: ops.logsumexp(x, axis=1), ((3, 4),)),
    Case("logsumexp 0", lambda ops, x: ops.logsumexp(x, axis=0), ((3, 4),)),
    Case("logsumexp -1", lambda ops, x: ops.logsumexp(x, axis=-1), ((2, 3, 4),), lacking=()),
]

CASES = [
    *PAIRS,
    *WITH_NUMBERS,
    *FUNCTIONS,
    *REUSED,
    *REDUCTIONS,
    *SHAPING,
    *INDEXING,
    *MATMUL,
    *COMPOUNDS,
]

# --- the judge -----------------------------------------------------------------------------


def on_engines(cases: list[Case], *engines: str) -> list[Any]:
    """Return (case, engine name) for each engine that has the operation of the case."""
    return [
        pytest.param(case, engine, id=f"{engine}: {case.name}")
        for engine in engines or ENGINES
        for case in cases
        if engine not in case.lacking
    ]


def weights_for(out: Any) -> Any:
    """Return numbers, all different, in the shape of `out`: with them no gradient is constant."""
    return np.cos(1.0 + np.arange(np.size(out))).reshape(np.shape(out))[()]


def weighted(case: Case, weights: Any) -> Callable[..., Any]:
    """Return the row's function, reduced to the scalar sum(result * weights)."""
    return lambda ops, *natives: ops.sum(case.function(ops, *natives) * weights)


def central_differences(function: Callable[..., float], arrays: list[Any]) -> list[Any]:
    """Return (f(x + h) − f(x − h)) / 2h for each element of each array."""
    h = 1e-5
    gradients = []
    for array in arrays:
        gradient = np.empty_like(array)
        for i in np.ndindex(array.shape):
            kept = array[i]
            array[i] = kept + h
            above = function(*arrays)
            array[i] = kept - h
            gradient[i] = (above - function(*arrays)) / (2 * h)
            array[i] = kept
        gradients.append(gradient)
    return gradients


@cache
def truth(case: Case, *shapes: Shape) -> tuple[Any, float, list[Any]]:
    """Return the weights of a row, its weighted value and its gradients, by NumPy alone."""
    arrays = case.arrays(*shapes)
    weights = weights_for(case.function(NUMPY, *arrays))
    function = weighted(case, weights)
    gradients = central_differences(lambda *arrays: float(function(NUMPY, *arrays)), arrays)
    return weights, float(function(NUMPY, *arrays)), gradients


def assert_close(gradients: list[Any], expected: list[Any], rtol: float = 1e-6) -> None:
    """Compare gradients; an entry near 0 is judged against the largest entry of its array."""
    assert len(gradients) == len(expected)
    for gradient, by_truth in zip(gradients, expected, strict=True):
        scale = max(float(np.max(np.abs(by_truth))), 1e-3)
        np.testing.assert_allclose(gradient, by_truth, rtol=rtol, atol=rtol * scale, strict=True)
