"""The tensor `Value`: an array that remembers how it was made. No formulas, no training."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchgrad.engines.tensor import rules
from benchgrad.engines.tensor.rules import Array, Axis, Rule, unbroadcast
from benchgrad.engines.topology import topological_order

Operand = Union["Value", Array, float]

_tracking: ContextVar[bool] = ContextVar("benchgrad.engines.tensor.tracking", default=True)


@contextmanager
def no_grad() -> Iterator[None]:
    """Within this context results remember nothing: they are constants."""
    token = _tracking.set(False)
    try:
        yield
    finally:
        _tracking.reset(token)


class Value:
    """An array, its gradient, and the values it was made from.

    Operands broadcast as in NumPy; a gradient always has the shape and dtype of its `data`.
    float32 and float64 are kept as given, and plain numbers take the dtype of the array they
    meet. Python numbers and lists become float64.

    A node remembers only operands that require a gradient: constants and what is made of
    constants are not tracked. It holds no closure and no reference cycle, so a graph is freed
    as soon as its last value is dropped.

    Where a derivative does not exist the field's convention holds: relu has derivative 0 at 0,
    elements that tie for a maximum or minimum share the gradient equally, `x ** 0` has
    derivative 0 everywhere.

    >>> x, W = Value([[1, 2, 3]]), Value([[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]])
    >>> z = (x @ W + Value([[0.5, -0.5]])).relu()
    >>> z.sum().backward()
    >>> z.grad
    array([[1., 1.]])

    Raises:
        TypeError: the data are not real numbers, or are integers in a NumPy array and a
            gradient is required.
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
    __array_ufunc__ = None  # so that `array * value` asks the value

    data: NDArray[Any]
    parents: "tuple[Value, ...]"
    requires_grad: bool
    _gradient: NDArray[Any] | None  # None stands for zeros
    _rule: Rule | None
    _vjps: tuple[Callable[..., Any], ...]  # one for each parent
    _operands: tuple[Any, ...]  # what the rule was given: arrays, numbers, attributes

    def __init__(self, data: ArrayLike, requires_grad: bool = True) -> None:
        given_array = isinstance(data, np.ndarray | np.generic)
        array = np.asarray(data)
        if array.dtype.kind in "biu" and not given_array:
            array = array.astype(np.float64)
        if array.dtype.kind not in "fbiu":
            raise TypeError(f"Value: an array of {array.dtype} does not hold real numbers")
        if requires_grad and array.dtype.kind != "f":
            raise TypeError(
                f"Value: an array of {array.dtype} cannot require a gradient; "
                "pass floats, or requires_grad=False for integers that are constants"
            )
        self.data = array
        self.requires_grad = requires_grad
        self.parents = ()
        self._gradient = None
        self._rule = None
        self._vjps = ()
        self._operands = ()

    @property
    def grad(self) -> Array:
        """The gradient of the last `backward` (for leaves: the sum over all), zeros before it."""
        if self._gradient is None:
            self._gradient = np.zeros_like(self.data)
        return self._gradient

    @grad.setter
    def grad(self, gradient: ArrayLike) -> None:
        self._gradient = np.broadcast_to(np.asarray(gradient, self.data.dtype), self.shape).copy()

    @property
    def operation(self) -> str:
        """The name of the operation that made this value, empty for a leaf."""
        return self._rule.name if self._rule else ""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the data."""
        return self.data.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.data.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the data."""
        return self.data.dtype

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> "Iterator[Value]":
        return (self[i] for i in range(len(self)))

    def __float__(self) -> float:
        return float(self.data)

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"

    # --- operations: the formulas are in rules.py ---

    def __add__(self, other: Operand) -> "Value":
        return _binary(rules.ADD, self, other)

    def __radd__(self, other: Operand) -> "Value":
        return _binary(rules.ADD, other, self)

    def __sub__(self, other: Operand) -> "Value":
        return _binary(rules.SUBTRACT, self, other)

    def __rsub__(self, other: Operand) -> "Value":
        return _binary(rules.SUBTRACT, other, self)

    def __mul__(self, other: Operand) -> "Value":
        return _binary(rules.MULTIPLY, self, other)

    def __rmul__(self, other: Operand) -> "Value":
        return _binary(rules.MULTIPLY, other, self)

    def __truediv__(self, other: Operand) -> "Value":
        return _binary(rules.DIVIDE, self, other)

    def __rtruediv__(self, other: Operand) -> "Value":
        return _binary(rules.DIVIDE, other, self)

    def __pow__(self, other: Operand) -> "Value":
        return _binary(rules.POWER, self, other)

    def __rpow__(self, other: Operand) -> "Value":
        return _binary(rules.POWER, other, self)

    def __matmul__(self, other: Operand) -> "Value":
        return _binary(rules.MATMUL, self, other)

    def __rmatmul__(self, other: Operand) -> "Value":
        return _binary(rules.MATMUL, other, self)

    def __neg__(self) -> "Value":
        return _unary(rules.NEGATE, self)

    def exp(self) -> "Value":
        return _unary(rules.EXP, self)

    def log(self) -> "Value":
        """Return the natural logarithm."""
        return _unary(rules.LOG, self)

    def tanh(self) -> "Value":
        return _unary(rules.TANH, self)

    def relu(self) -> "Value":
        """Return max(0, value), with derivative 0 at 0; nan stays nan, with derivative 0."""
        return _unary(rules.RELU, self)

    def sigmoid(self) -> "Value":
        """Return 1 / (1 + exp(−value))."""
        return _unary(rules.SIGMOID, self)

    def sum(self, axis: Axis = None, keepdims: bool = False) -> "Value":
        return _unary(rules.SUM, self, axis, keepdims)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> "Value":
        return _unary(rules.MEAN, self, axis, keepdims)

    def max(self, axis: Axis = None, keepdims: bool = False) -> "Value":
        """Return the maximum; ties share the gradient equally."""
        return _unary(rules.MAX, self, axis, keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> "Value":
        """Return the minimum; ties share the gradient equally."""
        return _unary(rules.MIN, self, axis, keepdims)

    def reshape(self, *shape: int | tuple[int, ...]) -> "Value":
        """Return the same elements in another shape, given as one tuple or as numbers."""
        return _unary(rules.RESHAPE, self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: int | tuple[int, ...] | None) -> "Value":
        """Return the axes in the order given, as one tuple or as numbers; reversed by default."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
        return _unary(rules.TRANSPOSE, self, order)

    @property
    def T(self) -> "Value":  # noqa: N802 (NumPy's name)
        """The transposed value: all axes reversed."""
        return self.transpose()

    def __getitem__(self, index: Any) -> "Value":
        return _unary(rules.INDEX, self, index)

    def detach(self) -> "Value":
        """Return a constant with the same data, not a copy of it."""
        return constant(self.data)

    def backward(self, gradient: ArrayLike | None = None) -> None:
        """Add the gradient of this value to the `grad` of every value it was made from.

        Leaves accumulate over calls. An intermediate value starts from zero each time: it shows
        the gradient of the last call, and so never passes an older one on to its parents.

        Args:
            gradient: of some final scalar by this value, in its shape; 1 by default.

        Raises:
            ValueError: this value is a constant, has more than one element and no gradient is
                given, or the gradient has another shape.
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
                    "or reduce it to a scalar first, for instance with sum()"
                )
            return np.array(1.0, self.data.dtype, ndmin=self.data.ndim)
        seed = np.array(gradient, dtype=self.dtype)
        if seed.shape != self.shape:
            raise ValueError(
                f"backward: the gradient has shape {seed.shape}, the value has {self.shape}"
            )
        return seed

    def zero_grad(self) -> None:
        """Set the gradient of this value to zero."""
        self._gradient = None


