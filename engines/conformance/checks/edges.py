"""Checks where a derivative or a real result does not exist: any convention of the field will do.

Numbers that an engine refuses loudly (an exception) are unsupported, never wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import inf, log, nan
from typing import Any

import numpy as np

from benchgrad.engines.conformance.cases.program import Program
from benchgrad.engines.conformance.check import Check
from benchgrad.engines.conformance.judging.engine_under_test import Subject, one_line
from benchgrad.engines.conformance.judging.reproduction import code_for
from benchgrad.engines.conformance.judging.verdict import Failure, Finding, Refusal, show
from benchgrad.engines.conformance.oracles import agree

ANYTHING = None
_Accepted = tuple[float, ...] | None


@dataclass(frozen=True)
class Edge:
    """An expression at numbers where conventions rule.

    `values` and each of `gradients` list what is accepted, ANYTHING or a pair ``("from", to)``
    as an interval; the first is the documented one. `why` names who does otherwise.
    """

    expression: str
    at: tuple[float, ...]
    values: _Accepted
    gradients: tuple[Any, ...]
    why: str = ""

    @property
    def name(self) -> str:
        """The expression and where it is evaluated."""
        where = ", ".join(f"{n} = {v:g}" for n, v in zip("xy", self.at, strict=False))
        return f"{self.expression.replace('ops.', '')} at {where}"


@dataclass(frozen=True)
class Between:
    """Every number of an interval is accepted."""

    low: float
    high: float


EDGES = (
    Edge(
        "ops.relu(x)", (0.0,), (0.0,), (Between(0.0, 1.0),), "subgradients: 0, 1/2 and 1 are used"
    ),
    Edge("ops.relu(x)", (-0.0,), (0.0,), (Between(0.0, 1.0),)),
    Edge("ops.log(x)", (0.0,), (-inf,), ((inf,),)),
    Edge("ops.log(x)", (-1.0,), (nan,), (ANYTHING,)),
    Edge("x ** 0", (0.0,), (1.0,), ((0.0, nan),), "0 · 0 ** −1 is nan where it is not special"),
    Edge("x ** 0", (-2.0,), (1.0,), ((0.0,),)),
    Edge("x ** 3", (-2.0,), (-8.0,), ((12.0,),)),
    Edge("x ** 2", (0.0,), (0.0,), ((0.0,),)),
    Edge("x ** 1", (0.0,), (0.0,), ((1.0, nan),)),
    Edge("x ** -1", (-2.0,), (-0.5,), ((-0.25,),)),
    Edge("x ** -1", (0.0,), (inf,), ((-inf, nan),)),
    Edge("x ** 0.5", (-8.0,), (nan,), ((nan,),), "never a complex number"),
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
    Edge("ops.tanh(x)", (0.0,), (0.0,), ((1.0,),)),
)

# Where a maximum is attained more than once, every element that attains it may get any share.
TIES = {
    "two of three": ("ops.max(x)", [2.0, 2.0, 1.0]),
    "all": ("ops.max(x)", [3.0, 3.0, 3.0, 3.0]),
    "row by row": ("ops.sum(ops.max(x, axis=1))", [[2.0, 2.0, 1.0], [1.0, 3.0, 3.0]]),
    "two of three, min": ("ops.min(x)", [1.0, 2.0, 1.0]),
    "column by column, min": ("ops.sum(ops.min(x, axis=0))", [[1.0, 2.0], [1.0, 3.0]]),
}

STABLE = {
    "of large numbers": ([[1000.0, 1000.0]], 1000.0 + log(2.0), [[0.5, 0.5]]),
    "of large negative numbers": ([[-1000.0, -1000.0]], -1000.0 + log(2.0), [[0.5, 0.5]]),
    "of numbers far apart": ([[1000.0, -1000.0]], 1000.0, [[1.0, 0.0]]),
}


def checks() -> Iterator[Check]:
    """Return the checks of edges."""
    for edge in EDGES:
        yield Check(f"edge: {edge.name}", "edges", partial(_judge, edge=edge))
    for name, (text, data) in TIES.items():
        run = partial(_tie, text=text, data=data)
        yield Check(f"edge: ties of a maximum, {name}", "edges", run)
    for name, (data, value, gradient) in STABLE.items():
        run = partial(_stable, data=data, value=value, gradient=gradient)
        yield Check(f"edge: logsumexp {name}", "edges", run)


def accepts(accepted: Any, number: float) -> bool:
    """Tell whether a number is one of the conventions."""
    if accepted is ANYTHING:
        return True
    if isinstance(accepted, Between):
        return accepted.low <= number <= accepted.high
    return any(
        (np.isnan(a) and np.isnan(number)) or np.isclose(number, a, rtol=1e-5, atol=1e-9)
        for a in accepted
    )


def _words(accepted: Any) -> str:
    if isinstance(accepted, Between):
        return f"from {accepted.low:g} to {accepted.high:g}"
    return "anything" if accepted is ANYTHING else " or ".join(f"{a:g}" for a in accepted)


def _judge(subject: Subject, edge: Edge) -> None:
    program = Program.of(edge.expression, *"xy"[: len(edge.at)])
    arrays = [np.array(number, subject.dtype) for number in edge.at]
    if not all(np.isfinite(a) for a in arrays):
        raise Refusal(f"{edge.at} has no number in {subject.dtype}")
    try:
        answer = subject.differentiate(program, arrays)
    except (ArithmeticError, ValueError) as error:
        raise Refusal(f"raises {one_line(error)}") from error
    found = {"value": (edge.values, answer.value)}
    for name, accepted, gradient in zip(
        program.names, edge.gradients, answer.gradients, strict=True
    ):
        found[f"gradient of {name}"] = (accepted, float(gradient))
    for what, (accepted, number) in found.items():
        if not accepts(accepted, number):
            must = f"must be {_words(accepted)}"
            name = what.removeprefix("gradient of ") if what != "value" else "out"
            cause = f"the {what} of {edge.name} follows no convention of the field"
            if np.isnan(number):
                cause += ": nan comes of inf − inf, 0 · inf or inf / inf on the way"
            raise Failure(
                Finding(
                    f"the {what} is {number:g}, {must}",
                    cause,
                    code_for(subject, program, arrays, name=name, says=must),
                    _words(accepted),
                    f"{number:g}",
                )
            )


def _tie(subject: Subject, text: str, data: Any) -> None:
    """Each row's gradients go to elements that tie, none is negative, and they sum to 1."""
    subject.require_operation("max" if "max" in text else "min")
    array = np.array(data, subject.dtype)
    program = Program.of(text, "x")
    (gradient,) = subject.differentiate(program, [array]).gradients
    axis = 1 if "axis=1" in text else 0 if "axis=0" in text else None
    choose = np.max if "max" in text else np.min
    attained = array == choose(array, axis=axis, keepdims=True)
    total = gradient.sum(axis=axis)
    right = (
        gradient.shape == array.shape
        and bool(np.all(gradient >= 0))
        and not np.any(gradient[~attained])
        and agree(total, np.ones_like(total), 1e-6)
    )
    if right:
        return
    must = "shares among the elements that tie, which sum to 1"
    cause = "elements that tie get something else than shares of the gradient"
    if gradient.shape == array.shape and np.array_equal(gradient, attained):
        cause = "every element that ties gets the whole gradient: it counts more than once"
    code = code_for(subject, program, [array], name="x", says=f"must be {must}")
    reason = f"the gradient of x is {show(gradient)}, must be {must}"
    raise Failure(Finding(reason, cause, code, must, show(gradient)))


def _stable(subject: Subject, data: Any, value: float, gradient: Any) -> None:
    array = np.array(data, subject.dtype)
    program = Program.of("ops.sum(ops.logsumexp(x, axis=1))", "x")
    try:
        answer = subject.differentiate(program, [array])
    except ArithmeticError as error:
        raise Refusal(f"raises {one_line(error)}") from error
    if agree(answer.value, value, 1e-6) and agree(answer.gradients[0], gradient, 1e-6):
        return
    must = f"must be {gradient} with the value {value:g}"
    code = code_for(subject, program, [array], name="x", says=must)
    actual = f"{show(answer.gradients[0])} with the value {answer.value:g}"
    cause = "exp overflows or vanishes: the maximum is not taken out first"
    reason = f"the gradient of x is {actual}, {must}"
    raise Failure(Finding(reason, cause, code, must, actual))
