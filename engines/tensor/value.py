"""The tensor `Value`: an array that remembers how it was made. No formulas, no training.

rules.py has the formulas. `_pass_on`, at the end, is the chain rule.
"""

from collections.abc import Callable, Iterator
from typing import Any, Self, Union

import numpy as np
from numpy.typing import ArrayLike

from benchgrad.engines.drawing import Drawing, draw
from benchgrad.engines.tensor import rules
from benchgrad.engines.tensor.arrays import Array, Axis, as_data, as_operand, unbroadcast
from benchgrad.engines.tensor.rules import Rule
from benchgrad.engines.tensor.tracking import tracking
from benchgrad.engines.topology import topological_order

Operand = Union["Value", Array, float]


class Value:
    """An array, its gradient, and the values it was made from.

    Operands broadcast as in NumPy; a gradient always has the shape and dtype of its `data`.
    float32 and float64 stay what they are. Python numbers and lists become float64, but a
    number in an operation takes the dtype of the array.

    A node remembers only operands that require a gradient: constants, and whatever is made of
    constants alone, are not tracked. It holds no closure and no reference cycle, so a graph is
    freed as soon as its last value is dropped.

    Where a derivative does not exist, the usual conventions hold: relu has derivative 0 at 0 (and
    at nan), elements that tie for a maximum or minimum share the gradient equally, and `x ** 0`
    has derivative 0 everywhere.

    >>> x, W = Value([[1, 2, 3]]), Value([[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]])
    >>> z = (x @ W + Value([[0.5, -0.5]])).relu()
    >>> z.sum().backward()
    >>> z.grad
    array([[1., 1.]])

    Raises:
        TypeError: the data are not real numbers, or a gradient is required of integers in a
            NumPy array.
    """

    __slots__ = (
        "__weakref__",
        "_gradient",
        "_operands",
        "_rule",
        "_vjps",
        "data",
        "parents",
        "requires_grad",
    )
    __array_ufunc__ = None  # makes `array * value` call Value.__rmul__

    def __init__(self, data: ArrayLike, requires_grad: bool = True) -> None:
        self._fill(as_data(data, requires_grad), requires_grad)

    def _fill(  # noqa: PLR0913, PLR0917 (one for each slot)
        self,
        data: Array,
        requires_grad: bool,
        rule: Rule | None = None,
        parents: "tuple[Value, ...]" = (),
        vjps: tuple[Callable[..., Any], ...] = (),  # one for each parent
        operands: tuple[Any, ...] = (),  # arrays, numbers and attributes, as given to the rule
    ) -> Self:
        self.data = data
        self.requires_grad = requires_grad
        self.parents = parents
        self._gradient: Array | None = None  # None means zeros
        self._rule = rule
        self._vjps = vjps
        self._operands = operands
        return self

    @property
    def grad(self) -> Array:
        """The gradient of the last `backward`; for a leaf, the sum over all of them."""
        if self._gradient is None:
            self._gradient = np.zeros_like(self.data)
        return self._gradient

    @grad.setter
    def grad(self, gradient: ArrayLike) -> None:
        self._gradient = np.broadcast_to(np.asarray(gradient, self.dtype), self.shape).copy()

    @property
    def operation(self) -> str:
        """The name of the operation that made this value; empty for a leaf."""
        return self._rule.name if self._rule else ""

    # fmt: off
    @property
    def shape(self) -> tuple[int, ...]:                return self.data.shape
    @property
    def ndim(self) -> int:                             return self.data.ndim
    @property
    def size(self) -> int:                             return self.data.size
    @property
    def dtype(self) -> np.dtype[Any]:                  return self.data.dtype
    def __len__(self) -> int:                          return len(self.data)
    def __iter__(self) -> "Iterator[Value]":           return (self[i] for i in range(len(self)))
    def __float__(self) -> float:                      return float(self.data)

    # Operations: rules.py has the formulas.
    def __add__(self, other: Operand) -> "Value":      return binary(rules.ADD, self, other)
    def __radd__(self, other: Operand) -> "Value":     return binary(rules.ADD, other, self)
    def __sub__(self, other: Operand) -> "Value":      return binary(rules.SUBTRACT, self, other)
    def __rsub__(self, other: Operand) -> "Value":     return binary(rules.SUBTRACT, other, self)
    def __mul__(self, other: Operand) -> "Value":      return binary(rules.MULTIPLY, self, other)
    def __rmul__(self, other: Operand) -> "Value":     return binary(rules.MULTIPLY, other, self)
    def __truediv__(self, other: Operand) -> "Value":  return binary(rules.DIVIDE, self, other)
    def __rtruediv__(self, other: Operand) -> "Value": return binary(rules.DIVIDE, other, self)
    def __pow__(self, other: Operand) -> "Value":      return binary(rules.POWER, self, other)
    def __rpow__(self, other: Operand) -> "Value":     return binary(rules.POWER, other, self)
    def __matmul__(self, other: Operand) -> "Value":   return binary(rules.MATMUL, self, other)
    def __rmatmul__(self, other: Operand) -> "Value":  return binary(rules.MATMUL, other, self)
    def __getitem__(self, index: Any) -> "Value":      return unary(rules.INDEX, self, index)
    def __neg__(self) -> "Value":                      return unary(rules.NEGATE, self)
    def exp(self) -> "Value":                          return unary(rules.EXP, self)
    def log(self) -> "Value":                          return unary(rules.LOG, self)
    def tanh(self) -> "Value":                         return unary(rules.TANH, self)
    def relu(self) -> "Value":                         return unary(rules.RELU, self)
    def sigmoid(self) -> "Value":                      return unary(rules.SIGMOID, self)
    # fmt: on

    def sum(self, axis: Axis = None, keepdims: bool = False) -> "Value":
        return unary(rules.SUM, self, axis, keepdims)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> "Value":
        return unary(rules.MEAN, self, axis, keepdims)

    def max(self, axis: Axis = None, keepdims: bool = False) -> "Value":
        return unary(rules.MAX, self, axis, keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> "Value":
        return unary(rules.MIN, self, axis, keepdims)

    def reshape(self, *shape: int | tuple[int, ...]) -> "Value":
        """Return the same elements in another shape, given as a tuple or as numbers."""
        return unary(rules.RESHAPE, self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: int | tuple[int, ...] | None) -> "Value":
        """Return the axes in the given order, a tuple or numbers; reversed by default."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
        return unary(rules.TRANSPOSE, self, order)

    @property
    def T(self) -> "Value":  # noqa: N802 (NumPy's name)
        """The transpose: all axes reversed."""
        return self.transpose()

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"

    def detach(self) -> "Value":
        """Return a constant that shares this value's data."""
        return constant(self.data)

    def zero_grad(self) -> None:
        """Set the gradient of this value to zero."""
        self._gradient = None

    def draw(self, **names: "Value") -> Drawing:
        """Return the graph that this value was made from, ``y.draw(x=x)`` with a name for `x`.

        A notebook shows it as a picture. ``GraphError`` if it is too large, or has no such value.
        """
        return draw(self, names)

    def backward(self, gradient: ArrayLike | None = None) -> None:
        """Add the gradient of this value to the `grad` of every value it was made from.

        Leaves accumulate over calls. An intermediate value starts from zero each time, so it shows
        the gradient of the last call and never passes an older one on to its parents.

        Args:
            gradient: of some final scalar by this value, in its shape; 1 by default.

        Raises:
            ValueError: this value is a constant, `gradient` has another shape, or there is none
                although this value has more than one element.
        """
        seed = self._seed(gradient)
        made = [node for node in topological_order(self) if node.parents]
        for node in made:
            node._gradient = None
        self._gradient = seed if self._gradient is None else self._gradient + seed
        for node in reversed(made):
            _pass_on(node)

    def _seed(self, gradient: ArrayLike | None) -> Array:
        if not self.requires_grad:
            raise ValueError("backward: this value is a constant, or was made from constants only")
        if gradient is None:
            if self.data.size != 1:
                raise ValueError(
                    f"backward: a value of shape {self.shape} needs a gradient of that shape; "
                    "or reduce it to a scalar first, e.g. with sum()"
                )
            return np.array(1.0, self.data.dtype, ndmin=self.data.ndim)
        seed = np.array(gradient, dtype=self.dtype)
        if seed.shape != self.shape:
            raise ValueError(
                f"backward: the gradient has shape {seed.shape}, the value {self.shape}"
            )
        return seed


def _pass_on(node: Value) -> None:
    """Add a node's gradient, times its derivatives, to the gradients of its parents.

    This is the only place that undoes broadcasting. A vjp may have returned the incoming
    gradient or a view, so a leaf gets a copy: its owner may write to it.
    """
    incoming, out, operands = node._gradient, node.data, node._operands
    for parent, vjp in zip(node.parents, node._vjps):  # noqa: B905 (equally many)
        gradient = vjp(incoming, out, *operands)
        data = parent.data
        if gradient.shape != data.shape:
            gradient = unbroadcast(gradient, data.shape)
        if gradient.dtype is not data.dtype and gradient.dtype != data.dtype:
            gradient = gradient.astype(data.dtype)
        if parent._gradient is not None:
            parent._gradient = parent._gradient + gradient
        elif parent.parents or (gradient is not incoming and gradient.base is None):
            parent._gradient = gradient
        else:
            parent._gradient = gradient.copy()


# --- making nodes --------------------------------------------------------------------------

new = Value.__new__  # looked up once


def constant(data: Array) -> Value:
    """Return a constant around an array, which is neither copied nor checked."""
    return new(Value)._fill(data, False)


def unary(rule: Rule, a: Value, *attributes: Any) -> Value:
    """Return the result of a rule with one operand."""
    try:
        data = rule.forward(a.data, *attributes)
    except (ValueError, IndexError) as error:  # AxisError is both
        given = ", ".join(map(repr, attributes))
        raise type(error)(f"{rule.name}: shape {a.shape} does not match ({given})") from error
    if a.requires_grad and tracking.get():
        return new(Value)._fill(data, True, rule, (a,), rule.vjps, (a.data, *attributes))
    return constant(data)


def binary(rule: Rule, a: Operand, b: Operand) -> Value:
    """Return the result of a rule with two operands; only Values that are tracked are parents."""
    x = a.data if isinstance(a, Value) else as_operand(a)
    y = b.data if isinstance(b, Value) else as_operand(b)
    try:
        data = rule.forward(x, y)
    except ValueError as error:
        shapes = f"{np.shape(x)} and {np.shape(y)}"
        raise ValueError(f"{rule.name}: shapes {shapes} do not match") from error
    if tracking.get():
        left = a if isinstance(a, Value) and a.requires_grad else None
        right = b if isinstance(b, Value) and b.requires_grad else None
        if left is not None and right is not None:
            return new(Value)._fill(data, True, rule, (left, right), rule.vjps, (x, y))
        if left is not None:
            return new(Value)._fill(data, True, rule, (left,), rule.vjps[:1], (x, y))
        if right is not None:
            return new(Value)._fill(data, True, rule, (right,), rule.vjps[1:], (x, y))
    return constant(data)
