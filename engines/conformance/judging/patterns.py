"""What the numbers of a wrong gradient explain by themselves, beside the right ones."""

from collections.abc import Iterator

import numpy as np

from benchgrad.engines.conformance.cases.program import WEIGHTS
from benchgrad.engines.conformance.judging.evidence import WrongGradient
from benchgrad.engines.conformance.judging.verdict import Cause


def of_zeros(wrong: WrongGradient) -> Iterator[Cause]:
    """Explain a gradient that is zero."""
    if not np.any(wrong.actual):
        yield Cause("gradient missing: that of {} is zero", (wrong.name,))


def of_exchange(wrong: WrongGradient) -> Iterator[Cause]:
    """Explain a gradient that is that of another input, or is transposed."""
    gradients = wrong.evidence.problem.truth.gradients
    uses = wrong.question.program.uses()
    for other, gradient in zip(wrong.question.names, gradients, strict=True):
        is_once = len(uses.get(wrong.name, ())) == len(uses.get(other, ())) == 1
        if other not in (wrong.name, WEIGHTS) and is_once and wrong.fits(gradient):
            kind = "operands swapped: the gradient of {} is that of {}"
            yield Cause(kind, (wrong.name, other))
    expected = wrong.expected
    if expected.ndim < 2:
        return
    if wrong.fits(np.swapaxes(expected, -1, -2)):
        yield Cause("the gradient of {} is transposed", (wrong.name,))
    reordered = (expected.T.reshape(expected.shape), expected.reshape(expected.T.shape).T)
    if any(map(wrong.fits, reordered)):
        kind = "the gradient of {} has its elements in the order of the transposed array"
        yield Cause(kind, (wrong.name,))


def of_factor(wrong: WrongGradient) -> Iterator[Cause]:
    """Explain a gradient that is a constant times the right one."""
    actual, expected = wrong.actual.astype(float), wrong.expected
    if expected.size < 2 or not np.any(expected):
        return  # one number is always a multiple of another
    largest = np.unravel_index(np.argmax(np.abs(expected)), expected.shape)
    factor = float(actual[largest] / expected[largest])
    if not wrong.fits(factor * expected):
        return
    n = max(np.size(array) for array in wrong.question.arrays)
    known: dict[float, str] = {}
    if n > 2:
        known = {float(n): ", the number of elements", 1 / n: ", 1 / the number of elements"}
    words = next((text for f, text in known.items() if np.isclose(f, factor, rtol=1e-6)), "")
    kind = f"off by a constant factor {{}} in the derivative by {{}}{words}"
    yield Cause(kind, (f"{factor:.6g}", wrong.name))


def of_ratio(wrong: WrongGradient) -> Iterator[Cause]:
    """Explain a gradient that has an input of the program as a factor too many or too few."""
    for other, array in wrong.question.inputs.items():
        if np.shape(array) != wrong.expected.shape or not np.all(array):
            continue
        what = "the incoming gradient" if other == WEIGHTS else other
        numbers = np.asarray(array, np.longdouble)
        if wrong.fits(wrong.expected * numbers):
            kind = "{} is multiplied in once too often in the derivative by {}"
            yield Cause(kind, (what, wrong.name))
        if wrong.fits(wrong.expected / numbers):
            yield Cause("the derivative by {} is not multiplied by {}", (wrong.name, what))


def of_places(wrong: WrongGradient) -> Iterator[Cause]:
    """Say where a gradient is wrong, if most of it is right."""
    actual, expected = wrong.actual, wrong.expected
    scale = max(float(np.max(np.abs(expected), initial=0.0)), 1e-3)
    is_off = np.abs(actual - expected) > wrong.evidence.rtol * scale
    if expected.ndim and np.any(is_off) and is_off.sum() <= is_off.size / 2:
        places = [tuple(map(int, place)) for place in np.argwhere(is_off)[:3]]
        listed = ", ".join(str(p[0] if len(p) == 1 else p) for p in places)
        more = ", …" if is_off.sum() > 3 else ""
        yield Cause("the gradient of {} is wrong only at {}", (wrong.name, listed + more))
