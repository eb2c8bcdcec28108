"""Why an answer is wrong: it is compared with what known mistakes would give.

Every guess is computed by the oracles, from the program or from the case's closed form; the
first that explains the numbers is named. Nothing is run on an engine.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from benchgrad.engines.conformance.cases.oracles import (
    Array,
    by_complex_step,
    closed_form,
    unbroadcast,
    value_of,
)
from benchgrad.engines.conformance.cases.program import WEIGHTS, Program
from benchgrad.engines.conformance.judging import broadcasting, patterns
from benchgrad.engines.conformance.judging.evidence import Evidence, WrongGradient
from benchgrad.engines.conformance.judging.verdict import Cause
from benchgrad.engines.interface import UnsupportedError

_SEVERAL = 40  # uses of one variable, beyond which only the first and the last are tried


def diagnose(evidence: Evidence) -> Cause | None:
    """Return the likely cause, None if no known mistake gives these numbers."""
    if evidence.value_is_wrong:
        return _of_value(evidence)
    every = (cause for wrong in evidence.gradients for cause in _causes(wrong))
    return next(every, None)


def _of_value(evidence: Evidence) -> Cause:
    """Return why the forward pass gives another number."""
    actual, expected = evidence.answer.value, evidence.problem.truth.value
    if not np.isfinite(actual):
        return Cause("the value is {}", (str(actual),))
    question = evidence.problem.question
    for variant in question.program.variants():
        found = _guarded(value_of, variant.program.function, question.arrays)
        if found is not None and np.size(found) == 1 and evidence.fits(actual, np.squeeze(found)):
            return Cause(f"the value is wrong: {variant.mistake}", variant.where, variant.operator)
    if evidence.fits(actual, -expected):
        return Cause("the value has the wrong sign")
    return Cause("the value is wrong, before any gradient")


def _causes(wrong: WrongGradient) -> Iterator[Cause]:
    """Yield what explains a gradient, the most specific first."""
    yield from broadcasting.causes(wrong)
    if wrong.actual.shape != wrong.expected.shape:
        where = (wrong.name, str(wrong.actual.shape), str(wrong.expected.shape))
        yield Cause("the gradient of {} has shape {}, its array {}", where)
        return
    if not np.all(np.isfinite(wrong.actual)):
        which = "nan" if np.any(np.isnan(wrong.actual)) else "infinite"
        yield Cause(f"the gradient of {{}} is {which}", (wrong.name,))
        return
    for explain in _EXPLANATIONS:
        yield from explain(wrong)


# --- what the program's structure explains -----------------------------------------------------


def _of_uses(wrong: WrongGradient) -> Iterator[Cause]:
    """Explain a gradient to which only one of several uses of a value contributes."""
    program = wrong.question.program
    for variable, uses in program.uses().items():
        if len(uses) < 2:
            continue
        tried = uses if len(uses) <= _SEVERAL else [uses[0], uses[-1]]
        for alive in reversed(tried):
            dropped = dict.fromkeys((use for use in uses if use != alive), 0.0)
            if _explains(wrong, program.with_edges(dropped)):
                yield _overwritten(program, variable, list(dropped))


def _overwritten(program: Program, variable: str, dropped: Sequence[int]) -> Cause:
    """Return the cause of a gradient that lacks some uses of a variable."""
    times = "twice" if len(dropped) == 1 else f"{len(dropped) + 1} times"
    kind = "gradient overwritten instead of accumulated when a value is used {} ({})"
    if len(dropped) > 1 or "\n" not in program.source:
        return Cause(kind, (times, variable))
    reader = program.reader_of(dropped[0])  # in a graph, that may be at fault as well
    return Cause(f"{kind}, or none comes back through {{}}", (times, variable, reader))


def _of_edges(wrong: WrongGradient) -> Iterator[Cause]:
    """Explain a gradient by one edge of the graph that passes on too much, or nothing."""
    program = wrong.question.program
    for variable, uses in program.uses().items():
        if len(uses) > _SEVERAL:
            continue
        for number, use in enumerate(uses, start=1):
            where = f"use {number} of {variable}" if len(uses) > 1 else f"the use of {variable}"
            for factor, kind in (
                (0.0, "no gradient flows back through {}"),
                (-1.0, "sign wrong in the derivative at {}"),
                (2.0, "the gradient is counted twice at {}"),
            ):
                if _explains(wrong, program.with_edges({use: factor})):
                    yield Cause(kind, (where,))


def _of_variants(wrong: WrongGradient) -> Iterator[Cause]:
    """Explain a gradient that belongs to another program: operands swapped, another axis."""
    for variant in wrong.question.program.variants():
        if _explains(wrong, variant.program.function):
            *facts, expression = variant.where
            where = (*facts, f"the derivative of {expression} by {wrong.name}")
            yield Cause(variant.mistake, where, variant.operator)


def _explains(wrong: WrongGradient, function: Callable[..., Any]) -> bool:
    found = _guarded(by_complex_step, function, wrong.question.arrays)
    return found is not None and wrong.fits(found[wrong.question.names.index(wrong.name)])


# --- what the case explains --------------------------------------------------------------------


def _of_sign(wrong: WrongGradient) -> Iterator[Cause]:
    """Explain a gradient with the wrong sign."""
    if wrong.fits(-wrong.expected):
        yield from _of_mistakes(wrong)  # the case may know why
        yield Cause("sign wrong in the derivative by {}", (wrong.name,))


def _of_mistakes(wrong: WrongGradient) -> Iterator[Cause]:
    """Explain a gradient by the chain rule left out, or by a mistake that the case lists."""
    problem, g = wrong.evidence.problem, wrong.evidence.problem.incoming
    if wrong.derivative:
        if _is(wrong, wrong.derivative, np.ones_like(g)):
            kind = "the derivative by {} is not multiplied by the incoming gradient"
            yield Cause(kind, (wrong.name,))
        out = problem.truth.gradients[-1]  # the gradient of the weights is the result
        if WEIGHTS in wrong.question.names and _is(wrong, wrong.derivative, out):
            kind = f"operands swapped in the derivative of *, by which {WEIGHTS} weights the result"
            yield Cause(kind, (), "Mult")
    for text, why in problem.case.mistakes.items() if problem.case is not None else ():
        if _is(wrong, text, g):
            yield Cause(f"wrong derivative by {{}}: {why}", (wrong.name,))


def _is(wrong: WrongGradient, text: str, g: Array) -> bool:
    """Tell whether the gradient is a derivative in closed form."""
    full = _guarded(closed_form, text, wrong.question.inputs, g)
    found = None if full is None else _guarded(unbroadcast, full, wrong.array.shape)
    return found is not None and wrong.fits(found)


def _guarded(compute: Callable[..., Any], *arguments: Any) -> Any:
    """Return a guess, None where it cannot be computed: shapes do not fit, an axis is missing."""
    try:
        with np.errstate(all="ignore"):
            return compute(*arguments)
    except (ValueError, IndexError, TypeError, ArithmeticError, UnsupportedError):
        return None


_EXPLANATIONS: tuple[Callable[[WrongGradient], Iterator[Cause]], ...] = (
    _of_uses,
    patterns.of_zeros,
    _of_sign,
    _of_variants,
    _of_mistakes,
    patterns.of_exchange,
    patterns.of_factor,
    _of_edges,
    patterns.of_ratio,
    patterns.of_places,
)
