"""Checks of the walk over a graph: order, values used many times, deep chains, unused inputs."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from benchgrad.engines.conformance.cases.case import Case, draw
from benchgrad.engines.conformance.cases.oracles import Truth, agree, closed_form, value_of
from benchgrad.engines.conformance.cases.problem import Problem, problem_of, problem_of_case
from benchgrad.engines.conformance.cases.program import Program, Question
from benchgrad.engines.conformance.cases.table import SQUARED
from benchgrad.engines.conformance.checks.operations import check_of
from benchgrad.engines.conformance.judging.check import Check
from benchgrad.engines.conformance.judging.engine_under_test import EngineUnderTest
from benchgrad.engines.conformance.judging.evidence import Evidence
from benchgrad.engines.conformance.judging.judge import failure_of, fault_of, judge
from benchgrad.engines.conformance.judging.verdict import Cause
from benchgrad.engines.interface import UnsupportedError

# In each of them, a walk that visits a value before all of its uses gives a wrong gradient.
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
# In these no value between the inputs and the result is used more than once.
_SIMPLE = ("x * y", "x + y", "x * x", "x + x", "x * 1.5 + x", "x + x * x")
_WRONG_ORDER = Cause(
    "a value passes its gradient on before all of its uses have added to it (wrong order)"
)

_AGAIN = Cause("a value passes its gradient on more than once")

# A rule of + may return one array twice; if the walk adds to it in place, both gradients change.
_SUMS = (
    *("(x + y) + x", "x + (x + y)", "(x + y) + y"),
    *("h = x + y\nout = h * h + x + y * 2.0", "h = x + y\nout = h * h + x * 2.0 + y"),
)
_SHARED = Cause("the gradients of two values share memory, and what is added to one is in both")

_MANY = 1000
_MANY_USES = {
    f"an input used {_MANY:,} times": (
        f"out = x * y\nfor k in range({_MANY}):\n    out = out + x * (k % 7)"
    ),
    f"a value in between used {_MANY:,} times": (
        f"h = x * y\nout = h\nfor k in range({_MANY}):\n    out = out + h * (k % 7)"
    ),
}


@dataclass(frozen=True)
class _Stopped:
    """A program of x and y where something gets no gradient, and its gradients in terms of x.

    `let_through` is the gradient by x of an engine whose detach does nothing.
    """

    source: str
    by_x: str
    by_y: str
    let_through: str = ""


_STOPPED = {
    "an input that is not used": _Stopped("out = ops.sum(x)", "0 * x + 1", "0 * x"),
    "a result that is a plain number": _Stopped("out = 6.0", "0 * x", "0 * x"),
    "detach stops the gradient": _Stopped(
        "out = ops.sum(x * ops.detach(x) + y)", "x", "0 * x + 1", "2 * x"
    ),
    "a result of detached values only": _Stopped(
        "out = ops.sum(ops.detach(x) * 2.0)", "0 * x", "0 * x", "0 * x + 2"
    ),
}
_NOT_DETACHED = Cause("detach lets the gradient through")

LENGTHS = (1_000, 10_000, 1_000_000)
_CHAIN_BUDGET_S = 25.0  # a slow engine is not a wrong one


def checks() -> Iterator[Check]:
    """Yield the checks of graphs."""
    for name, source in ORDERS.items():
        run = partial(_ordered, name=name, source=source)
        yield Check(f"order: {name}", "order", run, source=source)
    for text in _SUMS:
        case = Case(text, (), ((2,), (2,)), group="aliasing")
        shown = text.removeprefix("h = x + y\nout = ").replace("h * h", "(x + y) ** 2")
        yield check_of(f"aliasing: {shown}", "aliasing", case, _of_sums, "aliasing")
    for name, source in _MANY_USES.items():
        run = partial(_used_often, name=name, source=source)
        yield Check(f"fan-out: {name}", "fan-out", run, source=source)
    for name, stopped in _STOPPED.items():
        run = partial(_constant, stopped=stopped)
        yield Check(f"constants: {name}", "constants", run, source=stopped.source)
    for n in LENGTHS:
        is_slow = n > 10_000
        source = _chain_of(n, 1.0 + 1.0 / n)
        name = f"chain: {n:,} operations"
        yield Check(name, "deep chains", partial(_chain, n=n), is_slow, source=source)


def _of_numbers(tested: EngineUnderTest, name: str, source: str) -> Question:
    """Return a program of x and y as a question at two drawn numbers."""
    arrays = draw(name, tested.seed, ((), ()), (0.5, 1.5), tested.dtype)
    return Question(Program(source, ("x", "y")), tuple(arrays))


def _ordered(tested: EngineUnderTest, name: str, source: str) -> None:
    found = fault_of(tested, problem_of(_of_numbers(tested, name, source)))
    if found is None:
        return
    simple = (
        replace(SQUARED, expression=text, derivatives=(), shapes=((),) * (1 + ("y" in text)))
        for text in _SIMPLE
    )
    problems = (problem_of_case(case, tested.seed, tested.dtype) for case in simple)
    is_simple_right = all(fault_of(tested, problem) is None for problem in problems)
    pairs = zip(found.answer.gradients, found.problem.truth.gradients, strict=True)
    is_more = any(float(a) > float(must) and not found.fits(a, must) for a, must in pairs)
    cause = _AGAIN if is_more else _WRONG_ORDER  # all numbers and derivatives are positive
    raise failure_of(tested, found, cause if is_simple_right else None)


def _of_sums(tested: EngineUnderTest, case: Case) -> None:
    problem = problem_of_case(case, tested.seed, tested.dtype)
    found = fault_of(tested, problem)
    if found is None:
        return
    uses, names = case.program.uses(), problem.question.names
    often, once = sorted(names[:2], key=lambda name: -len(uses[name]))
    if len(uses[often]) == len(uses[once]):
        raise failure_of(tested, found)
    both = problem.truth.gradients[names.index(often)]
    answers = (found.answer.gradients[names.index(name)] for name in (often, once))
    raise failure_of(tested, found, _SHARED if all(found.fits(a, both) for a in answers) else None)


def _used_often(tested: EngineUnderTest, name: str, source: str) -> None:
    judge(tested, _of_numbers(tested, name, source))


def _constant(tested: EngineUnderTest, stopped: _Stopped) -> None:
    """Judge a program in which something gets no gradient: zeros in the shape of its array."""
    if stopped.let_through:
        tested.require_operation("detach")
    arrays = draw(stopped.source, tested.seed, ((2, 3), (2, 3)), (0.5, 2.0), tested.dtype)
    question = Question(Program(stopped.source, ("x", "y")), tuple(arrays))
    value = float(value_of(question.program.function, arrays))
    texts = (stopped.by_x, stopped.by_y)
    gradients = tuple(closed_form(text, {"x": arrays[0]}, 1.0) for text in texts)
    found = fault_of(tested, Problem(question, Truth(value, gradients)))
    if found is None:
        return
    cause = None
    if stopped.let_through:
        by_x = closed_form(stopped.let_through, {"x": arrays[0]}, 1.0)
        cause = _NOT_DETACHED if found.fits(found.answer.gradients[0], by_x) else None
    raise failure_of(tested, found, cause)


def _chain(tested: EngineUnderTest, n: int) -> None:
    """Differentiate a product of n factors, unless a shorter one says that it would take long."""
    if n > LENGTHS[1]:
        seconds = _seconds_of(tested, LENGTHS[1]) * n / LENGTHS[1]
        if seconds > _CHAIN_BUDGET_S:
            raise UnsupportedError(f"a chain of {n:,} would take about {seconds:.0f} s")
    _seconds_of(tested, n)


def _chain_of(n: int, factor: float) -> str:
    return f"out = x\nfor _ in range({n}):\n    out = out * {factor!r}"


def _seconds_of(tested: EngineUnderTest, n: int) -> float:
    """Return how long a right engine takes.

    Raises:
        Failure: it is not right.
    """
    # In lower precision rounding would grow with the chain.
    factor = 1.0 + 1.0 / n if tested.dtype == "float64" else 1.0
    program = Program(_chain_of(n, factor), ("x",))
    question = Question(program, (np.array(1.5, tested.dtype),), is_watched=False)
    began = time.perf_counter()
    answer = tested.differentiate(question)
    wall_s = time.perf_counter() - began
    by_x = np.asarray(np.longdouble(factor) ** n)
    if not agree(answer.gradients[0], by_x, 1e-6):
        problem = Problem(question, Truth(float(1.5 * by_x), (by_x,)))
        raise failure_of(tested, Evidence(problem, answer, 1e-6))
    return wall_s
