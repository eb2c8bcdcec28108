"""Writes a program as source: loops over one memory with constant places. Nothing runs here."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchgrad.engines.compiled.forms import ALL, PRODUCT
from benchgrad.engines.compiled.fusion import Group, Part
from benchgrad.engines.compiled.instructions import Loop, Move, Operand, Product, View

_INDENT = "    "
_UNROLLED = 4  # the longest inner axis of a product that is written out


@dataclass(frozen=True)
class Memory:
    """Where buffers begin in the one array `work`: a compiler sees that they do not overlap."""

    places: Mapping[int, int]

    def first(self, view: View) -> int:
        """Return the place of the first element of a view."""
        return self.places[view.buffer] + view.offset

    def has(self, view: View) -> bool:
        """Return whether a view is in memory at all."""
        return view.buffer in self.places

    def element(self, view: View, names: Sequence[str], strides: Sequence[int]) -> str:
        """Return the source of an element at an index, e.g. ``work[64 + i * 32 + j]``."""
        first = self.first(view)
        terms = [str(first)] if first else []
        for axis, stride in zip(names, strides, strict=True):
            if stride and axis != "0":
                terms.append(axis if stride == 1 else f"{axis} * {stride}")
        return f"work[{' + '.join(terms) or '0'}]"


def body(parts: Sequence[Part], memory: Memory) -> Iterator[str]:
    """Yield the lines of one step."""
    for part in parts:
        if isinstance(part, Product):
            yield _product(part, memory)
        elif isinstance(part, Move):
            yield from _move(part, memory)
        else:
            yield from _Nest(part, memory).lines()


def _product(product: Product, memory: Memory) -> str:
    m, k, n = product.shape
    factors = []
    for view, (n_rows, n_columns) in zip(product.operands, ((m, k), (k, n)), strict=True):
        is_plain = n_columns == 1 or view.strides[1] == 1 or n_rows == 1
        factors.append(f"{memory.first(view)}, {0 if is_plain else 1}")
    places = f"{', '.join(factors)}, {memory.first(product.target)}"
    return f"multiply(blas, {m}, {k}, {n}, work, {places})"


def _move(move: Move, memory: Memory) -> Iterator[str]:
    yield f"for i in range({move.n}):"
    index = memory.element(move.index, "i", (1,))
    yield f"{_INDENT}k = min(max(int({index}), 0), {move.limit - 1})"
    at_k, at_i = ("k", "i") if move.puts else ("i", "k")
    target = memory.element(move.target, at_k, (1,))
    source = (
        memory.element(move.source, at_i, (1,))
        if isinstance(move.source, View)
        else _number(move.source)
    )
    yield f"{_INDENT}{target} = {f'{target} + ' if move.adds else ''}{source}"


def _number(number: float) -> str:
    return f"number({number!r})" if math.isfinite(number) else f"number(float('{number}'))"


class _Nest:
    """The loops of a group, over as few axes as its views allow."""

    def __init__(self, group: Group, memory: Memory) -> None:
        self._memory = memory
        self._loops = group.loops
        views = list(
            dict.fromkeys(
                view
                for loop in group.loops
                for view in (loop.target, *loop.operands)
                if isinstance(view, View) and memory.has(view)
            )
        )
        axes = [i for i, n in enumerate(group.shape) if n > 1]
        self._unrolls = False
        first = group.loops[0]
        if first.form == PRODUCT:
            k = len(group.shape) - 2
            self._unrolls = group.shape[k] <= _UNROLLED
            if self._unrolls and k in axes:
                axes = [i for i in axes if i != k] + [k]
        else:
            leader = next((v for v in views if sum(map(bool, v.strides)) == len(axes)), None)
            if leader is not None:
                axes.sort(key=lambda i: -abs(leader.strides[i]))
        lengths = [group.shape[i] for i in axes]
        strides = {view: [view.strides[i] for i in axes] for view in views}
        self._lengths, self._strides = _collapsed(lengths, strides)
        self._names = [f"i{k}" for k in range(len(self._lengths))]

    def lines(self) -> Iterator[str]:
        """Yield the source."""
        depth = len(self._lengths)
        inner = {  # reduction -> the axis from which on its target stays the same
            id(loop): self._first_repeated(loop) for loop in self._loops if loop.is_reduction
        }
        for loop in self._loops:
            if loop.is_reduction and inner[id(loop)] is None:
                yield from self._fill(loop)
        yield from self._at(0, depth, inner)

    def _at(self, axis: int, depth: int, inner: dict[int, int | None]) -> Iterator[str]:
        tab = _INDENT * axis
        if axis == depth:
            yield from (tab + line for line in self._element(inner))
            return
        opened = [loop for loop in self._loops if inner.get(id(loop)) == axis]
        for loop in opened:
            yield f"{tab}{self._sum_name(loop)} = {_number(loop.start or 0.0)}"
        if self._unrolls and axis == depth - 1 and opened:
            for k in range(self._lengths[axis]):
                names = self._names
                self._names = [*names[:-1], str(k)]
                yield from (line for line in self._shifted(inner, tab))
                self._names = names
        else:
            yield f"{tab}for {self._names[axis]} in range({self._lengths[axis]}):"
            yield from self._at(axis + 1, depth, inner)
        for loop in opened:
            yield f"{tab}{self._at_index(loop.target)} = {self._sum_name(loop)}"

    def _shifted(self, inner: dict[int, int | None], tab: str) -> Iterator[str]:
        for line in self._element(inner):
            yield tab + line

    def _sum_name(self, loop: Loop) -> str:
        return f"s{next(i for i, own in enumerate(self._loops) if own is loop)}"

    def _first_repeated(self, loop: Loop) -> int | None:
        """Return the first of the innermost axes over which a sum may stay in a register."""
        strides = self._strides[loop.target]
        n = len(strides)
        while n and not strides[n - 1]:
            n -= 1
        return n if n < len(strides) and all(strides[:n]) else None

    def _fill(self, loop: Loop) -> Iterator[str]:
        strides = self._strides[loop.target]
        depth = 0
        for name, n, stride in zip(self._names, self._lengths, strides, strict=True):
            if stride:
                yield f"{_INDENT * depth}for {name} in range({n}):"
                depth += 1
        yield f"{_INDENT * depth}{self._at_index(loop.target)} = {_number(loop.start or 0.0)}"

    def _at_index(self, view: View) -> str:
        total, terms = 0, []
        for name, stride in zip(self._names, self._strides[view], strict=True):
            if name.isdigit():
                total += int(name) * stride
            else:
                terms.append((name, stride))
        moved = View(view.buffer, view.offset + total, view.strides)
        return self._memory.element(moved, [t[0] for t in terms], [t[1] for t in terms])

    def _element(self, inner: dict[int, int | None]) -> Iterator[str]:
        known: dict[View, str] = {}
        loaded: dict[View, str] = {}

        def load(operand: Operand) -> Iterator[str]:
            if isinstance(operand, View) and operand not in known and operand not in loaded:
                loaded[operand] = f"v{len(loaded)}"
                yield f"{loaded[operand]} = {self._at_index(operand)}"

        def name_of(operand: Operand) -> str:
            if isinstance(operand, View):
                return known.get(operand) or loaded[operand]
            return _number(operand)

        for k, loop in enumerate(self._loops):
            is_inner = loop.is_reduction and inner[id(loop)] is not None
            names = []
            for operand in loop.operands:
                if is_inner and operand == loop.target:
                    names.append(self._sum_name(loop))
                elif loop.is_reduction and operand == loop.target:
                    yield f"u{k} = {self._at_index(operand)}"
                    names.append(f"u{k}")
                else:
                    yield from load(operand)
                    names.append(name_of(operand))
            form = ALL[loop.form].format(**dict(zip("abc", names, strict=False)))
            if is_inner:
                yield f"{self._sum_name(loop)} = {form}"
            elif loop.is_reduction:
                yield f"{self._at_index(loop.target)} = {form}"
            else:
                known[loop.target] = f"t{k}"
                yield f"t{k} = {form}"
                loaded.pop(loop.target, None)
                if self._memory.has(loop.target):
                    yield f"{self._at_index(loop.target)} = t{k}"


def _collapsed(
    lengths: list[int], strides: Mapping[View, list[int]]
) -> tuple[list[int], dict[View, list[int]]]:
    """Return as few axes as do the same: an axis joins the next where every view allows it."""
    lengths = list(lengths)
    own = {view: list(steps) for view, steps in strides.items()}
    i = 0
    while i + 1 < len(lengths):
        if all(steps[i] == steps[i + 1] * lengths[i + 1] for steps in own.values()):
            lengths[i : i + 2] = [lengths[i] * lengths[i + 1]]
            for steps in own.values():
                del steps[i]
        else:
            i += 1
    return lengths, own
