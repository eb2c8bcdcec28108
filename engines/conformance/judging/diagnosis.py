"""Why a gradient is wrong, in words: what was found is compared with what mistakes would give.

Every guess is computed by the oracles, from the program or from a row's closed form; the first
that explains the numbers is named. Nothing is run on an engine.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.engines.conformance.cases.program import WEIGHTS, Program
from benchgrad.engines.conformance.judging.evidence import Evidence
from benchgrad.engines.conformance.oracles import (
    by_complex_step,
    closed_form,
    unbroadcast,
    value_of,
)

Array = NDArray[Any]
_SEVERAL = 40  # uses of one variable beyond which only the first and the last are tried


def diagnose(evidence: Evidence) -> str:
    """Return the likely cause of what is wrong, empty if no known mistake gives these numbers."""
    if evidence.value_is_wrong:
        return _of_value(evidence)
    for i in evidence.wrong:
        for cause in _causes(evidence, i):
            return cause
    return ""


def _of_value(evidence: Evidence) -> str:
    """Return why the forward pass gives another number."""
    actual, expected = evidence.actual_value, evidence.expected_value
    if not np.isfinite(actual):
        return f"the value is {actual}"
    for why, variant in evidence.program.variants():
        found = _guarded(value_of, variant.function, evidence.arrays)
        if found is not None and np.size(found) == 1 and evidence.fits(actual, np.squeeze(found)):
            return f"the value is wrong: {why}"
    if evidence.fits(actual, -expected):
        return "the value has the wrong sign"
    return "the value is wrong, before any gradient"


def _causes(evidence: Evidence, i: int) -> Iterator[str]:
    """Yield what explains the gradient of input `i`, the most specific first."""
    name = evidence.program.names[i]
    actual, expected = evidence.actual[i], evidence.expected[i]
    yield from _of_shape(evidence, i)
    if actual.shape != expected.shape:
        shapes = f"it has shape {actual.shape}, its array {expected.shape}"
        if axes := _kept_axes(expected.shape, actual.shape):
            yield f"gradient of {name} not summed over the broadcast {axes}: {shapes}"
        yield f"the gradient of {name} does not have the shape of its array: {shapes}"
        return
    if not np.all(np.isfinite(actual)):
        which = "nan" if np.any(np.isnan(actual)) else "infinite"
        yield f"the gradient of {name} is {which}"
        return
    yield from _of_uses(evidence, i)
    if not np.any(actual):
        yield f"gradient missing: that of {name} is zero"
    if evidence.fits(actual, -expected):
        yield from _of_mistakes(evidence, i)  # a row may know why
        yield f"sign wrong in the derivative by {name}"
    yield from _of_variants(evidence, i)
    yield from _of_mistakes(evidence, i)
    yield from _of_exchange(evidence, i)
    yield from _of_factor(evidence, i)
    yield from _of_edges(evidence, i)
    yield from _of_ratio(evidence, i)
    yield from _of_places(evidence, i)


# --- shapes and broadcasting -------------------------------------------------------------------


def broadcast_axes(shape: tuple[int, ...], result: tuple[int, ...]) -> list[int]:
    """Return the axes of `result` along which an array of `shape` was repeated."""
    added = len(result) - len(shape)
    stretched = [added + i for i, n in enumerate(shape) if n == 1 and result[added + i] != 1]
    return [*range(added), *stretched]


def _kept_axes(shape: tuple[int, ...], found: tuple[int, ...]) -> str:
    """Return the axes that broadcasting `shape` to `found` adds or stretches, as words."""
    try:
        if np.broadcast_shapes(shape, found) != found:
            return ""
    except ValueError:
        return ""
    axes = broadcast_axes(shape, found)
    return f"{'axis' if len(axes) == 1 else 'axes'} {', '.join(map(str, axes))}"


def _of_shape(evidence: Evidence, i: int) -> Iterator[str]:
    """Explain a gradient that was not summed, or not as it must be, where it was broadcast."""
    if i >= len(evidence.full):  # a program without closed forms, or its weights
        return
    full, actual = np.asarray(evidence.full[i]), evidence.actual[i]
    shape = np.shape(evidence.arrays[i])
    name = evidence.program.names[i]
    try:
        np.broadcast_shapes(shape, full.shape)
    except ValueError:
        return
    axes = broadcast_axes(shape, full.shape)
    where = "axis" if len(axes) == 1 else "axes"
    listed = ", ".join(map(str, axes))
    if not axes or evidence.fits(actual, evidence.expected[i]):
        return
    if _same(evidence, actual, full):
        yield f"gradient of {name} not summed over the broadcast {where} {listed}"
    for n in range(1, len(axes)):
        for left in combinations(axes, n):
            summed = tuple(axis for axis in axes if axis not in left)
            if _same(evidence, actual, full.sum(axis=summed)):
                which = ", ".join(map(str, left))
                yield f"gradient of {name} not summed over the broadcast axis {which}"
    count = full.size / max(np.size(evidence.arrays[i]), 1)
    if _same(evidence, actual, np.asarray(evidence.expected[i]) / count):
        yield f"gradient of {name} averaged, not summed, over the broadcast {where} {listed}"
    for which, position in (("first", 0), ("last", -1)):
        if all(full.shape[axis] for axis in axes) and _same(
            evidence, actual, _slice(full, axes, position)
        ):
            kept = f"only its {which} part is kept, as by = for +="
            yield f"gradient of {name} not summed over the broadcast {where} {listed}: {kept}"


def _slice(full: Array, axes: list[int], position: int) -> Array:
    index = tuple(position if axis in axes else slice(None) for axis in range(full.ndim))
    return np.asarray(full[index])


def _same(evidence: Evidence, actual: Array, guess: Any) -> bool:
    """Tell whether two gradients have the same numbers, axes of length one apart."""
    return evidence.fits(np.squeeze(actual), np.squeeze(np.asarray(guess)))


# --- what the program's own structure explains ---------------------------------------------------


def _of_uses(evidence: Evidence, i: int) -> Iterator[str]:
    """Explain a gradient to which only one of several uses of a value contributes."""
    for variable, uses in evidence.program.uses().items():
        if len(uses) < 2:
            continue
        tried = uses if len(uses) <= _SEVERAL else [uses[0], uses[-1]]
        for alive in reversed(tried):
            dropped = dict.fromkeys((use for use in uses if use != alive), 0.0)
            if _explains(evidence, i, evidence.program.with_edges(dropped)):
                times = "twice" if len(uses) == 2 else f"{len(uses)} times"
                yield (
                    "gradient overwritten instead of accumulated when a value is used "
                    f"{times} ({variable}){_or_lost(evidence.program, dropped)}"
                )


def _or_lost(program: Program, dropped: Mapping[int, float]) -> str:
    """Return what else explains a gradient that lacks one use, where the program is a graph."""
    if len(dropped) > 1 or "\n" not in program.source:
        return ""
    return f", or none comes back through {program.reader_of(next(iter(dropped)))}"


def _of_edges(evidence: Evidence, i: int) -> Iterator[str]:
    """Explain a gradient by one edge of the graph that passes on too much, or nothing."""
    program = evidence.program
    for variable, uses in program.uses().items():
        if len(uses) > _SEVERAL:
            continue
        for number, use in enumerate(uses, start=1):
            where = f"use {number} of {variable}" if len(uses) > 1 else f"the use of {variable}"
            for factor, what in (
                (0.0, "no gradient flows back through"),
                (-1.0, "sign wrong in the derivative at"),
                (2.0, "the gradient is counted twice at"),
            ):
                if _explains(evidence, i, program.with_edges({use: factor})):
                    yield f"{what} {where}"


def _explains(evidence: Evidence, i: int, function: Callable[..., Any]) -> bool:
    found = _guarded(by_complex_step, function, evidence.arrays)
    return found is not None and evidence.fits(evidence.actual[i], found[i])


def _of_variants(evidence: Evidence, i: int) -> Iterator[str]:
    """Explain a gradient that belongs to another program: operands swapped, another axis."""
    name = evidence.program.names[i]
    for why, variant in evidence.program.variants():
        if _explains(evidence, i, variant.function):
            if why.startswith("operands swapped in "):
                text = why.removeprefix("operands swapped in ")
                yield f"operands swapped in the derivative of {text} by {name}"
            else:
                yield f"{why} in the derivative by {name}"


def _of_mistakes(evidence: Evidence, i: int) -> Iterator[str]:
    """Explain a gradient by a mistake that is known for the row, with either sign."""
    inputs, shape = evidence.inputs, np.shape(evidence.arrays[i])
    g = inputs.get(WEIGHTS, np.asarray(1.0))
    if i < len(evidence.derivatives):
        ones = np.ones(evidence.result_shape)
        found = _guarded(_summed, evidence.derivatives[i], inputs, ones, shape)
        if found is not None and evidence.fits(evidence.actual[i], found):
            name = evidence.program.names[i]
            yield f"the derivative by {name} is not multiplied by the incoming gradient"
        out = evidence.expected[-1]  # the gradient by the weights
        found = _guarded(_summed, evidence.derivatives[i], inputs, out, shape)
        if WEIGHTS in inputs and found is not None and evidence.fits(evidence.actual[i], found):
            yield f"operands swapped in the derivative of *, by which {WEIGHTS} weights the result"
    for text, why in evidence.mistakes.items():
        found = _guarded(_summed, text, inputs, g, shape)
        if found is not None and evidence.fits(evidence.actual[i], found):
            yield f"wrong derivative by {evidence.program.names[i]}: {why}"


def _of_exchange(evidence: Evidence, i: int) -> Iterator[str]:
    """Explain a gradient that is that of another input, or is transposed."""
    actual, names = evidence.actual[i], evidence.program.names
    for k, other in enumerate(evidence.expected):
        if k != i and names[k] != WEIGHTS and evidence.fits(actual, other):
            yield f"operands swapped: the gradient of {names[i]} is that of {names[k]}"
    expected = np.asarray(evidence.expected[i])
    if expected.ndim >= 2 and evidence.fits(actual, np.swapaxes(expected, -1, -2)):
        yield f"the gradient of {names[i]} is transposed"
    if expected.ndim >= 2 and evidence.fits(actual, expected.T.reshape(expected.shape)):
        yield f"the gradient of {names[i]} has its elements in the order of the transposed array"
    if expected.ndim >= 2 and evidence.fits(actual, expected.reshape(expected.T.shape).T):
        yield f"the gradient of {names[i]} has its elements in the order of the transposed array"


# --- what the numbers explain --------------------------------------------------------------------


def _of_factor(evidence: Evidence, i: int) -> Iterator[str]:
    """Explain a gradient that is a constant times the right one."""
    actual, expected = np.asarray(evidence.actual[i], float), np.asarray(evidence.expected[i])
    if expected.size < 2 or not np.any(expected):
        return  # one number is always a multiple of another
    largest = np.unravel_index(np.argmax(np.abs(expected)), expected.shape)
    factor = float(actual[largest] / expected[largest])
    if not evidence.fits(actual, factor * expected):
        return
    name, n = evidence.program.names[i], max(np.size(a) for a in evidence.arrays)
    known = {2.0: ": it is added twice"}
    if n > 2:
        known |= {float(n): ", the number of elements", 1 / n: ", 1 / the number of elements"}
    word = next((text for f, text in known.items() if np.isclose(f, factor, rtol=1e-6)), "")
    yield f"off by a constant factor {factor:.6g} in the derivative by {name}{word}"


def _of_ratio(evidence: Evidence, i: int) -> Iterator[str]:
    """Explain a gradient that is the right one times (or without) a quantity of the program."""
    actual, expected = evidence.actual[i], np.asarray(evidence.expected[i])
    name = evidence.program.names[i]
    for other, array in evidence.inputs.items():
        if np.shape(array) != expected.shape or not np.all(array):
            continue
        what = "the incoming gradient" if other == WEIGHTS else other
        numbers = np.asarray(array, np.longdouble)
        if evidence.fits(actual, expected * numbers):
            yield f"{what} is multiplied in once too often in the derivative by {name}"
        if evidence.fits(actual, expected / numbers):
            yield f"the derivative by {name} is not multiplied by {what}"


def _of_places(evidence: Evidence, i: int) -> Iterator[str]:
    """Say where a gradient is wrong, if most of it is right."""
    actual, expected = evidence.actual[i], np.asarray(evidence.expected[i])
    scale = max(float(np.max(np.abs(expected), initial=0.0)), 1e-3)
    wrong = np.abs(actual - expected) > evidence.rtol * scale
    if expected.ndim and np.any(wrong) and wrong.sum() <= wrong.size / 2:
        places = [tuple(map(int, place)) for place in np.argwhere(wrong)[:3]]
        listed = ", ".join(str(p[0] if len(p) == 1 else p) for p in places)
        more = ", …" if wrong.sum() > 3 else ""
        yield f"the gradient of {evidence.program.names[i]} is wrong only at {listed}{more}"


def _summed(text: str, inputs: dict[str, Array], g: Array, shape: tuple[int, ...]) -> Array:
    return unbroadcast(closed_form(text, inputs, g), shape)


def _guarded(compute: Callable[..., Any], *arguments: Any) -> Any:
    """Return a guess, None where it cannot be computed: shapes do not fit, an axis is missing."""
    try:
        with np.errstate(all="ignore"):
            return compute(*arguments)
    except (ValueError, IndexError, TypeError, ZeroDivisionError, OverflowError):
        return None
