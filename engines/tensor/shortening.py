"""Leaves out copies on a tape that only an eager graph needs.

It knows calls and the arrays they read and write, but no operation and no graph.
"""

import operator
from collections.abc import Collection, Iterable, Sequence

import numpy as np

from benchgrad.engines.tensor.arrays import Array
from benchgrad.engines.tensor.memory import Step, owner_of


def without_copies(steps: Sequence[Step], keep: Iterable[Array]) -> list[Step]:
    """Return the same calls without the copies of results that can be written where the copy is.

    A graph copies a gradient that somebody else may hold. On a tape nobody does: a result that is
    copied as a whole, and not written again, is written into the copy at once. Memory of `keep`
    stays what it is, but may be the copy.
    """
    kept = {id(owner_of(array)) for array in keep}
    shortened = list(steps)
    i = len(shortened) - 1
    while i >= 0:
        copy = shortened[i]
        source = _source(copy)
        if source is not None and _is_free(shortened, i, source, kept):
            places = {id(source): _place(copy)}
            del shortened[i]
            shortened = [step.moved(places) for step in shortened]
        i -= 1
    return shortened


def _source(step: Step) -> Array | None:
    """Return the whole array that a step copies, element by element and without a cast."""
    target, source = _place(step), step.arguments[-1]
    if not (step.function is np.copyto or (step.function is operator.setitem and _is_whole(step))):
        return None
    if not isinstance(source, np.ndarray) or owner_of(source).size != source.size:
        return None
    is_alike = (source.shape, source.dtype, source.strides) == (
        target.shape,
        target.dtype,
        target.strides,
    )
    return owner_of(source) if is_alike and target.flags.c_contiguous else None


def _is_whole(step: Step) -> bool:
    return step.arguments[1] is ...


def _place(step: Step) -> Array:
    return step.arguments[0]  # type: ignore[no-any-return]


def _is_free(steps: Sequence[Step], i: int, source: Array, kept: Collection[int]) -> bool:
    """Return whether the source of the copy at i may be where its target is.

    Somebody on the tape makes the source, nobody touches the target before the copy, and nobody
    writes either of them after it.
    """
    target = _place(steps[i])
    before, after = steps[:i], steps[i + 1 :]
    return (
        id(source) not in kept
        and any(owner_of(step.target) is source for step in before)
        and not any(np.may_share_memory(a, target) for step in before for a in step.arrays())
        and not any(
            owner_of(step.target) is source or np.may_share_memory(step.target, target)
            for step in after
        )
    )
