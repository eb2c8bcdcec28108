"""Records a graph of numbers as flat arrays. Nothing is computed while it is recorded.

A number that a formula reads, or branches on, raises RecordError: it may differ the next time.
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.engines.compiled.machine import compiled
from benchgrad.engines.compiled.nodes import CODES, OPERATIONS, PICK, SOURCE
from benchgrad.engines.counts import Counts

Array = NDArray[Any]


class RecordError(Exception):
    """A formula cannot be recorded, since it depends on a value."""


class Graph:
    """Slots of numbers: inputs, then constants, then nodes in the order in which they are made."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.first: list[int] = []
        self.second: list[int] = []
        self.candidates: list[int] = []
        self.widths: dict[int, int] = {}  # of the rows that are picked from
        self.tracked: list[bool] = []
        self.tracked_inputs: list[bool] = []
        self._constants: dict[tuple[float, float], int] = {}

    def inputs(self, shape: tuple[int, ...], tracked: bool = False) -> "Numbers":
        """Return an array of new inputs; gradients of those that are tracked are wanted."""
        found = np.empty(shape, object)
        for i in np.ndindex(shape):
            found[i] = Number(self, self.n_inputs, tracked)
            self.tracked_inputs.append(tracked)
        return found.view(Numbers)

    @property
    def n_inputs(self) -> int:
        """The number of inputs."""
        return len(self.tracked_inputs)

    def constant(self, value: float) -> int:
        """Return the slot of a constant, counted down from −1."""
        key = (value, math.copysign(1.0, value))
        return self._constants.setdefault(key, -1 - len(self._constants))

    def node(self, name: str, a: "Number", b: "Number | float" = 0.0) -> "Number":
        """Return a new node."""
        code = CODES[name]
        other = b.slot if isinstance(b, Number) else self.constant(float(b))
        is_tracked = a.tracked or (isinstance(b, Number) and b.tracked)
        return self._add(code, a.slot, other, is_tracked and OPERATIONS[code].is_node)

    def reversed_node(self, name: str, a: float, b: "Number") -> "Number":
        """Return a new node whose first operand is a plain number."""
        return self._add(CODES[name], self.constant(float(a)), b.slot, b.tracked)

    def pick(self, row: list["Number"], column: "Number") -> "Number":
        """Return the number of a row that the value of another names."""
        start = len(self.candidates)
        self.candidates += [number.slot for number in row]
        self.widths[len(self.codes)] = len(row)
        return self._add(PICK, start, column.slot, any(number.tracked for number in row))

    def _add(self, code: int, first: int, second: int, tracked: bool) -> "Number":
        self.codes.append(code)
        self.first.append(first)
        self.second.append(second)
        self.tracked.append(tracked)
        return Number(self, _NODES + len(self.codes) - 1, tracked)

    def operands(self, node: int) -> tuple[int, ...]:
        """Return the slots that a node may read."""
        first, width = self.first[node], self.widths.get(node)
        read = tuple(self.candidates[first : first + width]) if width else (first,)
        return (*read, self.second[node])

    def constants(self) -> list[float]:
        """Return the constants in the order of their slots."""
        return [value for value, _ in self._constants]


_NODES = 1 << 40  # slots of nodes while recording, when the number of constants is not known


class Number:
    """A number whose value is not known yet, with the operators of a scalar Value."""

    __slots__ = ("graph", "slot", "tracked")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, graph: Graph, slot: int, tracked: bool) -> None:
        self.graph = graph
        self.slot = slot
        self.tracked = tracked

    def _binary(self, name: str, other: Any) -> Any:
        if isinstance(other, Number | int | float | np.number | np.bool_):
            return self.graph.node(name, self, other)  # type: ignore[arg-type]
        return NotImplemented

    def _reflected(self, name: str, other: Any) -> Any:
        if isinstance(other, int | float | np.number | np.bool_):
            return self.graph.reversed_node(name, float(other), self)
        return NotImplemented

    # fmt: off
    def __add__(self, other: Any) -> Any:      return self._binary("+", other)
    def __sub__(self, other: Any) -> Any:      return self._binary("-", other)
    def __mul__(self, other: Any) -> Any:      return self._binary("*", other)
    def __truediv__(self, other: Any) -> Any:  return self._binary("/", other)
    def __pow__(self, other: Any) -> Any:      return self._binary("**", other)
    def __rsub__(self, other: Any) -> Any:     return self._reflected("-", other)
    def __rtruediv__(self, other: Any) -> Any: return self._reflected("/", other)
    def __rpow__(self, other: Any) -> Any:     return self._reflected("**", other)
    def __eq__(self, other: Any) -> Any:       return self._binary("==", other)
    def __ne__(self, other: Any) -> Any:       return self._binary("!=", other)
    def __gt__(self, other: Any) -> Any:       return self._binary(">", other)
    def __ge__(self, other: Any) -> Any:       return self._binary(">=", other)
    def __lt__(self, other: Any) -> Any:       return self._binary("<", other)
    def __le__(self, other: Any) -> Any:       return self._binary("<=", other)
    def __neg__(self) -> "Number":             return self.graph.node("neg", self)
    def exp(self) -> "Number":                 return self.graph.node("exp", self)
    def log(self) -> "Number":                 return self.graph.node("log", self)
    def tanh(self) -> "Number":                return self.graph.node("tanh", self)
    def relu(self) -> "Number":                return self.graph.node("relu", self)
    def sigmoid(self) -> "Number":             return self.graph.node("sigmoid", self)
    def detach(self) -> "Number":              return self.graph.node("detach", self)
    # fmt: on

    __radd__ = __add__
    __rmul__ = __mul__

    def _refuse(self, *_: Any) -> Any:
        raise RecordError("a value was read, or branched on, while the graph was being recorded")

    __bool__ = __float__ = __int__ = __index__ = _refuse


