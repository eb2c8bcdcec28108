"""Judges a gradient by the engine's own forward pass, where nobody else knows the function.

Differences of the engine's values are the truth; whether the values are right is not asked.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchgrad.engines.conformance.cases.oracles import Array, Truth, agree
from benchgrad.engines.conformance.cases.problem import Problem
from benchgrad.engines.conformance.cases.program import Question
from benchgrad.engines.conformance.judging.engine_under_test import EngineUnderTest
from benchgrad.engines.conformance.judging.evidence import Evidence
from benchgrad.engines.conformance.judging.judge import failure_of
from benchgrad.engines.interface import UnsupportedError

_STEP = 1e-3
_RTOL = 1e-6
_SMOOTH = 1e-8  # how far differences with another step may be off
_WEIGHTS = ((-2, 1), (-1, -8), (1, 8), (2, -1))


def judge_by_own_forward(tested: EngineUnderTest, question: Question) -> None:
    """Compare an engine's gradients with five-point differences of its own values.

    Source: Fornberg, "Generation of finite difference formulas on arbitrarily spaced grids"
    (Mathematics of Computation, 1988), table 1.

    Raises:
        Failure: they differ.
        UnsupportedError: it computes in float32 only, or the function is not smooth here.
    """
    if tested.dtype != "float64":
        raise UnsupportedError("differences of its own forward pass need float64")
    answer = tested.differentiate(question)
    quiet = replace(question, is_watched=False)
    found = [_differences(tested, quiet, k, _STEP) for k in range(len(question.arrays))]
    finer = [_differences(tested, quiet, k, _STEP / 2) for k in range(len(question.arrays))]
    if not all(agree(a, b, _SMOOTH) for a, b in zip(found, finer, strict=True)):
        raise UnsupportedError("no verdict: the function is not smooth at these numbers")
    truth = Truth(answer.value, tuple(finer))
    evidence = Evidence(Problem(question, truth), answer, _RTOL)
    if evidence.is_wrong:
        raise failure_of(tested, evidence, where=" beside its own forward pass")


def _differences(tested: EngineUnderTest, question: Question, k: int, step: float) -> Array:
    """Return the gradient by one input, an element at a time."""
    gradient = np.zeros(np.shape(question.arrays[k]))
    for i in np.ndindex(gradient.shape):
        total = 0.0
        for steps, weight in _WEIGHTS:
            moved: Sequence[Array] = [np.array(array) for array in question.arrays]
            moved[k][i] += steps * step
            total += weight * tested.differentiate(replace(question, arrays=tuple(moved))).value
        gradient[i] = total / (12 * step)
    return gradient
