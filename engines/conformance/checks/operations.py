"""Checks of the table: every operation's value and gradient, and broadcasting."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from benchgrad.engines.conformance.cases.case import Case
from benchgrad.engines.conformance.cases.elementwise import PAIRS
from benchgrad.engines.conformance.cases.oracles import Shape
from benchgrad.engines.conformance.cases.problem import problem_of_case
from benchgrad.engines.conformance.cases.squares import SQUARES
from benchgrad.engines.conformance.cases.table import CASES
from benchgrad.engines.conformance.judging.check import Check
from benchgrad.engines.conformance.judging.engine_under_test import EngineUnderTest
from benchgrad.engines.conformance.judging.judge import failure_of, fault_of, judge_case

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
        yield check_of(f"values: {case.name}", "values", case, _value)
    for case in (*CASES, *SQUARES):
        situation = case.group if case.group == "fan-out" else ""
        yield check_of(f"gradients: {case.name}", case.group, case, situation=situation)
    yield from _broadcasting()


def check_of(
    name: str, group: str, case: Case, run: Callable[..., None] = judge_case, situation: str = ""
) -> Check:
    """Return the check of a case."""
    return Check(name, group, partial(run, case=case), case=case, situation=situation)


def _broadcasting() -> Iterator[Check]:
    group = "broadcasting"
    for case in PAIRS:
        for shapes in BROADCASTS:
            for pair in dict.fromkeys((shapes, shapes[::-1])):
                shaped = replace(case, shapes=pair, smaller=_SMALLER_BROADCASTS, group=group)
                name = f"{group}: {case.name}, {pair[0]} with {pair[1]}"
                situation = group if pair[0] != pair[1] else ""
                yield check_of(name, group, shaped, situation=situation)
    name = f"{group}: one operand in two shapes at once"
    yield check_of(name, group, _IN_TWO_SHAPES, situation=group)


def _value(tested: EngineUnderTest, case: Case) -> None:
    """Compare the result of a case, each element of it, with NumPy's."""
    found = fault_of(tested, problem_of_case(case, tested.seed, tested.dtype))
    if found is not None and found.value_is_wrong:
        raise failure_of(tested, found)
