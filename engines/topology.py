"""The order in which both engines walk a graph. It knows nodes by their parents only."""

from collections.abc import Hashable
from typing import Protocol, Self, TypeVar


class Node(Hashable, Protocol):
    """Anything with a tuple of parents of its own kind; a leaf has none."""

    @property
    def parents(self) -> tuple[Self, ...]:
        """The values this one was made from."""


N = TypeVar("N", bound=Node)


def topological_order(root: N) -> list[N]:
    """Return all nodes that `root` was made from, and `root` last; each after all its parents.

    Iterative, so that a chain of a million nodes is as safe as a chain of two. The stack holds
    nodes to enter, and a None above each node whose parents have all been entered.
    """
    order: list[N] = []
    entered: set[N] = set()
    stack: list[N | None] = [root]
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())  # type: ignore[arg-type]  # a None stands above a node
        elif node not in entered:
            entered.add(node)
            if parents := node.parents:
                stack += (node, None, *parents)
            else:
                order.append(node)
    return order
