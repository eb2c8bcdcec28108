"""Checks of the table: every operation's value and gradient, broadcasting, dtypes, small arrays."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.engines.conformance.cases.case import Row, Shape, draw
from benchgrad.engines.conformance.cases.program import Program
from benchgrad.engines.conformance.cases.table import PAIRS, ROWS
from benchgrad.engines.conformance.check import Check
from benchgrad.engines.conformance.judging.engine_under_test import Subject
from benchgrad.engines.conformance.judging.judge import (
    failure_of,
    fault_of,
    judge_row,
    problem_of,
)
from benchgrad.engines.conformance.judging.reproduction import code_for
from benchgrad.engines.conformance.judging.verdict import Failure, Finding, show
from benchgrad.engines.conformance.oracles import agree, value_of
from benchgrad.engines.interface import UnsupportedError
from benchgrad.engines.value_engine import ValueEngine

# One operand is stretched, or both; each pair is tried the other way round, too.
BROADCASTS: tuple[tuple[Shape, Shape], ...] = (
    ((3, 4), (4,)),
    ((3, 4), ()),
    ((3, 4), (1, 4)),
    ((3, 4), (3, 1)),
    ((3, 1), (1, 4)),
    ((2, 1, 3), (4, 1)),
    ((3, 4), (1, 1)),
    ((2, 3), (1, 1, 1, 3)),
    ((5,), (1,)),
    ((1,), ()),
    ((), ()),
)
_SMALLER_BROADCASTS: tuple[tuple[Shape, Shape], ...] = (
    ((2,), ()),
    ((), (2,)),
    ((2,), (1,)),
    ((1,), (2,)),
    ((2, 2), (2,)),
    ((2,), (2, 2)),
    ((2, 2), (2, 1)),
    ((2, 1), (2, 2)),
)


def checks() -> Iterator[Check]:
    """Return the checks of the table."""
    for row in ROWS:
        yield Check(f"values: {row.name}", "values", partial(_values, row=row))
    for row in ROWS:
        yield Check(f"gradients: {row.name}", row.group, partial(judge_row, row=row))
    yield from _broadcasting()
    for row in ROWS:
        name = f"float32: {row.name}"
        yield Check(name, "dtypes", partial(_in_float32, row=row))
    yield Check("float32: stays float32", "dtypes", _stays_float32)
    yield Check("float32: beside float64", "dtypes", _mixed)
    yield Check("integers: no rounded gradients", "dtypes", _integers)
    for row in ROWS:
        if len(row.smaller) == 3:  # elementwise
            name = f"array without axes: {row.name}"
            shapes = row.smaller[0]
            yield Check(name, "0-d and empty", partial(judge_row, row=row, shapes=shapes))
    for text, shapes in _EMPTY:
        name = f"empty: {text.replace('ops.', '')}, {' and '.join(map(str, shapes))}"
        yield Check(name, "0-d and empty", partial(_empty, text=text, shapes=shapes))


def _broadcasting() -> Iterator[Check]:
    for row in PAIRS:
        for shapes in BROADCASTS:
            for pair in dict.fromkeys((shapes, shapes[::-1])):
                yield Check(
                    f"broadcasting: {row.name}, {pair[0]} with {pair[1]}",
                    "broadcasting",
                    partial(judge_row, row=row, shapes=pair, smaller=_SMALLER_BROADCASTS),
                )
    twice = Row(
        "ops.sum(x * y) + ops.sum(x * x)",
        ("g * (np.sum(y) + 2 * x)", "g * np.sum(x) * np.ones_like(y)"),
        ((3, 1), (1, 2)),
        group="broadcasting",
    )
    name = "broadcasting: one operand in two shapes at once"
    yield Check(name, "broadcasting", partial(judge_row, row=twice))


def _values(subject: Subject, row: Row) -> None:
    """Compare the result of a row, each element of it, with NumPy's."""
    found = fault_of(subject, problem_of(row, subject.seed, (), subject.dtype))
    if found is not None and found.value_is_wrong:
        raise failure_of(subject, found)


def _in_float32(subject: Subject, row: Row) -> None:
    if "float32" not in subject.engine.capabilities.dtypes:
        raise UnsupportedError(f"{subject.engine.name} does not compute in float32")
    judge_row(subject, row, dtype="float32")


# --- dtypes --------------------------------------------------------------------------------------

_KEPT = (
    *("x * 2.0", "2 / x", "x ** 2", "2.0 ** x", "x - 1.5", "1 - x", "-x", "x @ x"),
    *("ops.exp(x)", "ops.log(x)", "ops.sigmoid(x)", "ops.relu(x)", "ops.tanh(x)"),
    *("ops.sum(x, axis=0)", "ops.mean(x, axis=0)", "ops.max(x, axis=0)"),
)


