"""The operations of the tensor engine: one row each, forward and vjps. No graph, no state.

A vjp (vector-Jacobian product) takes the incoming gradient `g`, the result `out` and the
operands, and returns the gradient of one operand. It may return it in the shape that
broadcasting gave it: the edge to the parent sums it back (`unbroadcast`). It may return `g`
itself or a view, so nobody adds to a gradient in place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Axis = int | tuple[int, ...] | None

# np.sum, np.max and np.min without their detour over Python: (array, axis, dtype, out, keepdims).
_add_up: Callable[..., Any] = np.add.reduce
_maximum_of: Callable[..., Any] = np.maximum.reduce
_minimum_of: Callable[..., Any] = np.minimum.reduce


@dataclass(frozen=True)
class Rule:
    """An operation: its name, its value, and one vjp for each operand that can be a Value."""

    name: str
    forward: Callable[..., Any]
    vjps: tuple[Callable[..., Any], ...]


def unbroadcast(gradient: Array, shape: tuple[int, ...]) -> Any:
    """Sum `gradient` over the axes that broadcasting added to or stretched from `shape`."""
    added = gradient.ndim - len(shape)
    if added:
        gradient = _add_up(gradient, 0 if added == 1 else tuple(range(added)))
    if gradient.shape != shape:
        stretched = tuple(i for i, n in enumerate(shape) if n == 1 and gradient.shape[i] != 1)
        gradient = _add_up(gradient, axis=stretched, keepdims=True)
    return gradient


# --- elementwise, two operands -------------------------------------------------------------


def _power_by_base(g: Array, out: Array, a: Any, b: Any) -> Any:
    """Return g · b · a ** (b − 1), and 0 where b is 0, also where a is 0."""
    if isinstance(b, int | float):
        return g * (b * a ** (b - 1)) if b != 0 else np.zeros_like(g)
    return g * (b * np.power(a, np.where(b == 0, b, b - 1)))


def _power_by_exponent(g: Array, out: Array, a: Any, b: Any) -> Any:
    """Return g · out · log(a), and 0 where a is 0 and b is not negative."""
    vanishes = (np.equal(a, 0)) & (np.greater_equal(b, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(vanishes, np.zeros_like(g), g * (out * np.log(a)))


ADD = Rule("+", np.add, (lambda g, out, a, b: g, lambda g, out, a, b: g))
SUBTRACT = Rule("-", np.subtract, (lambda g, out, a, b: g, lambda g, out, a, b: -g))
MULTIPLY = Rule("*", np.multiply, (lambda g, out, a, b: g * b, lambda g, out, a, b: g * a))
DIVIDE = Rule(
    "/", np.true_divide, (lambda g, out, a, b: g / b, lambda g, out, a, b: -g * (out / b))
)
POWER = Rule("**", np.power, (_power_by_base, _power_by_exponent))


# --- elementwise, one operand --------------------------------------------------------------


def _sigmoid(a: Array) -> Any:
    """Return 1 / (1 + exp(−a)) with an exponent that is never positive, so never overflows."""
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, np.ones_like(e), e) / (1 + e)


def _relu(a: Array) -> Any:
    return np.maximum(a, a.dtype.type(0))  # a zero of another type would be converted first


def _relu_vjp(g: Array, out: Array, a: Array) -> Any:
    """Return g where the result is positive; NumPy casts faster on its own than in a product."""
    return g * (out > 0.0).astype(g.dtype)


NEGATE = Rule("neg", np.negative, (lambda g, out, a: -g,))
EXP = Rule("exp", np.exp, (lambda g, out, a: g * out,))
LOG = Rule("log", np.log, (lambda g, out, a: g / a,))
TANH = Rule("tanh", np.tanh, (lambda g, out, a: g * (1 - out * out),))
RELU = Rule("relu", _relu, (_relu_vjp,))
SIGMOID = Rule("sigmoid", _sigmoid, (lambda g, out, a: g * (out * (1 - out)),))


# --- matrix product ------------------------------------------------------------------------


def _matmul_by_left(g: Array, out: Array, a: Array, b: Array) -> Any:
    """Return g @ bᵀ; a vector stands for a row on the left and a column on the right."""
    if a.ndim > 1 and b.ndim > 1:
        return g @ b.swapaxes(-1, -2)
    if b.ndim == 1:
        return np.multiply(np.expand_dims(g, -1), b)
    return (np.expand_dims(g, -2) @ b.swapaxes(-1, -2)).squeeze(-2)


def _matmul_by_right(g: Array, out: Array, a: Array, b: Array) -> Any:
    """Return aᵀ @ g; a vector stands for a row on the left and a column on the right."""
    if a.ndim > 1 and b.ndim > 1:
        return a.swapaxes(-1, -2) @ g
    if b.ndim == 1 and a.ndim == 1:
        return np.multiply(a, g)
    if a.ndim == 1:
        return np.multiply(a[:, None], np.expand_dims(g, -2))
    return (a.swapaxes(-1, -2) @ np.expand_dims(g, -1)).squeeze(-1)


MATMUL = Rule("@", np.matmul, (_matmul_by_left, _matmul_by_right))


def _linear(x: Array, W: Array, b: Array) -> Any:
    """Return x @ W + b of two matrices and a vector."""
    out = x @ W
    out += b
    return out


LINEAR = Rule(
    "linear",
    _linear,
    (
        lambda g, out, x, W, b: g @ W.T,
        lambda g, out, x, W, b: x.T @ g,
        lambda g, out, x, W, b: g,
    ),
)


# --- reductions ----------------------------------------------------------------------------


def _kept_shape(a: Array, axis: Axis) -> tuple[int, ...]:
    """Return the shape that a reduction of `a` has with keepdims."""
    if axis is None:
        return (1,) * a.ndim
    shape = list(a.shape)
    for i in axis if isinstance(axis, tuple) else (axis,):
        if shape:
            shape[i] = 1
    return tuple(shape)


def _expand(reduced: Any, a: Array, axis: Axis, keepdims: bool) -> Any:
    """Return `reduced` with the axes that a reduction of `a` dropped, of length one."""
    return reduced if keepdims or axis is None else reduced.reshape(_kept_shape(a, axis))


def _sum_vjp(g: Array, out: Array, a: Array, axis: Axis, keepdims: bool) -> Array:
    gradient = np.empty_like(a, g.dtype)
    gradient[...] = _expand(g, a, axis, keepdims)
    return gradient


def _mean(a: Array, axis: Axis, keepdims: bool) -> Any:
    total = _add_up(a, axis, None, None, keepdims)
    return total / (a.size / (total.size or 1))


def _mean_vjp(g: Array, out: Array, a: Array, axis: Axis, keepdims: bool) -> Array:
    return _sum_vjp(g / (a.size / (out.size or 1)), out, a, axis, keepdims)


def _extreme_vjp(g: Array, out: Array, a: Array, axis: Axis, keepdims: bool) -> Any:
    """Share the gradient equally among the elements that attain the extreme (nan always does)."""
    attained = (a == _expand(out, a, axis, keepdims)) | np.isnan(a)
    ties = attained.sum(axis=axis, keepdims=True, dtype=a.dtype)
    return attained * (_expand(g, a, axis, keepdims) / ties)


def _sum(a: Array, axis: Axis, keepdims: bool) -> Any:
    return _add_up(a, axis, None, None, keepdims)


SUM = Rule("sum", _sum, (_sum_vjp,))
MEAN = Rule("mean", _mean, (_mean_vjp,))


def _max(a: Array, axis: Axis, keepdims: bool) -> Any:
    return _maximum_of(a, axis, None, None, keepdims)


def _min(a: Array, axis: Axis, keepdims: bool) -> Any:
    return _minimum_of(a, axis, None, None, keepdims)


MAX = Rule("max", _max, (_extreme_vjp,))
MIN = Rule("min", _min, (_extreme_vjp,))


def _logsumexp(a: Array, axis: int) -> Any:
    """Return log(sum(exp(a))) along an axis, the maximum taken out."""
    top = _maximum_of(a, axis, None, None, True)
    e = np.exp(a - top)
    total = _add_up(e, axis)
    return np.log(total) + top.reshape(total.shape)


def _logsumexp_vjp(g: Array, out: Array, a: Array, axis: int) -> Any:
    """Return g times the softmax of a."""
    axis %= a.ndim
    kept = (*a.shape[:axis], 1, *a.shape[axis + 1 :])
    softmax = np.exp(a - out.reshape(kept))
    softmax *= g.reshape(kept)
    return softmax


LOGSUMEXP = Rule("logsumexp", _logsumexp, (_logsumexp_vjp,))


# --- shape ---------------------------------------------------------------------------------


def _transpose_vjp(g: Array, out: Array, a: Array, axes: tuple[int, ...] | None) -> Array:
    return np.transpose(g, None if axes is None else np.argsort([i % a.ndim for i in axes]))


def _index_vjp(g: Array, out: Array, a: Array, index: Any) -> Array:
    """Return zeros with `g` at `index`; an element that was taken twice gets the sum."""
    gradient = np.zeros_like(a)
    parts = index if isinstance(index, tuple) else (index,)
    if all(part is None or part is ... or isinstance(part, int | slice) for part in parts):
        gradient[index] = g
    else:
        np.add.at(gradient, index, g)
    return gradient


RESHAPE = Rule("reshape", np.reshape, (lambda g, out, a, shape: g.reshape(a.shape),))
TRANSPOSE = Rule("transpose", np.transpose, (_transpose_vjp,))


def flat_index(shape: tuple[int, int], columns: Array) -> Any:
    """Return where the elements of each row in given columns, (n,) or (n, m), lie flat."""
    n, k = shape
    starts = np.arange(0, n * k, k)
    return columns + (starts if columns.ndim == 1 else starts[:, None])


def _pick(a: Array, index: Array) -> Any:
    return a.take(index, mode="clip")  # the index is right, and clipping needs no copy of it


def _pick_vjp(g: Array, out: Array, a: Array, index: Array) -> Array:
    gradient = np.zeros(a.shape, a.dtype, like=a)
    gradient.put(index, g, "clip")
    return gradient


PICK = Rule("pick", _pick, (_pick_vjp,))
INDEX = Rule("index", lambda a, index: a[index], (_index_vjp,))
