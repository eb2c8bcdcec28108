"""What is wrong with a gradient that must be summed over broadcast axes, and was not."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from benchgrad.engines.conformance.cases.oracles import Array, Shape, closed_form
from benchgrad.engines.conformance.judging.evidence import WrongGradient
from benchgrad.engines.conformance.judging.verdict import Cause

_NOT_SUMMED = "gradient of {} not summed over the broadcast {}"


def causes(wrong: WrongGradient) -> Iterator[Cause]:
    """Explain a gradient that was not summed over broadcast axes, or not over all of them."""
    if not wrong.derivative:
        return
    g = wrong.evidence.problem.incoming
    full = closed_form(wrong.derivative, wrong.question.inputs, g)
    yield from _of_sums(wrong, full)
    shape = wrong.expected.shape
    if wrong.actual.shape == full.shape and (axes := broadcast_axes(shape, full.shape)):
        where = (wrong.name, _words(axes), str(wrong.actual.shape), str(shape))
        yield Cause(f"{_NOT_SUMMED}: it has shape {{}}, its array {{}}", where)


def broadcast_axes(shape: Shape, result: Shape) -> list[int]:
    """Return the axes of `result` along which an array of `shape` is repeated to fill it."""
    try:
        if np.broadcast_shapes(shape, result) != result:
            return []
    except ValueError:
        return []
    added = len(result) - len(shape)
    stretched = [added + i for i, n in enumerate(shape) if n == 1 and result[added + i] != 1]
    return [*range(added), *stretched]


def _of_sums(wrong: WrongGradient, full: Array) -> Iterator[Cause]:
    """Explain a gradient by its elements before they are summed, in the result's shape."""
    axes = broadcast_axes(wrong.array.shape, full.shape)
    if not axes:
        return
    if _is(wrong, full):
        yield Cause(_NOT_SUMMED, (wrong.name, _words(axes)))
    for n in range(1, len(axes)):
        for left in combinations(axes, n):
            summed = tuple(axis for axis in axes if axis not in left)
            if _is(wrong, full.sum(axis=summed)):
                yield Cause(_NOT_SUMMED, (wrong.name, _words(left)))
    if _is(wrong, wrong.expected * (wrong.array.size / max(full.size, 1))):
        kind = "gradient of {} averaged, not summed, over the broadcast {}"
        yield Cause(kind, (wrong.name, _words(axes)))
    for which, position in (("first", 0), ("last", -1)):
        index = tuple(position if axis in axes else slice(None) for axis in range(full.ndim))
        if all(full.shape[axis] for axis in axes) and _is(wrong, full[index]):
            kind = f"{_NOT_SUMMED}: only its {which} part is kept, assigned and not added"
            yield Cause(kind, (wrong.name, _words(axes)))


def _is(wrong: WrongGradient, guess: Array) -> bool:
    """Tell whether a guess has the same numbers, axes of length one apart."""
    return wrong.evidence.fits(np.squeeze(wrong.actual), np.squeeze(guess))


def _words(axes: Sequence[int]) -> str:
    return f"{'axis' if len(axes) == 1 else 'axes'} {', '.join(map(str, axes))}"
