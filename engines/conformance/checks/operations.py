"""Checks of the table: every operation's value and gradient, broadcasting, dtypes, small arrays."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from benchgrad.engines.conformance.cases.case import POSITIVE, Case
from benchgrad.engines.conformance.cases.elementwise import PAIRS
from benchgrad.engines.conformance.cases.oracles import Shape, agree
from benchgrad.engines.conformance.cases.problem import problem_of_case
from benchgrad.engines.conformance.cases.program import Program, Question
from benchgrad.engines.conformance.cases.table import CASES
from benchgrad.engines.conformance.judging.check import Check
from benchgrad.engines.conformance.judging.engine_under_test import EngineUnderTest
from benchgrad.engines.conformance.judging.judge import failure_of, fault_of, judge_case
from benchgrad.engines.conformance.judging.verdict import Cause, Failure, Finding, show
from benchgrad.engines.interface import UnsupportedError
from benchgrad.engines.value_engine import ValueEngine

# One operand is stretched, or both; each pair is tried the other way round, too.
BROADCASTS: tuple[tuple[Shape, Shape], ...] = (
    *(((3, 4), (4,)), ((3, 4), ()), ((3, 4), (1, 4)), ((3, 4), (3, 1)), ((3, 1), (1, 4))),
    *(((2, 1, 3), (4, 1)), ((3, 4), (1, 1)), ((2, 3), (1, 1, 1, 3))),
    *(((5,), (1,)), ((1,), ()), ((), ())),
)
_SMALLER_BROADCASTS: tuple[tuple[Shape, Shape], ...] = (
    *(((2,), ()), ((), (2,)), ((2,), (1,)), ((1,), (2,))),
    *(((2, 2), (2,)), ((2,), (2, 2)), ((2, 2), (2, 1)), ((2, 1), (2, 2))),
)
_IN_TWO_SHAPES = Case(
    "ops.sum(x * y) + ops.sum(x * x)",
    ("g * (np.sum(y) + 2 * x)", "g * np.sum(x) * np.ones_like(y)"),
    ((3, 1), (1, 2)),
    group="broadcasting",
)


def checks() -> Iterator[Check]:
    """Yield the checks of the table."""
    for case in CASES:
        yield _check(f"values: {case.name}", "values", case, _value)
    for case in CASES:
        yield _check(f"gradients: {case.name}", case.group, case)
    yield from _broadcasting()
    for case in CASES:
        yield _check(f"float32: {case.name}", "dtypes", case, _in_float32)
    yield Check("float32: stays float32", "dtypes", _stays_float32)
    yield Check("float32: beside float64", "dtypes", _mixed)
    yield Check("integers: no rounded gradients", "dtypes", _integers)
    for case in CASES:
        if case.is_elementwise:
            name = f"array without axes: {case.name}"
            yield _check(name, "0-d and empty", replace(case, shapes=((),) * len(case.shapes)))
    for case in _EMPTY:
        expression = case.expression.replace("ops.", "")
        name = f"empty: {expression}, {' and '.join(map(str, case.shapes))}"
        yield _check(name, "0-d and empty", case, _empty)


def _check(name: str, group: str, case: Case, run: Callable[..., None] = judge_case) -> Check:
    return Check(name, group, partial(run, case=case), case=case)


def _broadcasting() -> Iterator[Check]:
    group = "broadcasting"
    for case in PAIRS:
        for shapes in BROADCASTS:
            for pair in dict.fromkeys((shapes, shapes[::-1])):
                shaped = replace(case, shapes=pair, smaller=_SMALLER_BROADCASTS, group=group)
                yield _check(f"{group}: {case.name}, {pair[0]} with {pair[1]}", group, shaped)
    yield _check(f"{group}: one operand in two shapes at once", group, _IN_TWO_SHAPES)


def _value(tested: EngineUnderTest, case: Case) -> None:
    """Compare the result of a case, each element of it, with NumPy's."""
    found = fault_of(tested, problem_of_case(case, tested.seed, tested.dtype))
    if found is not None and found.value_is_wrong:
        raise failure_of(tested, found)


# --- dtypes --------------------------------------------------------------------------------------

_KEPT = (
    *("x * 2.0", "2 / x", "x ** 2", "2.0 ** x", "x - 1.5", "1 - x", "-x", "x @ x"),
    *("ops.exp(x)", "ops.log(x)", "ops.sigmoid(x)", "ops.relu(x)", "ops.tanh(x)"),
    *("ops.sum(x, axis=0)", "ops.mean(x, axis=0)", "ops.max(x, axis=0)"),
)
_WIDENED = Cause("float32 is not kept: a plain number or a NumPy default widens it")
_WIDER = Cause("the gradient keeps the wider dtype of the result")
_ROUNDED = Cause("the gradient has the dtype of the integers, and is rounded")


