"""The forward pass of every operation in NumPy, for real and complex arrays of any precision.

The complex step needs functions that carry an imaginary part along, so kinks are decided by the
real part. Nothing here is differentiated.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.engines.operations import Operations

Array = NDArray[Any]


def _extreme(choose: Callable[..., Any]) -> Callable[..., Any]:
    """Return max or min by the real part, which keeps the imaginary part with it."""

    def reduce(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
        a = np.asarray(a)
        attained = a.real == choose(a.real, axis=axis, keepdims=True)
        return np.sum(np.where(attained, a, 0 * a), axis=axis, keepdims=keepdims) / (
            np.sum(attained, axis=axis, keepdims=keepdims)
        )

    return reduce


def _pick(a: Array, columns: Array) -> Array:
    return np.take_along_axis(a, columns.reshape(len(a), -1), axis=1).reshape(columns.shape)


def _logsumexp(a: Array, axis: int, keepdims: bool = False) -> Any:
    top = np.max(np.real(a), axis=axis, keepdims=True)
    total = np.sum(np.exp(a - top), axis=axis, keepdims=True)
    return np.asarray(np.sum(np.log(total) + top, axis=axis, keepdims=keepdims))[()]


def _log_softmax(a: Array, axis: int = -1) -> Any:
    return a - _logsumexp(a, axis, keepdims=True)


def _of_labels(log_p: Array, labels: Array) -> Any:
    """Return −log p of the labels, row by row; labels are columns or rows of ones and zeros."""
    labels = np.asarray(labels)
    if labels.ndim == 1:
        return -_pick(log_p, labels)
    return -np.sum(log_p * labels, axis=-1)


def _variance(a: Any, axis: Any = None, keepdims: bool = False, ddof: int = 0) -> Any:
    off = a - np.mean(a, axis=axis, keepdims=True)
    total = np.sum(off * off, axis=axis, keepdims=keepdims)
    return total / (np.size(a) / np.size(total) - ddof)


def _norm(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.sqrt(np.sum(a * a, axis=axis, keepdims=keepdims))


def _erf(a: Any) -> Any:
    """Return the error function of small numbers by its series.

    Source: Abramowitz and Stegun, "Handbook of Mathematical Functions", 7.1.5.
    """
    power, total = a, 0 * a
    for n in range(60):
        total = total + power / (2 * n + 1)
        power = -power * a * a / (n + 1)
    return total * 2 / np.sqrt(np.longdouble(np.pi) if _is_precise(a) else np.pi)


def _is_precise(a: Any) -> bool:
    return np.asarray(a).dtype in (np.longdouble, np.clongdouble)


def _gelu(a: Any, is_exact: bool = False) -> Any:
    """Source: Hendrycks and Gimpel, "Gaussian error linear units" (2016), section 2."""
    if is_exact:
        return a * (1 + _erf(a / np.sqrt(np.longdouble(2)))) / 2
    return a * (1 + np.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a * a * a))) / 2


def _positive(a: Any) -> Any:
    return np.real(a) > 0


def _bce(p: Any, target: Any) -> Any:
    return -(target * np.log(p) + (1 - target) * np.log(1 - p))


def _stacked(arrays: Sequence[Any], axis: int = 0) -> Any:
    return np.stack([np.asarray(a) for a in arrays], axis=axis)


def _joined(arrays: Sequence[Any], axis: int = 0) -> Any:
    return np.concatenate([np.asarray(a) for a in arrays], axis=axis)


def _ordered(choose: Callable[..., Any]) -> Callable[..., Any]:
    return lambda a, b: np.asarray(np.where(choose(np.real(a), np.real(b)), a, b))[()]


_max, _min = _extreme(np.max), _extreme(np.min)

# What the table of cases is written with, and what engines may declare as operations.
_TABLE: dict[str, Callable[..., Any]] = {
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "relu": lambda a: np.where(_positive(a), a, 0 * a)[()],
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "sum": np.sum,
    "mean": np.mean,
    "max": _max,
    "min": _min,
    "reshape": np.reshape,
    "transpose": np.transpose,
    "detach": lambda a: np.real(a) + 0 * np.real(a),
    "linear": lambda x, W, b: x @ W + b,
    "pick": _pick,
    "logsumexp": _logsumexp,
}

# Other names of the field.
_FIELD: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in ("sqrt", "square", "sin", "cos", "sinh", "cosh")},
    **{name: getattr(np, name) for name in ("log1p", "expm1", "reciprocal", "prod", "cumsum")},
    **{name: getattr(np, name) for name in ("squeeze", "expand_dims", "swapaxes", "ravel")},
    **{name: getattr(np, name) for name in ("broadcast_to", "matmul", "add", "subtract")},
    **{name: getattr(np, name) for name in ("multiply", "divide", "power", "negative", "pad")},
    "abs": lambda a: np.where(_positive(a), a, -a)[()],
    "leaky_relu": lambda a, slope=0.01: np.where(_positive(a), a, slope * a)[()],
    "elu": lambda a, alpha=1.0: np.where(_positive(a), a, alpha * (np.exp(a) - 1))[()],
    "gelu": _gelu,
    "softplus": lambda a: np.log(1 + np.exp(a)),
    "silu": lambda a: a / (1 + np.exp(-a)),
    "softmax": lambda a, axis=-1: np.exp(_log_softmax(a, axis)),
    "log_softmax": _log_softmax,
    "var": _variance,
    "std": lambda *a, **k: np.sqrt(_variance(*a, **k)),
    "norm": _norm,
    "where": lambda c, a, b: np.where(np.real(c) != 0, a, b),
    "clip": lambda a, low, high: np.where(
        np.real(a) < low, low + 0 * a, np.where(np.real(a) > high, high + 0 * a, a)
    )[()],
    "maximum": _ordered(np.greater),
    "minimum": _ordered(np.less),
    "concatenate": _joined,
    "stack": _stacked,
    "mse": lambda a, b: (a - b) * (a - b),
    "bce": _bce,
    "bce_logits": lambda a, target: _bce(1 / (1 + np.exp(-a)), target),
    "softmax_cross_entropy": lambda a, labels: _of_labels(_log_softmax(a), labels),
}

NUMPY = Operations("NumPy", {**_TABLE, **_FIELD})
KNOWN = frozenset(_TABLE) | {"cross_entropy"}
