"""The order in which both engines walk a graph. All it knows of a node is its parents."""

from collections.abc import Hashable
from typing import Any, Protocol, Self, TypeVar


class Node(Hashable, Protocol):
    """Anything with a tuple of parents of its own kind; a leaf has none."""

    @property
    def parents(self) -> tuple[Self, ...]:
        """The values this one was made from."""


N = TypeVar("N", bound=Node)


def topological_order(root: N) -> list[N]:
    """Return `root` and all nodes it was made from, each after its parents.

    Iterative, so a chain of a million nodes is as safe as a chain of two. The stack holds nodes
    to enter. A None on it means that the parents of the node below are done.
    """
    order: list[N] = []
    entered: set[N] = set()
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())
        elif node not in entered:
            entered.add(node)
            if parents := node.parents:
                stack += (node, None, *parents)
            else:
                order.append(node)
    return order
