"""Chapter 1: values that remember. The reader writes three operations."""

import math
from typing import Any

from benchgrad.learning.exercise import (
    Answer,
    all_near,
    exercise,
    hint,
    must,
    near,
    returned,
    shown,
)

TITLE = "A number that remembers"


@exercise(
    "1.1",
    "A product that remembers",
    """
    Write `__mul__` for two Values. The result holds the product, both parents, and one partial
    for each parent: the derivative of the product with respect to it. `__add__` shows the pattern.
    """,
    """
    class Value:
        def __init__(self, data, parents=(), partials=()):
            self.data, self.parents, self.partials = data, parents, partials

        def __add__(self, other):
            return Value(self.data + other.data, (self, other), (1.0, 1.0))

        def __mul__(self, other):
            ...
    """,
)
def product(answer: Answer) -> None:
    """The product, its parents and its partials."""
    a, b = answer.Value(2.0), answer.Value(-3.0)
    try:
        y = returned(a * b, "a * b")
    except RecursionError:
        hint("inside `__mul__`, `self * other` calls `__mul__` again: multiply their `data`")
    must(isinstance(y, answer.Value), f"`a * b` gives {shown(y)}: return a Value that holds it")
    must(near(y.data, -6.0), f"2 · (−3) is −6, but `data` is {shown(y.data)}")
    must(
        len(y.parents) == 2 and y.parents[0] is a and y.parents[1] is b,
        "the product does not remember its `parents`: they are the two Values themselves, "
        "(self, other)",
    )
    must(len(y.partials) == 2, "there must be one partial for each of the two parents")
    must(
        not any(isinstance(partial, answer.Value) for partial in y.partials),
        "a partial is a plain number: take the `data` of the Values",
    )
    must(
        not all_near(y.partials, (2.0, -3.0)),
        "the partials are swapped: when a grows by 1, a · b grows by b",
    )
    must(
        not all_near(y.partials, (1.0, 1.0)),
        "those are the partials of a sum: when a grows by 1, a · b grows by b, not by 1",
    )
    must(
        all_near(y.partials, (-3.0, 2.0)),
        f"the partials of 2 · (−3) are −3 and 2, not {tuple(map(shown, y.partials))}",
    )


@exercise(
    "1.2",
    "Plain numbers",
    """
    `x * 3` and `3 * x` should work as well. A plain number has no gradient, so it is not a
    parent: the result has one parent and one partial. Write both methods.
    """,
    """
    class Value:
        def __init__(self, data, parents=(), partials=()):
            self.data, self.parents, self.partials = data, parents, partials

        def __mul__(self, other):
            if isinstance(other, Value):
                return Value(self.data * other.data, (self, other), (other.data, self.data))
            ...

        def __rmul__(self, other):
            ...
    """,
)
def plain_numbers(answer: Answer) -> None:
    """A number on either side."""
    x = answer.Value(5.0)
    y = returned(x * 3, "x * 3")
    _one_parent(y, x, "x * 3")
    try:
        z = returned(3 * x, "3 * x")
    except RecursionError:
        hint(
            "`3 * x` calls itself forever: in `__rmul__`, `other * self` calls `__rmul__` again; "
            "`self * other` calls `__mul__`"
        )
    _one_parent(z, x, "3 * x")


def _one_parent(y: Any, x: Any, what: str) -> None:
    must(near(y.data, 15.0), f"with x = 5, {what} is 15, but `data` is {shown(y.data)}")
    must(
        len(y.parents) == 1,
        f"{what} has {len(y.parents)} parents: a plain number needs no gradient, so it is not "
        "a parent",
    )
    must(y.parents[0] is x, f"the parent of {what} is x itself")
    _partials_are_a_tuple(y)
    must(
        len(y.partials) == 1 and not near(y.partials[0], 5.0),
        f"the partial of {what} is the number, 3: when x grows by 1, the product grows by 3",
    )
    must(near(y.partials[0], 3.0), f"the partial of {what} is 3, not {shown(y.partials[0])}")


def _partials_are_a_tuple(y: Any) -> None:
    must(
        isinstance(y.partials, tuple | list),
        "`partials` is a bare number: make it a tuple of one, (partial,)",
    )


@exercise(
    "1.3",
    "An operation of your own: tanh",
    """
    Add `tanh` to the class. Its derivative is 1 − tanh², and you already have tanh: it is
    the result. Remember that `partials` is a tuple with an entry for each parent.
    """,
    """
    import math


    class Value:
        def __init__(self, data, parents=(), partials=()):
            self.data, self.parents, self.partials = data, parents, partials

        def tanh(self):
            ...
    """,
)
def tanh(answer: Answer) -> None:
    """Tanh and its derivative."""
    x = answer.Value(0.5)
    y = returned(x.tanh(), "x.tanh()")
    out = math.tanh(0.5)
    must(near(y.data, out), f"tanh(0.5) is {shown(out)}, but `data` is {shown(y.data)}")
    must(
        isinstance(y.parents, tuple | list),
        "`parents` is a bare Value: make it a tuple of one, (self,)",
    )
    must(len(y.parents) == 1 and y.parents[0] is x, "tanh(x) has one parent, x")
    _partials_are_a_tuple(y)
    must(len(y.partials) == 1, f"there are {len(y.partials)} partials for one parent")
    (partial,) = y.partials
    must(not near(partial, 1.0 - out), "the square is missing: the derivative is 1 − tanh²")
    must(
        not near(partial, 1.0 - 0.25),
        "that is 1 − x²: square the result of tanh, not its operand",
    )
    must(
        near(partial, 1.0 - out * out),
        f"at 0.5 the derivative is {shown(1.0 - out * out)}, not {shown(partial)}",
    )


EXERCISES = (product, plain_numbers, tanh)
