"""A problem: a question with its answer, on which the oracles agree. No engine is asked here."""

from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np

from benchgrad.engines.conformance.cases import oracles
from benchgrad.engines.conformance.cases.case import Case
from benchgrad.engines.conformance.cases.graph import Graph
from benchgrad.engines.conformance.cases.oracles import Array, Truth
from benchgrad.engines.conformance.cases.program import Question, weights_for

FACTOR = 2.5
_SHAKE, _STABLE = 1e-12, 1e-8


@dataclass(frozen=True)
class Problem:
    """A question, what is true of it, and the case that it was made of, if there is one.

    `incoming` is the gradient by the case's result: the weights, or the factor of a number.
    """

    question: Question
    truth: Truth
    case: Case | None = None
    incoming: Array = field(default_factory=partial(np.asarray, 1.0), compare=False)


def problem_of(question: Question) -> Problem:
    """Return a question as a problem.

    Raises:
        OracleError: the oracles disagree.
    """
    return Problem(question, oracles.judge(question.program.function, question.arrays))


@cache
def problem_of_case(
    case: Case, seed: int, dtype: str = "float64", factor: float = FACTOR
) -> Problem:
    """Return a case as a problem, with numbers drawn for a seed.

    A result of one number is multiplied by a factor, so that the incoming gradient is not 1.

    Raises:
        OracleError: its closed form disagrees with the other oracles.
    """
    program, arrays = case.program, case.arrays(seed, dtype)
    inputs = dict(zip(case.names, arrays, strict=True))
    out = oracles.value_of(program.function, arrays)
    g = np.asarray(factor)
    if np.shape(out):
        g = weights_for(out, dtype)
        program, arrays = program.weighted(), [*arrays, g]
    elif factor != 1.0:
        program = program.scaled(factor)
    exact = [
        oracles.unbroadcast(oracles.closed_form(text, inputs, g), array.shape)
        for text, array in zip(case.derivatives, inputs.values(), strict=bool(case.derivatives))
    ]
    truth = oracles.judge(program.function, arrays, exact)
    return Problem(Question(program, tuple(arrays)), truth, case, g)


def problem_of_graph(graph: Graph) -> Problem | None:
    """Return a graph as a problem, None if it is empty or too badly conditioned to judge by.

    Differences along one direction must confirm the complex step, and shifting the inputs by a
    few roundings must not change it.
    """
    question = graph.question()
    if question is None:
        return None
    function, arrays = question.program.function, question.arrays
    gradients = oracles.by_complex_step(function, arrays)
    rng = np.random.default_rng(0)
    directions = [rng.normal(size=np.shape(a)) for a in arrays]
    parts = [g * d for g, d in zip(gradients, directions, strict=True)]
    scale = max(float(sum(np.sum(np.abs(part)) for part in parts)), 1e-3)
    departure = oracles.along(function, arrays, directions) - sum(np.sum(part) for part in parts)
    if not scale < 1e6 or abs(departure) > 1e-8 * scale:
        return None
    moved = [np.asarray(a, oracles.PRECISE) * (1 + _SHAKE) for a in arrays]
    shaken = oracles.by_complex_step(function, moved)
    if not all(oracles.agree(a, b, _STABLE) for a, b in zip(shaken, gradients, strict=True)):
        return None
    truth = Truth(float(oracles.value_of(function, arrays)), tuple(gradients))
    return Problem(question, truth)
