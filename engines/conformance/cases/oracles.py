"""What a gradient must be, computed in three ways by NumPy alone.

The ways are a complex step, central differences in higher precision along random directions, and
the closed form of a case. An engine is judged only where they agree.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.engines.conformance.cases.forward import NUMPY

Array = NDArray[Any]
Shape = tuple[int, ...]

PRECISE = np.longdouble
_STEP = 1e-40  # of the complex step: no digits are lost, however small it is
_DIRECTIONS = 3  # that differences are taken along
_EPS = float(np.finfo(PRECISE).eps)


class OracleError(Exception):
    """The oracles disagree: the case is wrong, and no engine may be judged by it."""


def value_of(function: Callable[..., Any], arrays: Sequence[Array]) -> Any:
    """Return ``function(ops, *arrays)`` in the highest precision of NumPy."""
    with np.errstate(all="ignore"):
        return function(NUMPY, *(np.asarray(a, PRECISE)[()] for a in arrays))


def by_complex_step(function: Callable[..., Any], arrays: Sequence[Array]) -> list[Array]:
    """Return the gradients of a scalar function: Im f(x + ih) / h for each element.

    Source: Squire and Trapp, "Using complex variables to estimate derivatives of real
    functions" (SIAM Review, 1998).
    """
    inputs = [np.array(array, np.clongdouble) for array in arrays]
    gradients = []
    with np.errstate(all="ignore"):
        for array in inputs:
            gradient = np.zeros(array.shape, PRECISE)
            for i in np.ndindex(array.shape):
                array[i] += 1j * _STEP
                gradient[i] = np.imag(function(NUMPY, *(a[()] for a in inputs))) / _STEP
                array[i] = array[i].real
            gradients.append(gradient)
    return gradients


def along(
    function: Callable[..., Any], arrays: Sequence[Array], directions: Sequence[Array]
) -> Any:
    """Return the derivative of a scalar function in a direction, by five-point differences.

    The error of the method grows with the fourth power of the step, that of rounding with its
    inverse: the fifth root of the precision balances the two.

    Source: Fornberg, "Generation of finite difference formulas on arbitrarily spaced grids"
    (Mathematics of Computation, 1988), table 1.
    """
    h = PRECISE(_EPS**0.2)
    total = PRECISE(0)
    for steps, weight in ((-2, 1), (-1, -8), (1, 8), (2, -1)):
        moved = [
            np.asarray(a, PRECISE) + steps * h * d for a, d in zip(arrays, directions, strict=True)
        ]
        total = total + weight * value_of(function, moved)
    return total / (12 * h)


def _departures(
    function: Callable[..., Any], arrays: Sequence[Array], gradients: Sequence[Array]
) -> Iterator[tuple[Array, Array]]:
    """Yield what gradients say of some directions, beside the differences along them.

    Every direction moves every element, so a wrong one shows in each of them.
    """
    rng = np.random.default_rng(0)
    for _ in range(_DIRECTIONS):
        directions = [rng.uniform(0.5, 1.0, np.shape(a)) for a in arrays]
        directions = [d * rng.choice((-1.0, 1.0), np.shape(d)) for d in directions]
        parts = [np.ravel(g * d) for g, d in zip(gradients, directions, strict=True)]
        each = np.concatenate(parts) if parts else np.zeros(0)
        yield each, np.asarray(along(function, arrays, directions))


def unbroadcast(gradient: Any, shape: Shape) -> Array:
    """Return a gradient summed over the copies that broadcasting made of each element."""
    gradient = np.asarray(gradient)
    places = np.broadcast_to(np.arange(np.prod(shape, dtype=int)).reshape(shape), gradient.shape)
    out = np.zeros(int(np.prod(shape, dtype=int)), gradient.dtype)
    np.add.at(out, places.ravel(), gradient.ravel())
    return out.reshape(shape)


# --- the functions of the closed forms -----------------------------------------------------


def spread(g: Any, x: Array, axis: Any = None) -> Array:
    """Return a reduction's gradient at every element that was reduced, axes kept or not."""
    kept = np.sum(x, axis=axis, keepdims=True).shape
    return np.broadcast_to(np.reshape(g, kept), x.shape)