def _in_float32(tested: EngineUnderTest, case: Case) -> None:
    tested.engine.require_dtype("float32")
    judge_case(tested, case, "float32")


def _stays_float32(tested: EngineUnderTest) -> None:
    """Look at the dtype of results and of gradients where plain numbers take part."""
    tested.engine.require_dtype("float32")
    array = np.array([[0.5, 1.5], [2.0, 0.7]], np.float32)
    for text in _KEPT:
        question = Question(Program.of(f"ops.sum({text})", "x"), (array,))
        try:
            found = _dtype_of(tested, question)
        except UnsupportedError:
            continue
        if found != np.float32:
            what = f"the dtype of {text} of a float32 array"
            code = tested.code(question, "x", "must be of float32")
            raise Failure(Finding.of(what, str(found), "float32", _WIDENED, code))


def _dtype_of(tested: EngineUnderTest, question: Question) -> np.dtype[Any]:
    """Return the widest dtype of an answer: of its gradients and, in a Value, of its data."""
    found = tested.differentiate(question).gradients[0].dtype
    engine = tested.engine
    if not isinstance(engine, ValueEngine) or engine.kind != "tensor":
        return found
    leaf = engine.leaf(question.arrays[0].copy())
    out = question.program.function(engine.operations, leaf)
    data = np.asarray(engine.read(out)).dtype
    engine.backward(out)
    return np.result_type(found, data, np.asarray(engine.gradient(leaf)).dtype)


def _mixed(tested: EngineUnderTest) -> None:
    """Check that a gradient has the dtype of its own operand, whatever the other one has."""
    engine = tested.values
    if {"float32", "float64"} - set(engine.capabilities.dtypes) or engine.kind == "scalar":
        raise UnsupportedError(f"{engine.name} does not compute in float32 and float64")
    x, y = engine.leaf(np.ones(2, np.float32)), engine.leaf(np.ones(2))
    engine.backward(engine.operations.sum(x * y))
    for value, must, other in ((x, "float32", "float64"), (y, "float64", "float32")):
        found = str(np.asarray(engine.gradient(value)).dtype)
        if found != must:
            what = f"the dtype of the gradient of a {must} operand beside a {other} one"
            raise Failure(Finding.of(what, found, must, _WIDER))


def _integers(tested: EngineUnderTest) -> None:
    """Check that integer arrays are refused, constant, or differentiated without rounding."""
    program = Program.of("ops.sum(x * 1.5)", "x")
    question = Question(program, (np.array([1, 2]),), is_special=True)
    found = tested.differentiate(question, (TypeError, ValueError, RuntimeError)).gradients[0]
    if agree(found.astype(float), np.array([1.5, 1.5]), 1e-6) or not np.any(found):
        return
    must = "[1.5, 1.5], or [0, 0], or refused"
    code = tested.code(question, "x", f"must be {must}")
    raise Failure(Finding.of("the gradient of x", show(found), must, _ROUNDED, code))


# --- empty arrays ------------------------------------------------------------------------------


def _with_empty(expression: str, *shapes: Shape, operation: str = "") -> Case:
    zeros = ("0 * x", "0 * y")[: len(shapes)]
    return Case(expression, zeros, shapes, POSITIVE, is_special=True, operation=operation)


_EMPTY = (
    _with_empty("ops.sum(x)", (0,)),
    _with_empty("ops.sum(x * y)", (0, 3), (3,)),
    _with_empty("ops.sum(x * y)", (3, 0), (3, 1)),
    _with_empty("ops.sum(x / y)", (0,), ()),
    _with_empty("ops.sum(ops.exp(x))", (2, 0)),
    _with_empty("ops.sum(ops.sum(x, axis=0) * y)", (0, 3), (3,), operation="sum"),
    _with_empty("ops.sum(x @ y)", (2, 0), (0, 3), operation="@"),
    _with_empty("ops.sum(x @ y)", (0, 2), (2, 3), operation="@"),
)


def _empty(tested: EngineUnderTest, case: Case) -> None:
    """Check that an empty array adds nothing; NumPy itself refuses some of them."""
    problem = problem_of_case(case, tested.seed, tested.dtype)
    found = fault_of(tested, problem, (ValueError,))
    if found is not None:
        raise failure_of(tested, found, Cause("empty arrays are not handled"))
