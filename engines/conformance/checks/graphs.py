"""Checks of the walk over a graph: order, values used many times, deep chains, unused inputs."""

import time
from collections.abc import Iterator
from functools import partial

import numpy as np

from benchgrad.engines.conformance.cases.case import draw
from benchgrad.engines.conformance.cases.program import Program
from benchgrad.engines.conformance.cases.table import FAN_OUT
from benchgrad.engines.conformance.check import Check
from benchgrad.engines.conformance.judging.engine_under_test import Subject
from benchgrad.engines.conformance.judging.evidence import Evidence
from benchgrad.engines.conformance.judging.judge import (
    failure_of,
    fault_of,
    judge_program,
    problem_of,
)
from benchgrad.engines.conformance.judging.verdict import Failure, Finding
from benchgrad.engines.conformance.oracles import Truth, agree, closed_form, value_of
from benchgrad.engines.interface import UnsupportedError

# On each of them a walk that reaches a value before all of its uses gives a wrong gradient.
ORDERS = {
    "a value used near and far": "h = x * y\nk = h * h * h\nout = k + h",
    "a value used far and near": "h = x * y\nk = h * h * h\nout = h + k",
    "a chain beside a direct use": (
        "h = x * y\na = h * 1.5\nb = a * h\nc = b * a\nd = c * b\nout = d * h + a"
    ),
    "nested diamonds": "a = x * y\nb = a + x\nc = a * b\nd = b * c\nout = c + d * a",
    "an input used last and first": "a = x * 2.0\nb = a * y\nc = b * b\nout = c * x + a",
    "a value used by what uses it": "a = x * y\nb = a * a\nc = b * a\nd = c * b\nout = d + a * c",
    "diamonds upon diamonds": "h = x * y\nfor _ in range(64):\n    h = h * 0.5 + h * 0.4\nout = h",
}
_ORDER_CAUSE = (
    "a value passes its gradient on before all of its uses have added to it (wrong order)"
)

_SQUARE = next(row for row in FAN_OUT if row.expression == "x * x")

_MANY = 1000
_MANY_USES = {
    f"an input used {_MANY:,} times": (
        f"out = x * y\nfor k in range({_MANY}):\n    out = out + x * (k % 7)"
    ),
    f"a value in between used {_MANY:,} times": (
        f"h = x * y\nout = h\nfor k in range({_MANY}):\n    out = out + h * (k % 7)"
    ),
}

# The program, and its gradients by x and y in terms of x.
CONSTANT_PROGRAMS = {
    "an input that is not used": ("out = ops.sum(x)", "0 * x + 1", "0 * x"),
    "a result that is a plain number": ("out = 6.0", "0 * x", "0 * x"),
    "detach stops the gradient": ("out = ops.sum(x * ops.detach(x) + y)", "x", "0 * x + 1"),
    "a result of detached values only": ("out = ops.sum(ops.detach(x) * 2.0)", "0 * x", "0 * x"),
}

LENGTHS = (1_000, 10_000, 1_000_000)
_CHAIN_BUDGET_S = 25.0  # a slow engine is not a wrong one


def checks() -> Iterator[Check]:
    """Return the checks of graphs."""
    for name, source in ORDERS.items():
        yield Check(f"order: {name}", "order", partial(_ordered, name=name, source=source))
    for name, source in _MANY_USES.items():
        yield Check(f"fan-out: {name}", "fan-out", partial(_used_often, name=name, source=source))
    for name, (source, *by) in CONSTANT_PROGRAMS.items():
        run = partial(_constant, source=source, derivatives=tuple(by))
        yield Check(f"constants: {name}", "constants", run)
    for n in LENGTHS:
        is_slow = n > 10_000
        yield Check(f"chain: {n:,} operations", "deep chains", partial(_chain, n=n), is_slow)


def _ordered(subject: Subject, name: str, source: str) -> None:
    arrays = draw(name, subject.seed, ((), ()), (0.5, 1.5), subject.dtype)
    try:
        judge_program(subject, Program(source, ("x", "y")), arrays)
    except Failure as failure:
        found = failure.finding
        simple = problem_of(_SQUARE, subject.seed, ((),), subject.dtype)
        if fault_of(subject, simple) is not None:  # then it is not the order
            raise
        raise Failure(
            Finding(found.reason, _ORDER_CAUSE, found.code, found.expected, found.actual)
        ) from None


def _used_often(subject: Subject, name: str, source: str) -> None:
    arrays = draw(name, subject.seed, ((), ()), (0.5, 1.5), subject.dtype)
    judge_program(subject, Program(source, ("x", "y")), arrays)


def _constant(subject: Subject, source: str, derivatives: tuple[str, ...]) -> None:
    """Judge a program in which something gets no gradient: zeros in the shape of its array."""
    arrays = draw(source, subject.seed, ((2, 3), (2, 3)), (0.5, 2.0), subject.dtype)
    cause = ""
    if "detach" in source:
        subject.require_operation("detach")
        cause = "detach lets the gradient through"
    program = Program(source, ("x", "y"))
    value = float(value_of(program.function, arrays))
    gradients = tuple(closed_form(text, {"x": arrays[0]}, 1.0) for text in derivatives)
    judge_program(subject, program, arrays, truth=Truth(value, gradients), cause=cause)


def _chain(subject: Subject, n: int) -> None:
    """Differentiate a product of n factors; a shorter one tells first how long it would take."""
    if n > LENGTHS[1]:
        seconds = _seconds_of(subject, LENGTHS[1]) * n / LENGTHS[1]
        if seconds > _CHAIN_BUDGET_S:
            raise UnsupportedError(f"a chain of {n:,} would take about {seconds:.0f} s")
    _seconds_of(subject, n)


def _seconds_of(subject: Subject, n: int) -> float:
    """Return how long a right engine took.

    Raises:
        Failure: it was not right.
    """
    factor = 1.0 + 1.0 / n
    if subject.dtype != "float64":
        factor = 1.0  # rounding would grow with the chain
    program = Program(f"out = x\nfor _ in range({n}):\n    out = out * {factor!r}", ("x",))
    x = np.array(1.5, subject.dtype)
    began = time.perf_counter()
    answer = subject.differentiate(program, [x])
    wall_s = time.perf_counter() - began
    by_x = np.asarray(np.longdouble(factor) ** n)
    if not agree(answer.gradients[0], by_x, 1e-6):
        evidence = Evidence(
            program, [x], [by_x], answer.gradients, float(1.5 * by_x), answer.value, rtol=1e-6
        )
        raise failure_of(subject, evidence)
    return wall_s
