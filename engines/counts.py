"""Counts the nodes, edges and bytes of a graph: exact and repeatable. No clock."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import CellType, FunctionType
from typing import Any

import numpy as np

_CONTAINERS = (tuple, set, frozenset, list)
_PARTS = (*_CONTAINERS, dict, float, np.ndarray, CellType)


@dataclass(frozen=True)
class Counts:
    """The graph of one training step.

    Attributes:
        nodes: the number of nodes each operation made, without leaves and constants.
        edges: the links from nodes to their parents; a backward pass follows each once.
        node_bytes: the size of the nodes and what only they hold, such as closures, but not arrays.
        array_bytes: the size of the arrays that the nodes hold.
    """

    nodes: dict[str, int]
    edges: int
    node_bytes: int
    array_bytes: int

    @property
    def n_nodes(self) -> int:
        """The number of nodes of all operations."""
        return sum(self.nodes.values())


def links(root: Any, parents: Callable[[Any], Iterable[Any]]) -> Iterator[tuple[Any, list[Any]]]:
    """Yield `root` and all that it was made from, each once, with its parents; a leaf has none."""
    seen, stack = {id(root)}, [root]
    while stack:
        node = stack.pop()
        above = list(parents(node))
        yield node, above
        for parent in above:
            if id(parent) not in seen:
                seen.add(id(parent))
                stack.append(parent)


def count_graph(
    root: Any, parents: Callable[[Any], Iterable[Any]], operation: Callable[[Any], str]
) -> Counts:
    """Count what `root` was made from; a node without parents is a leaf."""
    nodes: Counter[str] = Counter()
    edges = 0
    seen: set[int] = set()
    made: list[Any] = []
    for node, above in links(root, parents):
        seen.add(id(node))
        if above:
            made.append(node)
            nodes[operation(node)] += 1
            edges += len(above)
    node_bytes, array_bytes = _bytes_of(made, seen)
    return Counts(dict(sorted(nodes.items())), edges, node_bytes, array_bytes)


def _bytes_of(nodes: list[Any], seen: set[int]) -> tuple[int, int]:
    """Return the bytes of nodes and of arrays; each object counts once."""
    node_bytes = array_bytes = 0
    for node in nodes:
        stack = [node]
        while stack:
            held = stack.pop()
            if isinstance(held, np.ndarray):
                owner = held if held.base is None else held.base
                if id(owner) not in seen and isinstance(owner, np.ndarray):
                    seen.add(id(owner))
                    array_bytes += owner.nbytes
            elif held is node or id(held) not in seen:
                seen.add(id(held))
                node_bytes += sys.getsizeof(held)
                stack.extend(_held_by(held))
    return node_bytes, array_bytes


def _held_by(thing: Any) -> list[Any]:
    """Return the parts of an object that count."""
    if isinstance(thing, _CONTAINERS):
        return [part for part in thing if _counts(part)]
    if isinstance(thing, dict):
        return [part for part in thing.values() if _counts(part)]
    if isinstance(thing, FunctionType):
        return list(thing.__closure__ or ())
    if isinstance(thing, CellType):
        return [thing.cell_contents] if _counts(thing.cell_contents) else []
    slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
    held = [getattr(thing, name, None) for name in slots if name != "__weakref__"]
    return [part for part in [*held, getattr(thing, "__dict__", None)] if _counts(part)]


def _counts(part: Any) -> bool:
    """Return whether a part belongs to the graph, not to a module or the interpreter."""
    if isinstance(part, FunctionType):
        return part.__closure__ is not None
    return isinstance(part, _PARTS)