class Numbers(np.ndarray[Any, Any]):
    """An object array of numbers that compares element by element, and has no dtype to cast to."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        given = [np.asarray(v) if isinstance(v, Numbers) else v for v in inputs]
        name = _COMPARISONS.get(ufunc.__name__)
        if name and method == "__call__":
            compared = np.frompyfunc(lambda a, b: _compare(name, a, b), 2, 1)
            return np.asarray(compared(*given), object).view(Numbers)
        return getattr(ufunc, method)(*given, **keywords)

    def astype(self, dtype: Any, *_: Any, **__: Any) -> Any:
        """Return the same numbers: they have one dtype."""
        return self


_COMPARISONS = {
    "equal": "==",
    "not_equal": "!=",
    "greater": ">",
    "greater_equal": ">=",
    "less": "<",
    "less_equal": "<=",
}
_MIRRORED = {"==": "==", "!=": "!=", ">": "<", ">=": "<=", "<": ">", "<=": ">="}


def _compare(name: str, a: Any, b: Any) -> Any:
    if isinstance(a, Number):
        return a.graph.node(name, a, b)
    return b.graph.node(_MIRRORED[name], b, a)


class Program:
    """A recorded graph in flat arrays: what the result needs, each node after its operands.

    `data` holds inputs, constants and nodes, and the result comes last. Nodes that do not need one
    another stand side by side, sorted by operation: a run of these is one loop.
    """

    def __init__(self, graph: Graph, result: Number) -> None:
        kept = _in_runs(graph, _needed(graph, result))
        constants = graph.constants()
        start = graph.n_inputs + len(constants)
        places = {_NODES + node: start + k for k, node in enumerate(kept)}
        for k in range(len(constants)):
            places[-1 - k] = graph.n_inputs + k

        def placed(slots: Iterable[int]) -> Array:
            return np.array([places.get(slot, slot) for slot in slots], np.uint32)

        self._codes = np.array([graph.codes[i] for i in kept], np.int8)
        is_pick = self._codes == PICK
        first = [graph.first[i] for i in kept]
        self._first = np.where(is_pick, np.array(first, np.int64), placed(first)).astype(np.uint32)
        self._second = placed(graph.second[i] for i in kept)
        self._candidates = placed(graph.candidates or [0])
        self._ends = np.append(np.flatnonzero(np.diff(self._codes)) + 1, len(kept))
        self.data = np.zeros(start + len(kept))
        self.data[graph.n_inputs : start] = constants
        self.gradient = np.zeros_like(self.data)
        n_constant = len(constants)
        is_tracked = [
            *graph.tracked_inputs,
            *[False] * n_constant,
            *(graph.tracked[i] for i in kept),
        ]
        self._is_tracked = np.array(is_tracked, bool)

    def run(self) -> float:
        """Compute the result of the inputs in `data`, and all gradients; return the result."""
        operands = (self._first, self._second, self._candidates)
        codes = self._codes[self._ends - 1]
        compiled(SOURCE, "float64")(codes, self._ends, *operands, self.data, self.gradient)
        return float(self.data[-1])

    def counts(self) -> Counts:
        """Return the counts of the nodes that the scalar engine would make."""
        is_node = self._is_tracked[-len(self._codes) :] & (self._codes != PICK)
        names, numbers = np.unique(self._codes[is_node], return_counts=True)
        nodes = {OPERATIONS[c].name: int(n) for c, n in zip(names, numbers, strict=True)}
        operands = (self._first[is_node], self._second[is_node])
        edges = sum(int(self._is_tracked[slots].sum()) for slots in operands)
        held = (self._codes, *operands, self.data, self.gradient)
        n_bytes = sum(array.itemsize for array in held) * int(is_node.sum())
        return Counts(dict(sorted(nodes.items())), edges, n_bytes, 0)


def _in_runs(graph: Graph, nodes: list[int]) -> list[int]:
    """Return nodes by their distance from the inputs, and then by operation."""
    levels: dict[int, int] = {}
    for i in nodes:
        levels[_NODES + i] = 1 + max(levels.get(slot, 0) for slot in graph.operands(i))
    order = np.lexsort(([graph.codes[i] for i in nodes], [levels[_NODES + i] for i in nodes]))
    return [nodes[k] for k in order]


def _needed(graph: Graph, result: Number) -> list[int]:
    """Return the nodes that a result depends on, itself last."""
    last = result.slot - _NODES
    is_needed = bytearray(last + 1)
    is_needed[last] = True
    for i in range(last, -1, -1):
        if is_needed[i]:
            for slot in graph.operands(i):
                if slot >= _NODES:
                    is_needed[slot - _NODES] = True
    return [i for i, needed in enumerate(is_needed) if needed]
