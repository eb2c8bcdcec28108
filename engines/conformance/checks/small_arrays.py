"""Checks of small arrays: without axes, and without elements."""

from collections.abc import Iterator
from dataclasses import replace

from benchgrad.engines.conformance.cases.case import POSITIVE, Case
from benchgrad.engines.conformance.cases.oracles import Shape
from benchgrad.engines.conformance.cases.problem import problem_of_case
from benchgrad.engines.conformance.cases.table import CASES
from benchgrad.engines.conformance.checks.operations import check_of
from benchgrad.engines.conformance.judging.check import Check
from benchgrad.engines.conformance.judging.engine_under_test import EngineUnderTest
from benchgrad.engines.conformance.judging.judge import failure_of, fault_of
from benchgrad.engines.conformance.judging.verdict import Cause

_NOT_HANDLED = Cause("empty arrays are not handled")
_GROUP = "0-d and empty"


def _with_empty(expression: str, *shapes: Shape, operation: str = "", by_x: str = "0 * x") -> Case:
    derivatives = (by_x, "0 * y")[: len(shapes)]
    return Case(expression, derivatives, shapes, POSITIVE, operation=operation)


_EMPTY = (
    _with_empty("ops.sum(x)", (0,)),
    _with_empty("ops.sum(x + y)", (0, 3), (1, 3)),
    _with_empty("ops.sum(x * y)", (0, 3), (3,)),
    _with_empty("ops.sum(x * y)", (3, 0), (3, 1)),
    _with_empty("ops.sum(x / y)", (0,), ()),
    _with_empty("ops.sum(ops.exp(x))", (2, 0)),
    _with_empty("ops.sum(ops.sum(x, axis=0) * y)", (0, 3), (3,), operation="sum"),
    _with_empty("ops.sum(ops.sum(x, axis=1, keepdims=True) * y)", (0, 3), (1, 3), operation="sum"),
    _with_empty("ops.sum(x @ y)", (2, 0), (0, 3), operation="@"),
    _with_empty("ops.sum(x @ y)", (0, 2), (2, 3), operation="@"),
    _with_empty("ops.sum(ops.transpose(x) * y)", (0, 3), (3, 0)),
    _with_empty("ops.sum(ops.reshape(x, (0, 2)) * 2.0)", (2, 0)),
    _with_empty("ops.sum(x[0:0] * 2.0) + ops.sum(x)", (3,), by_x="g + 0 * x"),
)


def _of_number(expression: str, derivative: str) -> Case:
    return Case(expression, (derivative,), ((),), group=_GROUP)


_WITHOUT_AXES = (
    _of_number("ops.sum(x)", "g"),
    _of_number("ops.mean(x)", "g"),
    _of_number("ops.max(x)", "g"),
    _of_number("ops.min(x)", "g"),
    _of_number("ops.transpose(x)", "g"),
    _of_number("ops.reshape(x, (1, 1))", "g.reshape(())"),
    _of_number("x[None]", "g.reshape(())"),
    _of_number("x[()]", "g"),
    _of_number("ops.sum(x * x) * x", "3 * g * x**2"),
)


def checks() -> Iterator[Check]:
    """Yield the checks of small arrays."""
    elementwise = (case for case in CASES if case.is_elementwise)
    for case in (*elementwise, *_WITHOUT_AXES):
        shaped = replace(case, shapes=((),) * len(case.shapes))
        name = f"array without axes: {case.name}"
        yield check_of(name, _GROUP, shaped, situation="arrays without axes")
    for case in _EMPTY:
        expression = case.expression.replace("ops.", "")
        name = f"empty: {expression}, {' and '.join(map(str, case.shapes))}"
        yield check_of(name, _GROUP, case, _empty, situation="empty arrays")


def _empty(tested: EngineUnderTest, case: Case) -> None:
    """Check that an empty array adds nothing; NumPy itself refuses some of them."""
    problem = problem_of_case(case, tested.seed, tested.dtype)
    found = fault_of(tested, problem, (ValueError,))
    if found is not None:
        raise failure_of(tested, found, _NOT_HANDLED)