_new = Value.__new__  # looked up once

# --- making nodes ---------------------------------------------------------------------------


def constant(data: Array) -> Value:
    """Return a value without a past, around an array that is not copied or checked."""
    out = _new(Value)
    out.data = data
    out.requires_grad = False
    out.parents = ()
    out._gradient = None
    out._rule = None
    out._vjps = ()
    out._operands = ()
    return out


def _pass_on(node: Value) -> None:
    """Add a node's gradient to its parents': the only place that undoes broadcasting.

    A leaf keeps what it gets, and its owner may write to it, so it gets memory of its own: a
    vjp may have returned its incoming gradient, or a view.
    """
    incoming, out, operands = node._gradient, node.data, node._operands
    for parent, vjp in zip(node.parents, node._vjps):  # noqa: B905 (as many, by construction)
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


def _node(
    rule: Rule,
    data: Array,
    parents: tuple[Value, ...],
    vjps: tuple[Callable[..., Any], ...],
    operands: tuple[Any, ...],
) -> Value:
    """Return a value that remembers its parents, their vjps and what the rule was given."""
    out = _new(Value)
    out.data = data
    out.requires_grad = True
    out.parents = parents
    out._gradient = None
    out._rule = rule
    out._vjps = vjps
    out._operands = operands
    return out


