"""Makes instructions fewer: drops copies, joins loops over the same elements, shares memory.

It knows what instructions read and write, but no operation.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from benchgrad.engines.compiled.forms import COPY
from benchgrad.engines.compiled.instructions import Instruction, Loop, Move, Product, View

ALIGNMENT = 8  # elements, a cache line


@dataclass
class Group:
    """Loops over one shape that run as one: what a loop writes, a later one reads per element."""

    shape: tuple[int, ...]
    loops: list[Loop] = field(default_factory=list)

    def takes(self, loop: Loop) -> bool:
        """Return whether a loop may run together with these."""
        return loop.shape == self.shape and all(_may_join(own, loop) for own in self.loops)

    def reads(self) -> Iterator[View]:
        """Yield what is read from memory, not from an earlier loop of the group."""
        made = set[View]()
        for loop in self.loops:
            yield from (view for view in loop.reads() if view not in made)
            if not loop.is_reduction:
                made.add(loop.target)

    def writes(self) -> Iterator[View]:
        """Yield what is written."""
        yield from (loop.target for loop in self.loops)


Part = Group | Product | Move


def _may_join(earlier: Loop, later: Loop) -> bool:
    """Return whether each element may be computed by `earlier`, then by `later`."""
    made, target = earlier.target, later.target
    for view in later.reads():
        if view.buffer == made.buffer and (view != made or earlier.is_reduction):
            return False
    if target.buffer == made.buffer and (
        target != made or earlier.is_reduction or later.is_reduction
    ):
        return False
    return all(
        view.buffer != target.buffer or (view == target and not later.is_reduction)
        for view in earlier.reads()
    )


def without_copies(
    instructions: Sequence[Instruction],
    sizes: Sequence[int],
    n_pinned: int,
    wanted: Collection[int],
) -> list[Instruction]:
    """Return the instructions without copies of what could be used, or written, in place."""
    n_writes = Counter(instruction.writes().buffer for instruction in instructions)
    kept = list(instructions)
    i = 0
    while i < len(kept):
        moved = _instead_of_copy(kept, i, sizes, n_pinned, n_writes)
        if moved is None or kept[i].writes().buffer in wanted:
            i += 1
        else:
            del kept[i]
            kept = [_mapped(instruction, moved) for instruction in kept]
    return kept


def _instead_of_copy(
    kept: Sequence[Instruction],
    i: int,
    sizes: Sequence[int],
    n_pinned: int,
    n_writes: Counter[int],
) -> Callable[[View], View] | None:
    """Return how views change if the copy at i is dropped; None if it has to stay."""
    copy = kept[i]
    if not isinstance(copy, Loop) or copy.form != COPY or not isinstance(copy.operands[0], View):
        return None
    source, target = copy.operands[0], copy.target
    is_same = _used(source.strides, copy.shape) == _used(target.strides, copy.shape)
    n = 1
    for length in copy.shape:
        n *= length
    if source.buffer < n_pinned or not is_same or source.offset or n != sizes[source.buffer]:
        return None
    if target.buffer >= n_pinned:  # whoever reads the copy may read the source
        if target.offset or n_writes[target.buffer] != 1 or n_writes[source.buffer] > 1:
            return None
        return lambda view: replace(view, buffer=source.buffer) if _is(view, target) else view
    if not n_writes[source.buffer] or _touched(kept[:i], target, n, sizes, n_pinned):
        return None
    # Whoever writes the source may write into the copy.
    return lambda view: (
        View(target.buffer, view.offset + target.offset, view.strides)
        if _is(view, source)
        else view
    )


def _is(view: View, other: View) -> bool:
    return view.buffer == other.buffer


def _used(strides: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(stride for stride, n in zip(strides, shape, strict=True) if n > 1)


def _touched(
    before: Iterable[Instruction], target: View, n: int, sizes: Sequence[int], n_pinned: int
) -> bool:
    """Return whether part of a region of pinned memory was used before it is written."""
    for instruction in before:
        if any(view.buffer == target.buffer for view in instruction.reads()):
            return True
        written = instruction.writes()
        if written.buffer == target.buffer and target.offset <= written.offset < target.offset + n:
            return True
    return False


def _mapped(instruction: Instruction, moved: Callable[[View], View]) -> Instruction:
    """Return an instruction with other views."""

    def of(operand: View | float) -> View | float:
        return moved(operand) if isinstance(operand, View) else operand

    target = moved(instruction.target)
    if isinstance(instruction, Move):
        source, index = of(instruction.source), moved(instruction.index)
        return replace(instruction, target=target, source=source, index=index)
    return replace(instruction, target=target, operands=tuple(map(of, instruction.operands)))  # type: ignore[arg-type]


def without_unread(
    instructions: Sequence[Instruction], n_pinned: int, wanted: Iterable[int]
) -> list[Instruction]:
    """Return the instructions that something wanted depends on."""
    read = set(wanted)
    kept: list[Instruction] = []
    for instruction in reversed(instructions):
        buffer = instruction.writes().buffer
        if buffer < n_pinned or buffer in read:
            read |= {view.buffer for view in instruction.reads()}
            kept.append(instruction)
    return kept[::-1]


def fused(instructions: Iterable[Instruction]) -> list[Part]:
    """Return the instructions with neighbouring loops joined."""
    parts: list[Part] = []
    for instruction in instructions:
        if not isinstance(instruction, Loop):
            parts.append(instruction)
        elif parts and isinstance(parts[-1], Group) and parts[-1].takes(instruction):
            parts[-1].loops.append(instruction)
        else:
            parts.append(Group(instruction.shape, [instruction]))
    return parts


def written(part: Part) -> list[View]:
    """Return what a part writes."""
    return list(part.writes()) if isinstance(part, Group) else [part.writes()]


def stored(parts: Sequence[Part], n_pinned: int, wanted: Iterable[int]) -> set[int]:
    """Return the buffers that need memory: the others live within one iteration of a loop."""
    needed = {*range(n_pinned), *wanted}
    for part in parts:
        needed |= {view.buffer for view in part.reads()}
        if isinstance(part, Group):
            needed |= {loop.target.buffer for loop in part.loops if loop.is_reduction}
    return needed


def shared(
    parts: Sequence[Part], sizes: Sequence[int], needed: Iterable[int], kept: Iterable[int]
) -> tuple[dict[int, int], int]:
    """Return the offset of each buffer in one memory, and its size.

    After its last reader, a buffer makes room for others of its size; `kept` never do.
    """
    needed, kept = set(needed), set(kept)
    last = dict.fromkeys(kept, len(parts))
    for i, part in enumerate(parts):
        for view in (*part.reads(), *written(part)):
            if view.buffer not in kept:
                last[view.buffer] = i
    places: dict[int, int] = {}
    free: dict[int, list[int]] = defaultdict(list)
    end = 0
    for i, part in enumerate(parts):
        made = [view.buffer for view in written(part)]
        for buffer in made if i else [*sorted(kept), *made]:
            if buffer in needed and buffer not in places:
                if free[sizes[buffer]]:
                    places[buffer] = free[sizes[buffer]].pop()
                else:
                    places[buffer] = end
                    end += -(-sizes[buffer] // ALIGNMENT) * ALIGNMENT
        for buffer in sorted({view.buffer for view in (*part.reads(), *written(part))}):
            if last[buffer] == i and buffer in places:
                free[sizes[buffer]].append(places[buffer])
    return places, end
