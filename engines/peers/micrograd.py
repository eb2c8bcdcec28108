"""The engine `micrograd`: Andrej Karpathy's package from PyPI, with its own operators.

micrograd 0.1.0 has `relu` but no exp and no log, which cross-entropy needs. They are added here
in the package's own style: a node, and a closure over its inputs.
Source: https://github.com/karpathy/micrograd, `micrograd/engine.py`.
"""

import math
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from micrograd.engine import Value

from benchgrad.engines.value_engine import ValueEngine


def exp(x: Value) -> Value:
    """Return e ** x as a micrograd node."""
    out = Value(math.exp(x.data), (x,), "exp")

    def _backward() -> None:
        x.grad += out.data * out.grad

    out._backward = _backward
    return out


def log(x: Value) -> Value:
    """Return the natural logarithm of x as a micrograd node."""
    out = Value(math.log(x.data), (x,), "log")

    def _backward() -> None:
        x.grad += out.grad / x.data

    out._backward = _backward
    return out


_STALE = "backward never clears intermediate gradients, and passes them on again"
_RECURSES = "backward recurses over the graph"
_WRAPS = "a Value treats an array on its right as a number"
DEVIATIONS = {
    "accumulation: the same result twice": _STALE,
    "accumulation: two results that share a value": _STALE,
    "accumulation: two results that share a sum": _STALE,
    "accumulation: a result, then a value it was made from": _STALE,
    "accumulation: a value, then a result made from it": _STALE,
    "accumulation: the same result, zeroed in between": _STALE,
    "fan-out: an input used 1,000 times": _RECURSES,
    "fan-out: a value in between used 1,000 times": _RECURSES,
    "chain:*": _RECURSES,
    **{
        f"broadcasting: {pair}, () with {shape}": _WRAPS
        for pair in ("x + y", "x - y", "x * y", "x / y", "x / y, negative")
        for shape in ((3, 4), (1,))
    },
    "edge: x ** 0.5 at x = -8": "the root of a negative number is complex, as in Python",
}


class MicrogradEngine(ValueEngine):
    """micrograd has other names for parents and operation."""

    deviations = DEVIATIONS

    def parents(self, value: Value) -> Iterable[Value]:
        """Return what the package calls children; a set, so x * x has one."""
        children: set[Value] = value._prev
        return children

    def operation(self, value: Value) -> str:
        """Return the package's own name of the operation."""
        return str(value._op)


class FreedMicrogradEngine(MicrogradEngine):
    """micrograd, but a step's graph is freed when the step ends, without the collector.

    Two cycles keep a graph alive: a node and its closure hold each other, and so does the recursive
    function that orders the graph. So this one orders it without recursion and, after the backward
    pass, drops the closures. For the ladder, which separates what memory costs from what closures
    cost.
    """

    def backward(self, loss: Value) -> None:
        """Run every node's own closure, each after those of its users, and then drop it."""
        order = _ordered(loss)
        loss.grad = 1.0
        for node in reversed(order):
            node._backward()
            if node._prev:  # leaves live on, and hold no cycle
                node._backward = None


def _ordered(root: Value) -> list[Value]:
    """Return the nodes of a graph, each after its children, as `engines.topology` does."""
    order: list[Value] = []
    entered: set[Value] = set()
    stack: list[Value | None] = [root]
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())
        elif node not in entered:
            entered.add(node)
            stack += (node, None, *node._prev)
    return order


_PARTS: dict[str, Any] = {
    "kind": "scalar",
    "value": Value,
    "operations": {"exp": exp, "log": log, "relu": Value.relu},
    "shows_graph": True,
    "version": version("micrograd"),
}
_NOTE = "exp and log are added by benchgrad, in the package's own style"
engine = MicrogradEngine("micrograd", **_PARTS, note=_NOTE)
freed = FreedMicrogradEngine(
    "micrograd-freed", **_PARTS, note=f"{_NOTE}; each step frees its graph, for the ladder only"
)