def linear(x: "Value | Array", W: Value, b: Value) -> Value:
    """Return x @ W + b; as one node, if x and W are matrices and W and b are tracked."""
    operands = (x.data if isinstance(x, Value) else x, W.data, b.data)
    is_layer = operands[0].ndim == operands[1].ndim == 2
    if not (is_layer and W.requires_grad and b.requires_grad and _tracking.get()):
        return x @ W + b
    rule = rules.LINEAR
    data = rule.forward(*operands)
    if isinstance(x, Value) and x.requires_grad:
        return _node(rule, data, (x, W, b), rule.vjps, operands)
    return _node(rule, data, (W, b), rule.vjps[1:], operands)


def logsumexp(x: Value, axis: int) -> Value:
    """Return log(sum(exp(x))) along an axis as one node, without overflow."""
    return _unary(rules.LOGSUMEXP, x, axis)


def pick(x: Value, columns: Array) -> Value:
    """Return the elements of each row of x (n, k) in given columns, (n,) or (n, m), as one node."""
    return _unary(rules.PICK, x, rules.flat_index(x.data.shape, columns))


def _plain(operand: Any) -> Any:
    """Return an operand that is no Value: a number as it is (it has no dtype), or an array."""
    if isinstance(operand, int | float):
        return operand
    array = operand if isinstance(operand, np.ndarray) else np.asarray(operand)
    if array.dtype.kind not in "fbiu":
        raise TypeError(f"Value: an operand of {array.dtype} does not hold real numbers")
    return array


def _unary(rule: Rule, a: Value, *attributes: Any) -> Value:
    try:
        data = rule.forward(a.data, *attributes)
    except (ValueError, IndexError) as error:  # AxisError is both
        given = ", ".join(map(repr, attributes))
        raise type(error)(f"{rule.name}: shape {a.shape} does not fit ({given})") from error
    if a.requires_grad and _tracking.get():
        return _node(rule, data, (a,), rule.vjps, (a.data, *attributes))
    return constant(data)


def _binary(rule: Rule, a: Operand, b: Operand) -> Value:
    x = a.data if isinstance(a, Value) else _plain(a)
    y = b.data if isinstance(b, Value) else _plain(b)
    try:
        data = rule.forward(x, y)
    except ValueError as error:
        shapes = f"{np.shape(x)} and {np.shape(y)}"
        raise ValueError(f"{rule.name}: shapes {shapes} do not fit") from error
    if _tracking.get():
        left = a if isinstance(a, Value) and a.requires_grad else None
        right = b if isinstance(b, Value) and b.requires_grad else None
        if left is not None and right is not None:
            return _node(rule, data, (left, right), rule.vjps, (x, y))
        if left is not None:
            return _node(rule, data, (left,), rule.vjps[:1], (x, y))
        if right is not None:
            return _node(rule, data, (right,), rule.vjps[1:], (x, y))
    return constant(data)
