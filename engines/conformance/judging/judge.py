"""Puts problems to an engine, and turns a wrong answer into the smallest failure that shows it."""

from dataclasses import replace
from itertools import product

from msgspec import structs

from benchgrad.engines.conformance.cases.case import Case
from benchgrad.engines.conformance.cases.oracles import OracleError
from benchgrad.engines.conformance.cases.problem import (
    FACTOR,
    Problem,
    problem_of,
    problem_of_case,
)
from benchgrad.engines.conformance.cases.program import Question
from benchgrad.engines.conformance.judging.diagnosis import diagnose
from benchgrad.engines.conformance.judging.engine_under_test import EngineUnderTest
from benchgrad.engines.conformance.judging.evidence import Evidence
from benchgrad.engines.conformance.judging.verdict import (
    Cause,
    Crash,
    Failure,
    Finding,
    Refusal,
    show_both,
)
from benchgrad.engines.interface import UnsupportedError

# Relative to the largest entry. Rounding errors of the table's cases are below 1e-13 and 1e-5.
RTOL = {"float64": 1e-9, "float32": 3e-4}
# What may keep smaller shapes from showing a fault: the case or the engine does not take them.
_NOT_SHOWN = (Crash, Refusal, UnsupportedError, OracleError, ValueError, IndexError)
NO_CAUSE = Cause("")  # nothing explains the numbers
_OTHER_NUMBERS = 1000  # seeds on
_CANCEL = Cause("elements of the result are wrong, though their sum is right")


def tolerance(dtype: str) -> float:
    """Return how far a right engine may be off, relative to the largest entry."""
    return RTOL.get(dtype, 3e-2)


def fault_of(
    tested: EngineUnderTest, problem: Problem, refusals: tuple[type[Exception], ...] = ()
) -> Evidence | None:
    """Return the evidence against an engine, None if its answer is right."""
    answer = tested.differentiate(problem.question, refusals)
    evidence = Evidence(problem, answer, tolerance(str(problem.question.arrays[0].dtype)))
    return evidence if evidence.is_wrong else None


def failure_of(
    tested: EngineUnderTest, evidence: Evidence, cause: Cause | None = None, where: str = ""
) -> Failure:
    """Return the failure that shows what is wrong, why, and code for it."""
    shown = evidence.shown
    cause = diagnose(evidence) if cause is None else cause
    cause = None if cause is NO_CAUSE else cause
    if shown.name == "out" and not evidence.value_is_wrong and cause is None:
        cause = _CANCEL
    actual, must = show_both(shown.actual, shown.expected)
    code = tested.code(evidence.problem.question, shown.name, f"must be {must}")
    found = Finding.of(shown.what + where, actual, must, cause, code)
    uses = tuple(sorted(evidence.problem.question.program.operations))
    return Failure(structs.replace(found, uses=uses))


def judge_case(tested: EngineUnderTest, case: Case, dtype: str = "") -> None:
    """Compare an engine with the oracles on a case.

    Raises:
        Failure: they differ; it shows the first of the case's smaller shapes that still fails.
    """
    dtype = dtype or tested.dtype
    found = fault_of(tested, problem_of_case(case, tested.seed, dtype))
    if found is None:
        return
    for shapes, factor in product(case.smaller, (1.0, FACTOR)):
        try:
            smaller = problem_of_case(replace(case, shapes=shapes), tested.seed, dtype, factor)
            again = fault_of(tested, smaller)
        except _NOT_SHOWN:
            continue
        if again is not None and again.value_is_wrong == found.value_is_wrong:
            raise failure_of(tested, again, _confirmed(diagnose(again), diagnose(found)))
    other = fault_of(tested, problem_of_case(case, tested.seed + _OTHER_NUMBERS, dtype))
    confirmed = None if other is None else _confirmed(diagnose(found), diagnose(other))
    raise failure_of(tested, found, confirmed)


def _confirmed(cause: Cause | None, again: Cause | None) -> Cause:
    """Return a cause if other numbers have the same, what these say if there is none, or neither.

    One number is a multiple of every other, and fits one mistake or another by chance.
    """
    if cause is None or again is None:
        return again or NO_CAUSE if cause is None else NO_CAUSE
    return cause if cause.kind == again.kind else again


def judge(tested: EngineUnderTest, question: Question) -> None:
    """Compare an engine with the oracles on a question.

    Raises:
        Failure: they differ.
    """
    found = fault_of(tested, problem_of(question))
    if found is not None:
        raise failure_of(tested, found)
