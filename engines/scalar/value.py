"""The scalar `Value`: one number that remembers how it was made. No arrays, no training."""

import math

from benchgrad.engines.drawing import Drawing, draw
from benchgrad.engines.scalar import numbers
from benchgrad.engines.topology import topological_order

_NUMBERS = (int, float)  # operands that do not become nodes


class Value:
    """A number, its gradient, and the values it was made from.

    Each operation computes its local derivatives together with its result ("eager partials").
    So `backward` is one loop that knows no operation, and a graph has no reference cycles: it is
    freed as soon as its last value is dropped. Plain numbers can be operands, but not nodes.

    Where a derivative does not exist, the usual conventions hold: relu has derivative 0 at 0 (and
    at nan), and `x ** 0` has derivative 0 everywhere. As in NumPy, results that are not real are
    nan, and overflow and division by zero give inf.

    >>> a, b, c = Value(2), Value(-3), Value(10)
    >>> y = (a * b + c).tanh()
    >>> y.backward()
    >>> print(f"{a.grad:.8f} {b.grad:.8f} {c.grad:.8f}")
    -0.00402285 0.00268190 0.00134095
    """

    __slots__ = ("data", "grad", "operation", "parents", "partials")

    def __init__(
        self,
        data: float,
        parents: "tuple[Value, ...]" = (),
        partials: tuple[float, ...] = (),
        operation: str = "",
    ) -> None:
        self.data = data if type(data) is float else float(data)
        self.grad = 0.0
        self.parents = parents
        self.partials = partials  # the derivatives of this value by its parents
        self.operation = operation

    def __repr__(self) -> str:
        return f"Value(data={self.data}, grad={self.grad})"

    def __add__(self, other: "Value | float") -> "Value":
        if isinstance(other, Value):
            return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")
        if isinstance(other, _NUMBERS):
            return Value(self.data + other, (self,), (1.0,), "+")
        return NotImplemented

    def __sub__(self, other: "Value | float") -> "Value":
        if isinstance(other, Value):
            return Value(self.data - other.data, (self, other), (1.0, -1.0), "-")
        if isinstance(other, _NUMBERS):
            return Value(self.data - other, (self,), (1.0,), "-")
        return NotImplemented

    def __rsub__(self, other: float) -> "Value":
        return Value(other - self.data, (self,), (-1.0,), "-")

    def __mul__(self, other: "Value | float") -> "Value":
        if isinstance(other, Value):
            return Value(self.data * other.data, (self, other), (other.data, self.data), "*")
        if isinstance(other, _NUMBERS):
            return Value(self.data * other, (self,), (other,), "*")
        return NotImplemented

    __radd__ = __add__
    __rmul__ = __mul__

    def __truediv__(self, other: "Value | float") -> "Value":
        if isinstance(other, Value):
            out = numbers.divide(self.data, other.data)
            by_self = numbers.divide(1.0, other.data)
            by_other = -numbers.divide(out, other.data)
            return Value(out, (self, other), (by_self, by_other), "/")
        if isinstance(other, _NUMBERS):
            return Value(
                numbers.divide(self.data, other), (self,), (numbers.divide(1.0, other),), "/"
            )
        return NotImplemented

    def __rtruediv__(self, other: float) -> "Value":
        out = numbers.divide(other, self.data)
        return Value(out, (self,), (-numbers.divide(out, self.data),), "/")

    def __pow__(self, other: "Value | float") -> "Value":
        if isinstance(other, Value):
            out = numbers.power(self.data, other.data)
            by_base = _power_by_base(self.data, other.data)
            by_exponent = _power_by_exponent(self.data, other.data, out)
            return Value(out, (self, other), (by_base, by_exponent), "**")
        if isinstance(other, _NUMBERS):
            by_base = _power_by_base(self.data, other)
            return Value(numbers.power(self.data, other), (self,), (by_base,), "**")
        return NotImplemented

    def __rpow__(self, other: float) -> "Value":
        out = numbers.power(other, self.data)
        return Value(out, (self,), (_power_by_exponent(other, self.data, out),), "**")

    def __neg__(self) -> "Value":
        return Value(-self.data, (self,), (-1.0,), "neg")

    def exp(self) -> "Value":
        out = numbers.exp(self.data)
        return Value(out, (self,), (out,), "exp")

    def log(self) -> "Value":
        """Return the natural logarithm."""
        return Value(numbers.log(self.data), (self,), (numbers.divide(1.0, self.data),), "log")

    def tanh(self) -> "Value":
        out = math.tanh(self.data)
        return Value(out, (self,), (1.0 - out * out,), "tanh")

    def relu(self) -> "Value":
        """Return max(0, value); nan stays nan."""
        if self.data > 0.0:
            return Value(self.data, (self,), (1.0,), "relu")
        return Value(0.0 if self.data <= 0.0 else self.data, (self,), (0.0,), "relu")

    def sigmoid(self) -> "Value":
        """Return 1 / (1 + exp(−value))."""
        out = numbers.sigmoid(self.data)
        return Value(out, (self,), (out * (1.0 - out),), "sigmoid")

    def backward(self) -> None:
        """Add the derivative of this value by each value it was made from to that value's `grad`.

        Leaves accumulate over calls. An intermediate value starts from zero each time, so it shows
        the gradient of the last call and never passes an older one on to its parents.
        """
        order = topological_order(self)
        for node in order:
            if node.parents:
                node.grad = 0.0
        self.grad += 1.0
        for node in reversed(order):
            gradient = node.grad
            for parent, partial in zip(node.parents, node.partials, strict=False):
                parent.grad += partial * gradient

    def zero_grad(self) -> None:
        """Set the gradient of this value to zero."""
        self.grad = 0.0

    def draw(self, **names: "Value") -> Drawing:
        """Return the graph that this value was made from, ``y.draw(a=a)`` with a name for `a`.

        A notebook shows it as a picture. ``GraphError`` if it is too large, or has no such value.
        """
        return draw(self, names)


def _power_by_base(base: float, exponent: float) -> float:
    """Return d(base ** exponent) / d base; 0 if the exponent is 0, even for base 0."""
    return exponent * numbers.power(base, exponent - 1.0) if exponent else 0.0


def _power_by_exponent(base: float, exponent: float, out: float) -> float:
    """Return d(base ** exponent) / d exponent; 0 for base 0, unless the power is infinite."""
    return 0.0 if base == 0.0 and exponent >= 0.0 else out * numbers.log(base)
