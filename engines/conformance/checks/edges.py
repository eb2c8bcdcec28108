"""Checks where a derivative or a real result does not exist: any convention of the field will do.

An engine that raises an exception there refuses, and is not wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import inf, log, nan
from typing import Any

import numpy as np

from benchgrad.engines.conformance.cases.oracles import agree
from benchgrad.engines.conformance.cases.program import Program, Question
from benchgrad.engines.conformance.judging.check import Check
from benchgrad.engines.conformance.judging.engine_under_test import EngineUnderTest
from benchgrad.engines.conformance.judging.evidence import Output
from benchgrad.engines.conformance.judging.verdict import Cause, Failure, Finding, Refusal, show


@dataclass(frozen=True)
class Between:
    """An interval, every number of which is accepted."""

    low: float
    high: float


ANYTHING = None
Accepted = tuple[float, ...] | Between | None


@dataclass(frozen=True)
class Edge:
    """An expression at a point where engines follow different conventions.

    `values` and each of `gradients` say what is accepted: some numbers, an interval or ANYTHING.
    """

    expression: str
    at: tuple[float, ...]
    values: Accepted
    gradients: tuple[Accepted, ...]

    @property
    def name(self) -> str:
        """The expression and where it is evaluated."""
        where = ", ".join(f"{n} = {v:g}" for n, v in zip("xy", self.at, strict=False))
        return f"{self.expression.replace('ops.', '')} at {where}"


EDGES = (
    Edge("ops.relu(x)", (0.0,), (0.0,), (Between(0.0, 1.0),)),  # 0, 1/2 and 1 are all in use
    Edge("ops.relu(x)", (-0.0,), (0.0,), (Between(0.0, 1.0),)),
    Edge("ops.log(x)", (0.0,), (-inf,), ((inf,),)),
    Edge("ops.log(x)", (-1.0,), (nan,), (ANYTHING,)),
    Edge("x ** 0", (0.0,), (1.0,), ((0.0, nan),)),  # nan from 0 · 0 ** −1, if not a special case
    Edge("x ** 0", (-2.0,), (1.0,), ((0.0,),)),
    Edge("x ** 3", (-2.0,), (-8.0,), ((12.0,),)),
    Edge("x ** 2", (0.0,), (0.0,), ((0.0,),)),
    Edge("x ** 1", (0.0,), (0.0,), ((1.0, nan),)),
    Edge("x ** -1", (-2.0,), (-0.5,), ((-0.25,),)),
    Edge("x ** -1", (0.0,), (inf,), ((-inf, nan),)),
    Edge("x ** 0.5", (-8.0,), (nan,), ((nan,),)),  # never a complex number
    Edge("x ** 0.5", (0.0,), (0.0,), ((inf, nan),)),
    Edge("2 ** x", (-1000.0,), (0.0,), ((0.0,),)),
    Edge("10 ** x", (400.0,), (inf,), ((inf,),)),
    Edge("x ** y", (0.0, 0.0), (1.0,), ((0.0, nan), (0.0, nan, -inf))),
    Edge("x ** y", (0.0, 2.0), (0.0,), ((0.0,), (0.0, nan))),
    Edge("x ** y", (2.0, 0.0), (1.0,), ((0.0,), (log(2.0),))),
    Edge("x ** y", (-2.0, 3.0), (-8.0,), ((12.0,), (nan, 0.0, -8 * log(2.0)))),
    Edge("x ** y", (-8.0, 0.5), (nan,), ((nan,), ANYTHING)),
    Edge("1 / x", (0.0,), (inf,), ((-inf, nan),)),
    Edge("x / 0.0", (2.0,), (inf,), ((inf,),)),
    Edge("x / y", (2.0, 0.0), (inf,), ((inf,), (-inf, nan))),
    Edge("x / y", (-2.0, 0.0), (-inf,), ((inf,), (inf, nan))),
    Edge("x / y", (0.0, 0.0), (nan,), ((inf, nan), ANYTHING)),
    Edge("x / y", (0.0, 2.0), (0.0,), ((0.5,), (0.0,))),
    Edge("x * y", (0.0, 2.0), (0.0,), ((2.0,), (0.0,))),
    Edge("x * y", (0.0, 0.0), (0.0,), ((0.0,), (0.0,))),
    Edge("ops.exp(x)", (1000.0,), (inf,), ((inf,),)),
    Edge("ops.exp(x)", (-1000.0,), (0.0,), ((0.0,),)),
    Edge("x * x", (1e200,), (inf,), ((2e200,),)),
    Edge("ops.sigmoid(x)", (1000.0,), (1.0,), ((0.0,),)),
    Edge("ops.sigmoid(x)", (-1000.0,), (0.0,), ((0.0,),)),
    Edge("ops.sigmoid(x)", (0.0,), (0.5,), ((0.25,),)),
    Edge("ops.tanh(x)", (1000.0,), (1.0,), ((0.0,),)),
    Edge("ops.tanh(x)", (-1000.0,), (-1.0,), ((0.0,),)),
    Edge("ops.softplus(x)", (1000.0,), (1000.0,), ((1.0,),)),
    Edge("ops.softplus(x)", (-1000.0,), (0.0,), ((0.0,),)),
    Edge("ops.silu(x)", (1000.0,), (1000.0,), ((1.0,),)),
    Edge("ops.silu(x)", (-1000.0,), (0.0,), ((0.0,),)),
    Edge("ops.tanh(x)", (0.0,), (0.0,), ((1.0,),)),
)


@dataclass(frozen=True)
class Tie:
    """Data in which a maximum or minimum is attained more than once.

    Each of the elements that attain it may get any share of the gradient.
    """

    name: str
    data: Any
    operation: str = "max"
    axis: int | None = None

    @property
    def program(self) -> Program:
        """The sum of the maxima."""
        if self.axis is None:
            return Program.of(f"ops.{self.operation}(x)", "x")
        return Program.of(f"ops.sum(ops.{self.operation}(x, axis={self.axis}))", "x")


TIES = (
    Tie("two of three", [2.0, 2.0, 1.0]),
    Tie("all", [3.0, 3.0, 3.0, 3.0]),
    Tie("row by row", [[2.0, 2.0, 1.0], [1.0, 3.0, 3.0]], axis=1),
    Tie("two of three, min", [1.0, 2.0, 1.0], "min"),
    Tie("column by column, min", [[1.0, 2.0], [1.0, 3.0]], "min", axis=0),
)


@dataclass(frozen=True)
class Stable:
    """A function of a row at numbers where its exponentials overflow or vanish, and it does not."""

    name: str
    row: tuple[float, float]
    expression: str
    value: float
    gradient: tuple[float, float]

    @property
    def program(self) -> Program:
        """The function of one row, as one number."""
        return Program.of(f"ops.sum({self.expression})", "x")


_LOGSUMEXP = "ops.logsumexp(x, axis=1)"
_WEIGHTED = "ops.{}(x, axis=1) * np.array([[1.0, 3.0]])"
STABLE = (
    Stable("logsumexp of large numbers", (1e3, 1e3), _LOGSUMEXP, 1e3 + log(2.0), (0.5, 0.5)),
    Stable(
        "logsumexp of large negative numbers",
        *((-1e3, -1e3), _LOGSUMEXP, -1e3 + log(2.0), (0.5, 0.5)),
    ),
    Stable("logsumexp of numbers far apart", (1e3, -1e3), _LOGSUMEXP, 1e3, (1.0, 0.0)),
    *(
        stable
        for size, x in (("large", 1e3), ("large negative", -1e3))
        for stable in (
            Stable(
                f"softmax of {size} numbers",
                *((x, x), _WEIGHTED.format("softmax"), 2.0, (-0.5, 0.5)),
            ),
            Stable(
                f"log_softmax of {size} numbers",
                *((x, x), _WEIGHTED.format("log_softmax"), -4 * log(2.0), (-1.0, 1.0)),
            ),
            Stable(
                f"softmax_cross_entropy of {size} numbers",
                *((x, x), "ops.softmax_cross_entropy(x, np.array([0]))", log(2.0), (-0.5, 0.5)),
            ),
        )
    ),
)

_NAN = ": nan comes from inf − inf, 0 · inf or inf / inf on the way"
_SHARES = "shares among the elements that tie, which sum to 1"
_NO_SHARES = Cause("elements that tie get something other than shares of the gradient")
_ALL_TO_EACH = Cause("every element that ties gets the whole gradient: it counts more than once")
_OVERFLOWS = Cause("exp overflows or vanishes: the maximum is not subtracted first")


def checks() -> Iterator[Check]:
    """Yield the checks of edges."""
    for edge in EDGES:
        source = f"out = {edge.expression}"
        yield Check(f"edge: {edge.name}", "edges", partial(_edge, edge=edge), source=source)
    for tie in TIES:
        name, source = f"edge: ties of a maximum, {tie.name}", tie.program.source
        yield Check(name, "edges", partial(_tie, tie=tie), source=source, situation="ties")
    for stable in STABLE:
        run, source = partial(_stable, stable=stable), f"out = {stable.expression}"
        yield Check(f"edge: {stable.name}", "edges", run, source=source)


def accepts(accepted: Accepted, number: float) -> bool:
    """Tell whether a number follows one of the conventions."""
    if accepted is ANYTHING:
        return True
    if isinstance(accepted, Between):
        return accepted.low <= number <= accepted.high
    return any(
        (np.isnan(a) and np.isnan(number)) or np.isclose(number, a, rtol=1e-5, atol=1e-9)
        for a in accepted
    )


def _words(accepted: Accepted) -> str:
    if isinstance(accepted, Between):
        return f"from {accepted.low:g} to {accepted.high:g}"
    return "anything" if accepted is ANYTHING else " or ".join(f"{a:g}" for a in accepted)


def _edge(tested: EngineUnderTest, edge: Edge) -> None:
    program = Program.of(edge.expression, *"xy"[: len(edge.at)])
    question = Question(program, tuple(np.array(number, tested.dtype) for number in edge.at))
    if not all(np.isfinite(a) for a in question.arrays):
        raise Refusal(f"{edge.at} has no number in {tested.dtype}")
    answer = tested.differentiate(question, (ArithmeticError, ValueError))
    by_name = zip(program.names, edge.gradients, map(float, answer.gradients), strict=True)
    for output in (Output("out", edge.values, answer.value), *(Output(*each) for each in by_name)):
        if not accepts(output.expected, output.actual):
            must = _words(output.expected)
            kind = f"{output.what} of {{}} follows no convention of the field"
            cause = Cause(kind + _NAN if np.isnan(output.actual) else kind, (edge.name,))
            code = tested.code(question, output.name, f"must be {must}")
            raise Failure(Finding.of(output.what, f"{output.actual:g}", must, cause, code))


def _tie(tested: EngineUnderTest, tie: Tie) -> None:
    """Check that only elements that tie get a gradient, never a negative one, and 1 in all."""
    tested.require_operation(tie.operation)
    array = np.array(tie.data, tested.dtype)
    question = Question(tie.program, (array,))
    (gradient,) = tested.differentiate(question).gradients
    attained = array == getattr(np, tie.operation)(array, axis=tie.axis, keepdims=True)
    if gradient.shape == array.shape:
        total = gradient.sum(axis=tie.axis)
        is_shared = np.all(gradient >= 0) and not np.any(gradient[~attained])
        if is_shared and agree(total, np.ones_like(total), 1e-6):
            return
    cause = _ALL_TO_EACH if np.array_equal(gradient, attained) else _NO_SHARES
    code = tested.code(question, "x", f"must be {_SHARES}")
    raise Failure(Finding.of("the gradient of x", show(gradient), _SHARES, cause, code))


def _stable(tested: EngineUnderTest, stable: Stable) -> None:
    question = Question(stable.program, (np.array([stable.row], tested.dtype),))
    answer = tested.differentiate(question, (ArithmeticError,))
    (gradient,) = answer.gradients
    if agree(answer.value, stable.value, 1e-6) and agree(gradient, [stable.gradient], 1e-6):
        return
    must = f"{show([stable.gradient])} with the value {stable.value:g}"
    actual = f"{show(gradient)} with the value {answer.value:g}"
    code = tested.code(question, "x", f"must be {must}")
    is_finite = np.isfinite(answer.value) and np.all(np.isfinite(gradient))
    cause = None if is_finite else _OVERFLOWS
    raise Failure(Finding.of("the gradient of x", actual, must, cause, code))
