"""A program on an engine against the oracles: equal, or a failure shown on the smallest inputs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.engines.conformance import oracles
from benchgrad.engines.conformance.cases.case import Row, Shape
from benchgrad.engines.conformance.cases.program import WEIGHTS, Program
from benchgrad.engines.conformance.judging.diagnosis import diagnose
from benchgrad.engines.conformance.judging.engine_under_test import Subject
from benchgrad.engines.conformance.judging.evidence import Evidence
from benchgrad.engines.conformance.judging.reproduction import code_for
from benchgrad.engines.conformance.judging.verdict import Failure, Finding, show
from benchgrad.engines.conformance.oracles import Truth

Array = NDArray[Any]

# Of the largest entry of an array. Rounding errors of the table's rows are below 1e-13 and 1e-5.
RTOL = {"float64": 1e-9, "float32": 3e-4}


def tolerance(dtype: str) -> float:
    """Return how far a right engine may be away, relative to the largest entry."""
    return RTOL.get(dtype, 3e-2)


@dataclass(frozen=True)
class Problem:
    """A scalar program with its inputs, and what is true of it.

    `full`, `derivatives` and `mistakes` help to explain a failure, see `Evidence`.
    """

    program: Program
    arrays: tuple[Array, ...]
    truth: Truth
    result_shape: Shape = ()
    full: tuple[Array, ...] = ()
    derivatives: tuple[str, ...] = ()
    mistakes: dict[str, str] = field(default_factory=dict)
    is_special: bool = False


def weights_for(out: Any, dtype: str = "float64") -> Array:
    """Return numbers, all different, in the shape of a result: no gradient is constant."""
    numbers: Array = np.round(np.cos(1.0 + np.arange(np.size(out))), 2)
    return numbers.reshape(np.shape(out)).astype(dtype)


@cache
def problem_of(row: Row, seed: int, shapes: tuple[Shape, ...] = (), dtype: str = "") -> Problem:
    """Return a row of the table as a problem, after its closed form agreed with the numbers.

    Raises:
        OracleError: it did not.
    """
    dtype = dtype or "float64"
    arrays = row.arrays(seed, shapes, dtype)
    program = row.program
    out = oracles.value_of(program.function, arrays)
    g = np.asarray(1.0)
    if np.shape(out):
        g = weights_for(out, dtype)
        program = program.weighted()
    inputs = dict(zip(row.names, arrays, strict=True))
    full = tuple(oracles.closed_form(text, inputs, g) for text in row.derivatives)
    exact = [oracles.unbroadcast(f, a.shape) for f, a in zip(full, arrays, strict=True)]
    everything = (*arrays, g) if np.shape(out) else tuple(arrays)
    truth = oracles.judge(program.function, everything, exact)
    return Problem(
        program,
        everything,
        truth,
        np.shape(out),
        full,
        row.derivatives,
        dict(row.mistakes),
        row.is_special,
    )


def fault_of(subject: Subject, problem: Problem) -> Evidence | None:
    """Return what an engine made of a problem, if that is wrong, else None."""
    answer = subject.differentiate(problem.program, problem.arrays, is_special=problem.is_special)
    dtype = str(problem.arrays[0].dtype)
    evidence = Evidence(
        problem.program,
        problem.arrays,
        problem.truth.gradients,
        answer.gradients,
        problem.truth.value,
        answer.value,
        problem.result_shape,
        problem.full,
        problem.derivatives,
        problem.mistakes,
        tolerance(dtype),
    )
    return evidence if evidence.wrong or evidence.value_is_wrong else None


def failure_of(subject: Subject, evidence: Evidence, where: str = "", cause: str = "") -> Failure:
    """Return the failure that shows what was found, its cause and its code."""
    cause = cause or diagnose(evidence)
    names = evidence.program.names
    wrong = evidence.wrong
    is_value = evidence.value_is_wrong or not wrong or names[wrong[0]] == WEIGHTS
    if is_value:
        what, expected, actual = "value", evidence.expected_value, evidence.actual_value
        if not evidence.value_is_wrong:
            i = wrong[0]
            expected, actual = _numbers(evidence, i)
            cause = cause or "elements of the result are wrong, though their sum is right"
        name = "out"
    else:
        what = f"gradient of {names[wrong[0]]}"
        name = names[wrong[0]]
        expected, actual = _numbers(evidence, wrong[0])
    says = f"must be {show(expected)}"
    code = code_for(subject, evidence.program, evidence.arrays, name=name, says=says)
    reason = f"the {what} is {show(actual)}, must be {show(expected)}{where}"
    return Failure(Finding(reason, cause, code, show(expected), show(actual)))


def _numbers(evidence: Evidence, i: int) -> tuple[Any, Any]:
    return evidence.expected[i], evidence.actual[i]


def judge_row(
    subject: Subject,
    row: Row,
    shapes: tuple[Shape, ...] = (),
    *,
    dtype: str = "",
    smaller: Iterable[tuple[Shape, ...]] = (),
) -> None:
    """Compare a row on an engine with the oracles.

    Raises:
        Failure: they differ; it shows the first of the smaller shapes that still fails.
    """
    dtype = dtype or subject.dtype
    found = fault_of(subject, problem_of(row, subject.seed, shapes, dtype))
    if found is None:
        return
    shown = found
    for fewer in smaller or row.smaller:
        again = _guarded_fault(subject, row, fewer, dtype)
        if again is not None and _same_side(again, found):
            shown = again
            break
    raise failure_of(subject, shown, cause=diagnose(shown) or diagnose(found))


def _guarded_fault(
    subject: Subject, row: Row, shapes: tuple[Shape, ...], dtype: str
) -> Evidence | None:
    """Return the fault on smaller inputs; None also where the row does not fit them."""
    try:
        return fault_of(subject, problem_of(row, subject.seed, shapes, dtype))
    except (ValueError, IndexError):
        return None


def _same_side(a: Evidence, b: Evidence) -> bool:
    return a.value_is_wrong == b.value_is_wrong


def judge_program(
    subject: Subject,
    program: Program,
    arrays: Sequence[Array],
    *,
    truth: Truth | None = None,
    cause: str = "",
) -> None:
    """Compare a scalar program on an engine with the oracles, or with what is given.

    `cause` is said of a wrong gradient, in place of what the numbers tell.

    Raises:
        Failure: they differ.
    """
    truth = truth or oracles.judge(program.function, arrays)
    found = fault_of(subject, Problem(program, tuple(arrays), truth))
    if found is not None:
        raise failure_of(subject, found, cause="" if found.value_is_wrong else cause)
