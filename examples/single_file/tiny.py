"""An engine in one file: scalar Numbers that write their derivatives on a tape.

    benchgrad run quick --engines examples/single_file/tiny.py,numpy

A Number does not know what it was made from. Each operation appends a line to one list, and
reading the list backward is the chain rule: there is no graph to search or to sort. None of the
class's names are those that `ValueEngine` expects, so `TinyEngine` shows each of its hooks.

Source of the list: R. E. Wengert, "A simple automatic derivative evaluation program" (1964).
"""

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import MappingProxyType

from benchgrad.engines import ValueEngine


class Tape:
    """Lines (result, operand, derivative of the result by the operand), oldest first."""

    def __init__(self) -> None:
        self.lines: list[tuple[Number, Number, float]] = []
        self.is_running = True

    def rewind(self, end: "Number") -> None:
        """Read the tape backward from `end`, and empty it."""
        end.gradient = 1.0
        for result, operand, slope in reversed(self.lines):
            operand.gradient += slope * result.gradient
        self.lines.clear()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Write nothing within this context."""
        self.is_running = False
        try:
            yield
        finally:
            self.is_running = True


class Number:
    """A number that writes its operations on a tape."""

    __slots__ = ("gradient", "tape", "value")

    def __init__(self, value: float, tape: Tape) -> None:
        self.value = value
        self.gradient = 0.0
        self.tape = tape

    def become(self, value: float, *slopes: tuple["Number", float]) -> "Number":
        """Return a result, and write its operands and the derivatives by them on the tape."""
        result = Number(value, self.tape)
        if self.tape.is_running:
            self.tape.lines += [(result, operand, slope) for operand, slope in slopes]
        return result

    def __add__(self, other: "Number | float") -> "Number":
        if isinstance(other, Number):
            return self.become(self.value + other.value, (self, 1.0), (other, 1.0))
        if isinstance(other, int | float):
            return self.become(self.value + other, (self, 1.0))
        return NotImplemented  # an array adds the Number to each of its elements

    def __mul__(self, other: "Number | float") -> "Number":
        if isinstance(other, Number):
            return self.become(self.value * other.value, (self, other.value), (other, self.value))
        if isinstance(other, int | float):
            return self.become(self.value * other, (self, other))
        return NotImplemented

    def __sub__(self, other: "Number | float") -> "Number":
        return self + other * -1.0

    __radd__, __rmul__ = __add__, __mul__

    def exponential(self) -> "Number":
        """Return e to the power of the number."""
        result = math.exp(self.value)
        return self.become(result, (self, result))

    def logarithm(self) -> "Number":
        """Return the natural logarithm."""
        return self.become(math.log(self.value), (self, 1.0 / self.value))

    def hyperbolic_tangent(self) -> "Number":
        """Return tanh of the number."""
        result = math.tanh(self.value)
        return self.become(result, (self, 1.0 - result * result))

    def rectified(self) -> "Number":
        """Return the number, or 0 where it is negative."""
        return self.become(self.value, (self, 1.0)) if self.value > 0.0 else self.become(0.0)

    def backprop(self) -> None:
        """Add the derivatives of this number to the gradients of all that it was made from."""
        self.tape.rewind(self)


class TinyEngine(ValueEngine):
    """Numbers on one tape. Each method is one difference from what `ValueEngine` expects."""

    deviations = MappingProxyType({"accumulation:*": "a backward pass empties the tape"})

    def __init__(self) -> None:
        functions = {
            "exp": Number.exponential,
            "log": Number.logarithm,
            "tanh": Number.hyperbolic_tangent,
            "relu": Number.rectified,
        }
        super().__init__("tiny", kind="scalar", value=Number, operations=functions)
        self.tape = Tape()

    def leaf(self, data: float) -> Number:
        """Return a Number on the engine's tape."""
        return Number(data, self.tape)

    def read(self, value: Number) -> float:
        """Return the data, called `value` here."""
        return value.value

    def assign(self, value: Number, data: float) -> None:
        """Replace the value; the tape is empty by then, so nothing remembers the old one."""
        value.value = data

    def gradient(self, value: Number) -> float:
        """Return the gradient, called `gradient` here."""
        return value.gradient

    def zero(self, value: Number) -> None:
        """Set the gradient to zero, since reading the tape only adds to it."""
        value.gradient = 0.0

    def backward(self, loss: Number) -> None:
        """Run the chain rule, called `backprop` here."""
        loss.backprop()

    def inference(self) -> AbstractContextManager[None]:
        """Stop the tape, since nobody would read and empty it."""
        return self.tape.stopped()


engine = TinyEngine()
