"""Chapter 2: the backward pass. The reader writes the order, the loop, and a second call."""

from collections.abc import Sequence
from typing import Any

from benchgrad.engines.scalar import Value
from benchgrad.learning.exercise import Answer, exercise, must, near, returned, shown

TITLE = "Backward in twenty lines"
_DEEP = 5_000  # deeper than Python's limit of recursion


@exercise(
    "2.1",
    "An order for the walk",
    """
    Write `ordered(root)`: a list of all values that the root was made from, leaves included, and
    the root itself. Each comes once, and after all of its parents. Each has a tuple `parents`; a
    leaf's is empty. Graphs can be deep, so use a stack of your own instead of recursion.
    """,
    """
    def ordered(root):
        ...
    """,
)
def order(answer: Answer) -> None:
    """Each node once, after its parents, however deep."""
    a = Value(2.0)
    b = a * 3.0
    c = b + a
    y = c * b
    found = returned(answer.ordered(y), "ordered(y)")
    _check_order(found, [a, b, c, y])
    x = a
    for _ in range(_DEEP):
        x = x + 1.0
    must(
        len(answer.ordered(x)) == _DEEP + 1,
        f"a chain of {_DEEP:,} additions must give {_DEEP + 1:,} values",
    )


def _check_order(found: Sequence[Any], nodes: Sequence[Any]) -> None:
    must(
        len({id(node) for node in found}) == len(found),
        "a node that is used more than once appears twice: remember which nodes you have entered",
    )
    place = {id(node): i for i, node in enumerate(found)}
    must(id(nodes[-1]) in place, "the root itself is missing")
    must(
        all(id(node) in place for node in nodes),
        "some node is missing: leaves belong in the order, too",
    )
    must(
        all(place[id(parent)] < place[id(node)] for node in nodes for parent in node.parents),
        "some node comes before its parent: append a node only when all its parents are done",
    )


@exercise(
    "2.2",
    "The loop",
    """
    Write `backward(root, order)`. The order has every value after its parents, and every `grad` is
    0. Set each value's `grad` to the derivative of the root with respect to it: a node passes on
    to each parent its gradient, times that parent's partial.
    """,
    """
    def backward(root, order):
        ...
    """,
)
def loop(answer: Answer) -> None:
    """The chain rule over an order."""
    a, b = Value(2.0), Value(-3.0)
    c = a * b
    y = c + c
    answer.backward(y, [a, b, c, y])
    must(
        near(y.grad, 1.0),
        "the derivative of the root with respect to itself is 1, but its grad is "
        f"{shown(y.grad)}: that is where the walk begins",
    )
    must(
        not near(c.grad, 1.0),
        "c is used twice in y = c + c, so it gets 1 + 1: you overwrite the gradient that is "
        "there; add to it",
    )
    must(near(c.grad, 2.0), f"with y = c + c, the gradient of c is 2, not {shown(c.grad)}")
    must(
        not (near(a.grad, -3.0) and near(b.grad, 2.0)),
        "the node's own gradient is missing: pass on the gradient times the partial",
    )
    must(
        not (near(a.grad, 0.0) and near(b.grad, 0.0)),
        "nothing arrives at the leaves: walk from the root, so the order must be reversed",
    )
    must(
        near(a.grad, -6.0) and near(b.grad, 4.0),
        f"with y = a · b + a · b, a gets 2b = −6 and b gets 2a = 4, not {shown(a.grad)} and "
        f"{shown(b.grad)}",
    )


@exercise(
    "2.3",
    "Twice",
    """
    Somebody calls `backward` twice on the same graph. Leaves accumulate over calls: training with
    several losses relies on it. An intermediate node must start from 0 each time, or it passes its
    old gradient on again. Write the whole `backward(root, order)`.
    """,
    """
    def backward(root, order):
        ...
    """,
)
def twice(answer: Answer) -> None:
    """Leaves accumulate over calls, other nodes do not."""
    a, b = Value(2.0), Value(-3.0)
    c = a * b
    y = c * 5.0
    nodes = [a, b, c, y]
    answer.backward(y, nodes)
    must(
        not (near(y.grad, 0.0) and near(a.grad, 0.0)),
        "every gradient is 0: is the body still empty, or did you set the root's to 1 and then "
        "reset it?",
    )
    must(near(a.grad, -15.0), f"after one call a has 5b = −15, not {shown(a.grad)}")
    answer.backward(y, nodes)
    must(
        not near(a.grad, -15.0),
        "after two calls the leaf a still has the gradient of one: leaves accumulate, only nodes "
        "with parents start from 0",
    )
    must(
        near(y.grad, 1.0) and near(c.grad, 5.0),
        "a node in between passes on an old gradient: before the walk, set the grad of every "
        "node with parents to 0",
    )
    must(near(a.grad, -30.0), f"after two calls a has 2 · 5b = −30, not {shown(a.grad)}")
    x, w = Value(3.0), Value(1.0)
    h = x * w
    z = h * h + h
    nodes = [x, w, h, z.parents[0], z]
    for _ in range(2):
        answer.backward(z, nodes)
    must(
        near(x.grad, 14.0),
        "a node that is used more than once loses what came first: set its grad to 0 before the "
        "walk, and only add to it on the way",
    )


EXERCISES = (order, loop, twice)
