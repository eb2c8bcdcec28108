"""Functions of arrays that NumPy lacks, and the vjps that take more than an expression.

rules.py says what each is for. No graph, no state.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Axis = int | tuple[int, ...] | None

# np.sum, np.max and np.min, without the Python they wrap around these calls:
# (array, axis, dtype, out, keepdims).
_sum: Callable[..., Any] = np.add.reduce
_max: Callable[..., Any] = np.maximum.reduce
_min: Callable[..., Any] = np.minimum.reduce

# Arrays, since `put` would make one of a number at every step.
_MINUS_ONES = {char: np.array(-1.0, char) for char in "fd"}  # float32 and float64


# --- what a Value accepts ------------------------------------------------------------------


def as_data(given: ArrayLike, requires_grad: bool) -> Array:
    """Return the array of a Value: floats as they are, Python's numbers and lists as float64.

    Raises:
        TypeError: these are not real numbers, or not floats and a gradient is required.
    """
    array = np.asarray(given)
    if array.dtype.kind in "biu" and not isinstance(given, np.ndarray | np.generic):
        array = array.astype(np.float64)
    if array.dtype.kind not in "fbiu":
        raise TypeError(f"Value: an array of {array.dtype} does not hold real numbers")
    if requires_grad and array.dtype.kind != "f":
        raise TypeError(
            f"Value: an array of {array.dtype} cannot require a gradient; "
            "pass floats, or requires_grad=False for integer constants"
        )
    return array


def as_operand(given: Any) -> Any:
    """Return a number as it is, since it has no dtype, and anything else as an array."""
    if isinstance(given, int | float):
        return given
    array = given if isinstance(given, np.ndarray) else np.asarray(given)
    if array.dtype.kind not in "fbiu":
        raise TypeError(f"Value: an operand of {array.dtype} does not hold real numbers")
    return array


# --- broadcasting --------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _ones(n: int, dtype: np.dtype[Any]) -> Array:
    """Return n ones that nobody can write to: making them anew takes longer than a sum."""
    ones = np.ones(n, dtype)
    ones.flags.writeable = False
    return ones


def unbroadcast(gradient: Array, shape: tuple[int, ...]) -> Any:
    """Sum `gradient` over the axes that broadcasting added to `shape` or stretched."""
    added = gradient.ndim - len(shape)
    if added == 1 and gradient.ndim == 2:
        gradient = np.dot(_ones(len(gradient), gradient.dtype), gradient)  # half the time of a sum
    elif added:
        gradient = _sum(gradient, 0 if added == 1 else tuple(range(added)))
    if gradient.shape != shape:
        stretched = tuple(i for i, n in enumerate(shape) if n == 1 and gradient.shape[i] != 1)
        gradient = _sum(gradient, axis=stretched, keepdims=True)
    return gradient


# --- elementwise ---------------------------------------------------------------------------


def by_base(g: Array, out: Array, a: Any, b: Any) -> Any:
    """Return g · b · a ** (b − 1); 0 where b is 0, even where a is 0."""
    if isinstance(b, int | float):
        return g * (b * a ** (b - 1)) if b != 0 else np.zeros_like(g)
    return g * (b * np.power(a, np.where(b == 0, b, b - 1)))


def by_exponent(g: Array, out: Array, a: Any, b: Any) -> Any:
    """Return g · out · log(a); 0 where a is 0 and b is not negative."""
    vanishes = (np.equal(a, 0)) & (np.greater_equal(b, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(vanishes, np.zeros_like(g), g * (out * np.log(a)))


def sigmoid(a: Array) -> Any:
    """Return 1 / (1 + exp(−a)); the exponent is never positive, so exp never overflows."""
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, np.ones_like(e), e) / (1 + e)


def relu(a: Array) -> Any:
    """Return max(a, 0); the zero has the dtype of `a`, since converting it takes longer."""
    return np.maximum(a, a.dtype.type(0))


# --- matrix products; a vector is a row on the left and a column on the right ---------------


def by_left(g: Array, out: Array, a: Array, b: Array) -> Any:
    """Return g @ bᵀ."""
    if a.ndim > 1 and b.ndim > 1:
        return g @ b.swapaxes(-1, -2)
    if b.ndim == 1:
        return np.multiply(np.expand_dims(g, -1), b)
    return (np.expand_dims(g, -2) @ b.swapaxes(-1, -2)).squeeze(-2)


def by_right(g: Array, out: Array, a: Array, b: Array) -> Any:
    """Return aᵀ @ g."""
    if a.ndim > 1 and b.ndim > 1:
        return a.swapaxes(-1, -2) @ g
    if b.ndim == 1 and a.ndim == 1:
        return np.multiply(a, g)
    if a.ndim == 1:
        return np.multiply(a[:, None], np.expand_dims(g, -2))
    return (a.swapaxes(-1, -2) @ np.expand_dims(g, -1)).squeeze(-1)


def linear(x: Array, W: Array, b: Array) -> Any:
    """Return x @ W + b of two matrices and a vector; `dot` takes less time than `@` to begin."""
    out: Array = np.dot(x, W)
    out += b
    return out


# --- reductions ----------------------------------------------------------------------------


def add_up(a: Array, axis: Axis, keepdims: bool) -> Any:
    """Return the sum."""
    return _sum(a, axis, None, None, keepdims)


def average(a: Array, axis: Axis, keepdims: bool) -> Any:
    """Return the mean."""
    total = _sum(a, axis, None, None, keepdims)
    return total / (a.size / (total.size or 1))


def largest(a: Array, axis: Axis, keepdims: bool) -> Any:
    """Return the maximum."""
    return _max(a, axis, None, None, keepdims)


def smallest(a: Array, axis: Axis, keepdims: bool) -> Any:
    """Return the minimum."""
    return _min(a, axis, None, None, keepdims)


def _expand(reduced: Any, a: Array, axis: Axis, keepdims: bool) -> Any:
    """Return `reduced` with length one in the axes that a reduction of `a` dropped."""
    if keepdims or axis is None:
        return reduced
    shape = list(a.shape)
    for i in axis if isinstance(axis, tuple) else (axis,):
        if shape:
            shape[i] = 1
    return reduced.reshape(shape)


def by_sum(g: Array, out: Array, a: Array, axis: Axis, keepdims: bool) -> Array:
    """Return g for each element that was added."""
    gradient = np.empty_like(a, g.dtype)
    gradient[...] = _expand(g, a, axis, keepdims)
    return gradient


def by_average(g: Array, out: Array, a: Array, axis: Axis, keepdims: bool) -> Array:
    """Return g / n for each of the n elements of a mean."""
    return by_sum(g / (a.size / (out.size or 1)), out, a, axis, keepdims)


def by_extreme(g: Array, out: Array, a: Array, axis: Axis, keepdims: bool) -> Any:
    """Share g equally among the elements that attain the extreme (nan always does)."""
    attained = (a == _expand(out, a, axis, keepdims)) | np.isnan(a)
    ties = attained.sum(axis=axis, keepdims=True, dtype=a.dtype)
    return attained * (_expand(g, a, axis, keepdims) / ties)


def logsumexp(a: Array, axis: int) -> Any:
    """Return log(sum(exp(a))) along an axis, shifted by the maximum so that exp is at most 1."""
    top = _max(a, axis, None, None, True)
    e = np.exp(a - top)
    total = _sum(e, axis)
    return np.log(total) + top.reshape(total.shape)


def by_logsumexp(g: Array, out: Array, a: Array, axis: int) -> Any:
    """Return g times the softmax of a."""
    axis %= a.ndim
    kept = (*a.shape[:axis], 1, *a.shape[axis + 1 :])
    softmax = np.exp(a - out.reshape(kept))
    softmax *= g.reshape(kept)
    return softmax


@lru_cache(maxsize=64)
def _starts(n: int, k: int) -> Array:
    """Return where each of n rows of k elements begins in the flattened array."""
    starts = np.arange(0, n * k, k)
    starts.flags.writeable = False
    return starts


def cross_entropy(a: Array, labels: Array) -> tuple[Any, Array, Array]:
    """Return the mean of logsumexp − a[label] over the rows, the softmax, and where labels are."""
    n, k = a.shape
    places = labels + _starts(n, k)
    shifted = a - _max(a, 1, None, None, True)
    softmax = np.exp(shifted)
    total = _sum(softmax, 1, None, None, True)
    losses = np.log(total).reshape(n) - take_flat(shifted, places)
    softmax /= total
    return _sum(losses, None) / n, softmax, places


def by_cross_entropy(g: Array, out: Array, softmax: Array, places: Array) -> Any:
    """Return g / n times the softmax, less 1 at the labels."""
    gradient = put_flat(_MINUS_ONES[softmax.dtype.char], out, softmax, places)
    gradient += softmax
    gradient *= g / len(places)
    return gradient


# --- shape ---------------------------------------------------------------------------------


def undo_transpose(g: Array, out: Array, a: Array, axes: tuple[int, ...] | None) -> Array:
    """Return g with its axes in the order of `a`."""
    return np.transpose(g, None if axes is None else np.argsort([i % a.ndim for i in axes]))


def put_at(g: Array, out: Array, a: Array, index: Any) -> Array:
    """Return zeros with g at `index`; an element that was taken twice gets the sum."""
    gradient = np.zeros_like(a)
    parts = index if isinstance(index, tuple) else (index,)
    if all(part is None or part is ... or isinstance(part, int | slice) for part in parts):
        gradient[index] = g
    else:
        np.add.at(gradient, index, g)
    return gradient


def take_flat(a: Array, index: Array) -> Any:
    """Return the elements at positions in the flattened array."""
    return a.take(index, mode="clip")  # all are in range; mode "raise" would copy the index


def put_flat(g: Array, out: Array, a: Array, index: Array) -> Array:
    """Return zeros with g at positions in the flattened array, each taken once."""
    gradient = np.zeros(a.shape, a.dtype, like=a)
    gradient.put(index, g, "clip")
    return gradient
