"""Checks of what a value is used for: each function beside other uses of its operand.

An operation that assigns a gradient, where it must add to it, is right by itself.
"""

from collections.abc import Iterator
from functools import partial

from benchgrad.engines.conformance.cases.case import Case
from benchgrad.engines.conformance.cases.elementwise import FUNCTIONS, WITH_NUMBERS
from benchgrad.engines.conformance.checks.operations import check_of
from benchgrad.engines.conformance.judging.check import Check
from benchgrad.engines.conformance.judging.judge import judge_case

_GROUP = "fan-out"
_TIMES = 10
_USES = ("({f}) + x", "x + ({f})", "({f}) * x")

# Beside a use of x itself: what reduces, shapes or picks.
_OTHERS = (
    "x * ops.sum(x)",
    "x + ops.sum(x, axis=0)",
    "ops.sum(x, axis=1, keepdims=True) + x",
    "ops.mean(x, axis=0) * x",
    "x * ops.mean(x)",
    "ops.max(x, axis=1, keepdims=True) * x",
    "x + ops.min(x)",
    "ops.reshape(x, (4, 3)) @ x",
    "x @ ops.transpose(x)",
    "ops.transpose(x)[:3, :3] + x[:3, :3]",
    "x[1] * x",
    "x + x[0]",
    "ops.logsumexp(x, axis=0) * x",
    "x - x * 2.0",
    "x / (x * x + 1.0)",
)


def checks() -> Iterator[Check]:
    """Yield the checks of uses."""
    for case in (*FUNCTIONS, *WITH_NUMBERS):
        for use in _USES:
            text = use.format(f=case.expression)
            yield _check(Case(text, (), ((3, 4),), case.domain, _GROUP, smaller=(((2,),),)))
    for text in _OTHERS:
        shapes = ((3, 4),)
        yield _check(Case(text, (), shapes, group=_GROUP))
    for case in FUNCTIONS:
        lines = (
            f"h = x\nfor _ in range({_TIMES}):\n    h = h * 0.5 + {case.expression} * x\nout = h"
        )
        shown = case.expression.replace("ops.", "")
        source = Case(lines, (), ((2, 2),), case.domain, _GROUP)
        name = f"{_GROUP}: {shown} beside its operand, {_TIMES} times"
        run = partial(judge_case, case=source)
        yield Check(name, _GROUP, run, case=source, situation=_GROUP)


def _check(case: Case) -> Check:
    return check_of(f"{_GROUP}: {case.name}", _GROUP, case, situation=_GROUP)