def _stays_float32(subject: Subject) -> None:
    """Look at the dtype of results and of gradients, where plain numbers take part."""
    engine = subject.engine
    if "float32" not in engine.capabilities.dtypes:
        raise UnsupportedError(f"{engine.name} does not compute in float32")
    array = np.array([[0.5, 1.5], [2.0, 0.7]], np.float32)
    for text in _KEPT:
        program = Program.of(f"ops.sum({text})", "x")
        try:
            answer = subject.differentiate(program, [array])
        except UnsupportedError:
            continue
        found = answer.gradients[0].dtype
        if engine.kind == "tensor" and isinstance(engine, ValueEngine):
            found = np.result_type(found, _own_dtype(subject, program, array))
        if found != np.float32:
            code = code_for(subject, program, [array], name="x", says="must be of float32")
            reason = f"{text} of a float32 array gives {found}"
            cause = "float32 is not kept: a plain number or a NumPy default widens it"
            raise Failure(Finding(reason, cause, code, "float32", str(found)))


def _mixed(subject: Subject) -> None:
    """A gradient has the dtype of its own operand, whatever the other one has."""
    engine = subject.values
    if {"float32", "float64"} - set(engine.capabilities.dtypes) or engine.kind == "scalar":
        raise UnsupportedError(f"{engine.name} does not compute in float32 and float64")
    x, y = engine.leaf(np.ones(2, np.float32)), engine.leaf(np.ones(2))
    engine.backward(engine.operations.sum(x * y))
    for value, expected in ((x, np.float32), (y, np.float64)):
        found = np.asarray(engine.gradient(value)).dtype
        if found != expected:
            reason = f"the gradient of a {np.dtype(expected)} operand beside another is {found}"
            cause = "the gradient keeps the wider dtype of the result"
            raise Failure(Finding(reason, cause, "", str(np.dtype(expected)), str(found)))


def _own_dtype(subject: Subject, program: Program, array: NDArray[Any]) -> np.dtype[Any]:
    """Return the dtype of a result and of the gradient that the engine itself keeps."""
    engine = subject.values
    leaf = engine.leaf(array.copy())
    out = program.function(engine.operations, leaf)
    dtype = np.asarray(engine.read(out)).dtype
    engine.backward(out)
    return np.result_type(dtype, np.asarray(engine.gradient(leaf)).dtype)


def _integers(subject: Subject) -> None:
    """Integer arrays are refused, are constants, or are differentiated without rounding."""
    program = Program.of("ops.sum(x * 1.5)", "x")
    array = np.array([1, 2])
    try:
        answer = subject.differentiate(program, [array], is_special=True)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UnsupportedError(f"integers are refused: {error}") from error
    found = answer.gradients[0]
    if agree(np.asarray(found, float), np.array([1.5, 1.5]), 1e-6) or not np.any(found):
        return
    must = "[1.5, 1.5], or [0, 0], or refused"
    code = code_for(subject, program, [array], name="x", says=f"must be {must}")
    reason = f"the gradient by integers is {show(found)}, must be {must}"
    cause = "the gradient has the dtype of the integers, and is rounded"
    raise Failure(Finding(reason, cause, code, must, show(found)))


# --- empty arrays ------------------------------------------------------------------------------

_EMPTY: tuple[tuple[str, tuple[Shape, ...]], ...] = (
    ("ops.sum(x)", ((0,),)),
    ("ops.sum(x * y)", ((0, 3), (3,))),
    ("ops.sum(x * y)", ((3, 0), (3, 1))),
    ("ops.sum(x / y)", ((0,), ())),
    ("ops.sum(ops.exp(x))", ((2, 0),)),
    ("ops.sum(ops.sum(x, axis=0) * y)", ((0, 3), (3,))),
    ("ops.sum(x @ y)", ((2, 0), (0, 3))),
    ("ops.sum(x @ y)", ((0, 2), (2, 3))),
)


def _empty(subject: Subject, text: str, shapes: tuple[Shape, ...]) -> None:
    """An empty array adds nothing: gradients are zeros in the shape of their arrays."""
    program = Program.of(text, *("x", "y")[: len(shapes)])
    arrays = draw(text, subject.seed, shapes, (0.5, 2.0), subject.dtype)
    try:
        answer = subject.differentiate(program, arrays, is_special=True)
    except ValueError as error:  # as NumPy itself refuses some of them
        raise UnsupportedError(f"empty arrays are refused: {error}") from error
    value = float(value_of(program.function, arrays))
    for name, array, gradient in zip(program.names, arrays, answer.gradients, strict=True):
        right = gradient.shape == array.shape and not np.any(gradient)
        if not right or answer.value != value:
            says = f"must be zeros of shape {array.shape}"
            code = code_for(subject, program, arrays, name=name, says=says)
            actual = f"{show(gradient)} of shape {gradient.shape}"
            reason = f"the gradient of {name} is {actual}, {says}; the value {answer.value}"
            raise Failure(Finding(reason, "empty arrays are not handled", code, says, actual))
