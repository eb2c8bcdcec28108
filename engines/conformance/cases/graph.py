"""A random expression graph: grown from moves, shrunk, and written as a program.

Its values are computed by the oracles; no engine is asked here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchgrad.engines.conformance.cases import oracles
from benchgrad.engines.conformance.cases.case import draw
from benchgrad.engines.conformance.cases.forward import NUMPY
from benchgrad.engines.conformance.cases.oracles import Array, Shape
from benchgrad.engines.conformance.cases.program import Program, Question, weights_for

Move = tuple[bool, int, int, int]  # whether it is made, the template, two operands

MAX_NODES = 200
INPUTS = ("x", "y")

# One node each; a and b are earlier values.
TEMPLATES = (
    *("{a} + {b}", "{a} * {b}", "{a} - {b}", "{a} / {b}", "-{a}", "{a} * 0.5", "1.5 - {a}"),
    *("2.0 / {a}", "{a} ** 2", "{a} ** 3", "{a} + 0.25", "0.5 ** {a}", "{a} ** {b}"),
    *("ops.exp({a})", "ops.log({a})", "ops.tanh({a})", "ops.relu({a})", "ops.sigmoid({a})"),
    *("ops.sum({a})", "ops.mean({a})", "ops.sum({a}, axis=0)", "ops.mean({a}, axis=-1)"),
    *("ops.sum({a}, axis=-1, keepdims=True)", "ops.max({a})", "ops.max({a}, axis=-1)"),
    *("ops.transpose({a})", "{a} @ {b}", "ops.reshape({a}, (-1,))", "{a} * {a}", "{a} + {a}"),
)
_OF_ARRAYS = re.compile(r"ops\.(sum|mean|max|transpose|reshape)")
_SHAPES: tuple[Shape, ...] = ((), (2,), (2, 2), (1, 2), (2, 1))
_LARGEST, _SMALLEST, _CLEARANCE = 50.0, 0.1, 0.02


@dataclass(frozen=True)
class Words:
    """What graphs are made of: the templates an engine has, and whether shapes may differ."""

    templates: Sequence[str] = TEMPLATES
    is_broadcasting: bool = True


@dataclass(frozen=True)
class Node:
    """A template and the values it reads: 0 and 1 are the inputs, 2 is the first node."""

    form: str
    a: int
    b: int

    @property
    def reads(self) -> set[int]:
        """The values that occur in the template."""
        return {self.a, self.b} if "{b}" in self.form else {self.a}


@dataclass(frozen=True)
class Graph:
    """Nodes in topological order, and the inputs."""

    nodes: tuple[Node, ...]
    arrays: tuple[Array, ...]
    is_broadcasting: bool = True

    def values(self) -> list[Any] | None:
        """Return the value of every input and node, None if one leaves the domain."""
        values = [np.asarray(a, oracles.PRECISE)[()] for a in self.arrays]
        for node in self.nodes:
            value = value_of(node.form, values[node.a], values[node.b], self.is_broadcasting)
            if value is None:
                return None
            values.append(value)
        return values

    def question(self) -> Question | None:
        """Return the graph as a question, None if it is empty or leaves the domain.

        The last value is weighted; what no other node reads is added to it.
        """
        values = self.values()
        if values is None or not self.nodes:
            return None
        names = [*INPUTS, *(f"v{i}" for i in range(1, len(self.nodes)))]
        names.append("out")
        lines = [
            f"{name} = {node.form.format(a=names[node.a], b=names[node.b])}"
            for name, node in zip(names[2:], self.nodes, strict=True)
        ]
        read = set[int]().union(*(node.reads for node in self.nodes))
        used = [k for k in range(len(INPUTS)) if k in read]
        program = Program("\n".join(lines), tuple(INPUTS[k] for k in used))
        arrays = tuple(self.arrays[k] for k in used)
        if np.shape(values[-1]):
            program = program.weighted()
            arrays = (*arrays, weights_for(values[-1], str(arrays[0].dtype)))
        loose = [k for k in range(2, len(values) - 1) if k not in read]
        if loose:
            rest = "".join(f" + ops.sum({names[k]}) * 0.{3 + k % 6}" for k in loose)
            program = Program(f"{program.source}\nout = out{rest}", program.names)
        return Question(program, arrays)

    def smaller(self) -> Iterator["Graph"]:
        """Yield smaller graphs: one node with all that it needs, or all nodes but one."""
        for last in range(2, len(self.nodes) + 2):
            closure = self._closure(last)
            if len(closure) < len(self.nodes):
                yield closure
        for removed in range(len(self.nodes) + 1, 1, -1):
            for instead in sorted(self.nodes[removed - 2].reads):
                yield self._without(removed, instead)

    def __len__(self) -> int:
        return len(self.nodes)

    def _closure(self, last: int) -> "Graph":
        needed, stack = set(), [last]
        while stack:
            k = stack.pop()
            if k not in needed and k >= 2:
                needed.add(k)
                stack += self.nodes[k - 2].reads
        places = {0: 0, 1: 1} | {k: n for n, k in enumerate(sorted(needed), start=2)}
        return self._of(sorted(needed), places)

    def _without(self, removed: int, instead: int) -> "Graph":
        kept = [k for k in range(2, len(self.nodes) + 2) if k != removed]
        places = {0: 0, 1: 1} | {k: n for n, k in enumerate(kept, start=2)}
        places[removed] = places[instead]
        return self._of(kept, places)

    def _of(self, kept: list[int], places: dict[int, int]) -> "Graph":
        nodes = [self.nodes[k - 2] for k in kept]
        moved = tuple(Node(n.form, places.get(n.a, 0), places.get(n.b, 0)) for n in nodes)
        return Graph(moved, self.arrays, self.is_broadcasting)


def grow(words: Words, moves: Sequence[Move], seed: int, dtype: str) -> Graph:
    """Return the graph that moves make: each takes a template and two earlier values.

    A move that leaves the domain (overflow, a small divisor, a kink, shapes that do not fit) is
    skipped, so every list of moves makes a graph, and a shorter list a smaller one.
    """
    _, _, first, second = moves[0]
    other = first + second if words.is_broadcasting else first
    shapes = (_SHAPES[first % len(_SHAPES)], _SHAPES[other % len(_SHAPES)])
    arrays = draw(f"graph {first} {second}", seed, shapes, (-2.0, 2.0), dtype)
    values: list[Any] = [np.asarray(a, oracles.PRECISE)[()] for a in arrays]
    nodes: list[Node] = []
    for is_made, template, i, j in moves:
        if not is_made or len(nodes) == MAX_NODES:
            continue
        a, b = len(values) - 1 - i % len(values), len(values) - 1 - j % len(values)
        form = words.templates[template % len(words.templates)]
        value = value_of(form, values[a], values[b], words.is_broadcasting)
        if value is not None:
            nodes.append(Node(form, a, b))
            values.append(value)
    return Graph(tuple(nodes), tuple(arrays), words.is_broadcasting)


def value_of(form: str, a: Any, b: Any, is_broadcasting: bool) -> Any:
    """Return the value of a node, None where it leaves the domain."""
    if not _is_inside(form, a, b) or not (is_broadcasting or _is_plain(form, a, b)):
        return None
    try:
        with np.errstate(all="ignore"):
            value = Program.of(form.format(a="a", b="b"), "a", "b").function(NUMPY, a, b)
    except (ValueError, TypeError, IndexError):
        return None
    if not np.all(np.isfinite(value)) or np.any(np.abs(value) > _LARGEST):
        return None
    return value


def _is_plain(form: str, a: Any, b: Any) -> bool:
    """Tell whether a node does without broadcasting and passes no number as an array."""
    if "{b}" in form and np.shape(a) != np.shape(b):
        return False
    return np.ndim(a) > 0 or not _OF_ARRAYS.match(form)


def _is_inside(form: str, a: Any, b: Any) -> bool:
    """Tell whether the operands keep away from kinks and poles."""
    if "axis" in form and not np.ndim(a):  # NumPy accepts axis 0 of a number, few others do
        return False
    if form.startswith(("ops.relu", "ops.log", "{a} **")):
        needs_sign = form.startswith("ops.log") or form == "{a} ** {b}"
        if np.any(np.abs(a) < _SMALLEST) or (needs_sign and np.any(a < 0)):
            return False
    if form.startswith("ops.max") and np.any(np.diff(np.sort(np.ravel(a))) < _CLEARANCE):
        return False
    divisor = b if "/ {b}" in form else a
    return " / " not in form or not np.any(np.abs(divisor) < _SMALLEST)