def scatter(g: Array, x: Array, index: Any) -> Array:
    """Return zeros like x with g added at every element that an index takes."""
    places = np.arange(x.size).reshape(x.shape)[index]
    out = np.zeros(x.size, g.dtype)
    for place, gradient in zip(np.ravel(places), np.ravel(g), strict=True):
        out[place] += gradient
    return out.reshape(x.shape)


def by_left(g: Array, x: Array, y: Array) -> Array:
    """Return the gradient of sum(g * (x @ y)) by x: a sum over the columns of y."""
    g = g[..., None] if y.ndim == 1 else g
    g = g[..., None, :] if x.ndim == 1 else g
    full = np.einsum("...ik,...jk->...ij", g, y[:, None] if y.ndim == 1 else y)
    rows = x[None, :] if x.ndim == 1 else x
    return unbroadcast(full, rows.shape).reshape(x.shape)


def by_right(g: Array, x: Array, y: Array) -> Array:
    """Return the gradient of sum(g * (x @ y)) by y: a sum over the rows of x."""
    g = g[..., None] if y.ndim == 1 else g
    g = g[..., None, :] if x.ndim == 1 else g
    full = np.einsum("...ij,...ik->...jk", x[None, :] if x.ndim == 1 else x, g)
    columns = y[:, None] if y.ndim == 1 else y
    return unbroadcast(full, columns.shape).reshape(y.shape)


_FUNCTIONS = {
    "np": np,
    "spread": spread,
    "scatter": scatter,
    "by_left": by_left,
    "by_right": by_right,
    "positions": np.arange,
}


def closed_form(text: str, inputs: Mapping[str, Array], g: Any) -> Array:
    """Return a case's derivative, given as text, by the incoming gradient; not yet summed."""
    scope = {name: np.asarray(array, PRECISE) for name, array in inputs.items()}
    with np.errstate(all="ignore"):
        return np.asarray(eval(text, {**_FUNCTIONS, **scope, "g": np.asarray(g, PRECISE)}))


# --- agreement -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Truth:
    """The value of a scalar program and its gradient by each input, in high precision."""

    value: float
    gradients: tuple[Array, ...]


def agree(a: Any, b: Any, rtol: float) -> bool:
    """Tell whether two arrays are equal up to `rtol` of the largest entry."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return False
    if not a.size:
        return True
    scale = max(float(np.max(np.abs(b))), 1e-3)
    return bool(np.all(np.abs(a - b) <= rtol * scale))


# Fourth-order differences lose a fifth of the digits; the table's functions are smooth.
AGREEMENT = max(1e-11, 100 * _EPS**0.8)


def judge(
    function: Callable[..., Any],
    arrays: Sequence[Array],
    derivatives: Sequence[Array] = (),
) -> Truth:
    """Return what is true of a scalar function, once all oracles agree on it.

    `derivatives` are its gradients in closed form; without them only the two numerical oracles
    are compared.

    Raises:
        OracleError: two of them disagree.
    """
    gradients = by_complex_step(function, arrays)
    for i, (a, b) in enumerate(zip(gradients, derivatives, strict=False)):
        if not agree(b, a, AGREEMENT):
            raise OracleError(
                f"the complex step and the closed form disagree about input {i}: {a} and {b}"
            )
    for parts, departure in _departures(function, arrays, gradients):
        scale = max(float(np.sum(np.abs(parts))), 1e-3)
        if not abs(departure - np.sum(parts)) <= AGREEMENT * scale:
            raise OracleError(
                f"the complex step and differences disagree: {np.sum(parts)} and {departure}"
            )
    return Truth(float(value_of(function, arrays)), tuple(gradients))
