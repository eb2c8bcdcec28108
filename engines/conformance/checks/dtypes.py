"""Checks of dtypes: float32 in every case, results that stay float32, integers."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from benchgrad.engines.conformance.cases.case import Case
from benchgrad.engines.conformance.cases.oracles import agree, by_complex_step, value_of
from benchgrad.engines.conformance.cases.program import Program, Question
from benchgrad.engines.conformance.cases.table import CASES
from benchgrad.engines.conformance.checks.operations import check_of
from benchgrad.engines.conformance.judging.check import Check
from benchgrad.engines.conformance.judging.engine_under_test import EngineUnderTest
from benchgrad.engines.conformance.judging.judge import judge_case, tolerance
from benchgrad.engines.conformance.judging.verdict import Cause, Failure, Finding, show_both
from benchgrad.engines.interface import UnsupportedError
from benchgrad.engines.value_engine import ValueEngine

_KEPT = (
    *("x * 2.0", "2 / x", "x ** 2", "2.0 ** x", "x - 1.5", "1 - x", "-x", "x @ x"),
    *("ops.exp(x)", "ops.log(x)", "ops.sigmoid(x)", "ops.relu(x)", "ops.tanh(x)"),
    *("ops.sum(x, axis=0)", "ops.mean(x, axis=0)", "ops.max(x, axis=0)"),
)
_WIDENED = Cause("float32 is not kept: a plain number or a NumPy default widens it")
_WIDER = Cause("the gradient keeps the wider dtype of the result")
_ROUNDED = Cause("the gradient has the dtype of the integers, and is rounded")


# Integers go through each of them; a rounded gradient differs from the right one in every one.
_OF_INTEGERS = {
    "times 1.5": "out = ops.sum(x * 1.5)",
    "sliced": "out = ops.sum(x[1:] * 1.5)",
    "halved": "out = ops.sum(x / 2)",
    "inverted": "out = ops.sum(1.0 / x)",
    "squared and halved": "out = ops.sum(x * x * 0.25)",
    "through sigmoid": "out = ops.sum(ops.sigmoid(x))",
    "through tanh": "out = ops.sum(ops.tanh(x) * 2.5)",
    "through exp": "out = ops.sum(ops.exp(x) * 0.3)",
    "as a mean": "out = ops.mean(x) * 2.5",
    "beside floats": "out = ops.sum(x * np.array([0.5, 1.5, 2.5]))",
}


def checks() -> Iterator[Check]:
    """Yield the checks of dtypes."""
    for case in CASES:
        name = f"float32: {case.name}"
        yield check_of(name, "dtypes", case, _in_float32, situation="float32")
    yield Check("float32: stays float32", "dtypes", _stays_float32, situation="float32")
    yield Check("float32: beside float64", "dtypes", _mixed, situation="float32")
    for name, source in _OF_INTEGERS.items():
        run = partial(_integers, source=source)
        name = f"integers: {name}"
        yield Check(name, "dtypes", run, source=source, situation="integers")


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


def _integers(tested: EngineUnderTest, source: str) -> None:
    """Check that integer arrays are refused, constant, or differentiated without rounding."""
    question = Question(Program(source, ("x",)), (np.array([1, 2, 3]),))
    answer = tested.differentiate(question, (TypeError, ValueError, RuntimeError))
    found = answer.gradients[0]
    value = value_of(question.program.function, question.arrays)
    (expected,) = by_complex_step(question.program.function, question.arrays)
    rtol = tolerance("float32")  # some engines compute integers in float32
    if not agree(answer.value, value, rtol):
        actual, must = show_both(answer.value, value)
        code = tested.code(question, "out", f"must be {must}, or refused")
        raise Failure(Finding.of("the value", actual, must, None, code))
    if agree(found.astype(float), expected, rtol) or not np.any(found):
        return
    actual, right = show_both(found, expected)
    must = f"{right}, or [0, 0, 0], or refused"
    is_rounded = np.array_equal(found, np.trunc(expected.astype(float)))
    code = tested.code(question, "x", f"must be {must}")
    cause = _ROUNDED if is_rounded else None
    raise Failure(Finding.of("the gradient of x", actual, must, cause, code))
