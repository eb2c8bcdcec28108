"""The `Dual`: an array that carries its derivatives with it. No backward pass, no training.

Forward mode computes derivatives from the inputs to the result, along with the values. It keeps
no graph and needs no backward pass, but every operation handles every derivative: p of them cost
about p times the work, where reverse mode needs one pass for all.
Source: Griewank, Walther, "Evaluating Derivatives" (2008), section 3.1.
"""

from collections.abc import Sequence
from typing import Any, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Axis = int | tuple[int, ...] | None
Operand = Union["Dual", Array, float]


class Dual:
    """An array and its tangent, which has one more axis: ``tangent[..., j]`` is d value / d x_j.

    The axis of the inputs is the last, so tangents broadcast as their values do. Plain arrays
    and numbers are constants. `@` takes matrices only.
    """

    __array_ufunc__ = None  # so that `array * dual` calls our __rmul__

    def __init__(self, value: ArrayLike, tangent: Array) -> None:
        self.value = np.asarray(value, np.float64)
        self.tangent = np.broadcast_to(tangent, (*self.value.shape, tangent.shape[-1]))

    def __add__(self, other: Operand) -> "Dual":
        if isinstance(other, Dual):
            return Dual(self.value + other.value, self.tangent + other.tangent)
        return Dual(self.value + other, self.tangent)

    def __mul__(self, other: Operand) -> "Dual":
        if isinstance(other, Dual):
            by_self, by_other = self._times(other.value), other._times(self.value)
            return Dual(self.value * other.value, by_self + by_other)
        return Dual(self.value * other, self._times(other))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> "Dual":
        return self * -1.0

    def __sub__(self, other: Operand) -> "Dual":
        return self + -other

    def __rsub__(self, other: Operand) -> "Dual":
        return -self + other

    def __truediv__(self, other: Operand) -> "Dual":
        return self * other**-1.0

    def __rtruediv__(self, other: Operand) -> "Dual":
        return self**-1.0 * other

    def __pow__(self, n: float) -> "Dual":
        return Dual(self.value**n, self._times(n * self.value ** (n - 1) if n else 0.0))

    def __matmul__(self, other: Union["Dual", Array]) -> "Dual":
        if isinstance(other, Dual):
            right = np.tensordot(self.value, other.tangent, axes=(1, 0))  # (n, k, p)
            return Dual(self.value @ other.value, self._product(other.value) + right)
        return Dual(self.value @ other, self._product(other))

    def __rmatmul__(self, other: Array) -> "Dual":
        return Dual(other @ self.value, np.tensordot(other, self.tangent, axes=(1, 0)))

    def __getitem__(self, index: Any) -> "Dual":
        return Dual(self.value[index], self.tangent[index])

    def _times(self, factor: Any) -> Array:
        """Return the tangent times a factor in the shape of the value."""
        slopes: Array = np.asarray(factor, np.float64)[..., None]
        return self.tangent * slopes

    def _product(self, right: Array) -> Array:
        """Return the tangent (n, d, p) times a matrix (d, k), as (n, k, p)."""
        product: Array = np.tensordot(self.tangent, right, axes=(1, 0))  # (n, p, k)
        return product.transpose(0, 2, 1)


def exp(x: Dual) -> Dual:
    """Return e to the power of x."""
    out = np.exp(x.value)
    return Dual(out, x._times(out))


def log(x: Dual) -> Dual:
    """Return the natural logarithm of x."""
    return Dual(np.log(x.value), x._times(1.0 / x.value))


def tanh(x: Dual) -> Dual:
    """Return the hyperbolic tangent of x."""
    out = np.tanh(x.value)
    return Dual(out, x._times(1.0 - out * out))


def relu(x: Dual) -> Dual:
    """Return x, or 0 where it is negative; the derivative at 0 is 0."""
    return Dual(np.maximum(x.value, 0.0), x._times(x.value > 0.0))


def total(x: Dual, axis: Axis = None, keepdims: bool = False) -> Dual:
    """Return the sum over some axes, by default over all."""
    n = x.value.ndim
    axes = range(n) if axis is None else [axis] if isinstance(axis, int) else axis
    own = tuple(i % n for i in axes)  # from the front: the tangent has one more axis at the end
    return Dual(x.value.sum(own, keepdims=keepdims), x.tangent.sum(own, keepdims=keepdims))


def maximum(x: Dual, axis: Axis = None, keepdims: bool = False) -> Dual:
    """Return the largest elements; ties share the derivative equally."""
    ties = x.value == x.value.max(axis, keepdims=True)
    shared = x * (ties / ties.sum(axis, keepdims=True))
    return Dual(x.value.max(axis, keepdims=keepdims), total(shared, axis, keepdims).tangent)


def detach(x: Dual) -> Dual:
    """Return the same numbers with derivatives of zero."""
    return Dual(x.value, np.zeros(x.tangent.shape[-1]))


def inputs(arrays: Sequence[ArrayLike]) -> list[Dual]:
    """Return a Dual for each array; the x_j are the elements of all arrays, one after another."""
    ends = np.cumsum([np.size(array) for array in arrays])
    rows = np.split(np.eye(int(ends[-1])), ends[:-1])
    return [
        Dual(array, unit.reshape(*np.shape(array), -1))
        for array, unit in zip(arrays, rows, strict=True)
    ]


def constants(arrays: Sequence[ArrayLike]) -> list[Dual]:
    """Return a Dual without any derivatives for each array."""
    return [Dual(array, np.zeros(0)) for array in arrays]
