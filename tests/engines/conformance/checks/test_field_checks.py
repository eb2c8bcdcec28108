"""Operations beyond the table: each row is true, and what an engine names is probed or said."""

from pathlib import Path

import functional
import pytest

from benchgrad.engines import ValueEngine
from benchgrad.engines.conformance.cases.field import FAN_OUT, FIELD
from benchgrad.engines.conformance.cases.problem import problem_of_case
from benchgrad.engines.conformance.cases.squares import SQUARES
from benchgrad.engines.conformance.checks import catalogue
from benchgrad.engines.conformance.judging.check import verdict_of
from benchgrad.engines.conformance.judging.engine_under_test import EngineUnderTest
from benchgrad.engines.tensor.engine import TensorEngine
from benchgrad.engines.tensor.value import Value

OTHER = "other names: operations that benchgrad does not know"
EXTRA = "own functions: what the engine hands over as extra"
PAGE = Path(__file__).parents[4] / "docs/conformance.md"


def test_the_oracles_agree_about_every_row_and_every_square():
    truths = [case for row in (*FIELD, *FAN_OUT) for case in row.truths()]
    for case in (*truths, *SQUARES):
        problem_of_case(case, 0)  # raises OracleError


def test_an_engine_that_names_them_is_right_in_all_of_them():
    tested = EngineUnderTest("functional", functional.engine, is_fast=True)
    verdicts = [verdict_of(c, tested) for c in catalogue().values() if c.group == "field"]
    assert [(v.check, v.reason) for v in verdicts if v.is_wrong] == []
    assert sum(v.status == "passed" for v in verdicts) >= 60


@pytest.mark.parametrize("row", FIELD, ids=lambda row: row.name)
def test_the_page_lists_what_is_probed(row):
    assert f"`{row.names[0]}`" in PAGE.read_text("utf-8")


def engine_with(**rest):
    table = {"sum": Value.sum, "exp": Value.exp, **rest.pop("operations", {})}
    return TensorEngine("mine", kind="tensor", value=Value, operations=table, **rest)


def verdict(engine, check):
    return verdict_of(catalogue()[check], EngineUnderTest("mine", engine))


def test_an_unknown_name_is_convicted_by_its_own_forward_pass():
    engine = engine_with(operations={"twice": lambda v: v.detach() + v})
    found = verdict(engine, OTHER)
    assert (found.status, found.finding.operation) == ("failed", "twice")
    assert verdict(engine_with(operations={"twice": lambda v: v + v}), OTHER).status == "passed"


def test_a_name_that_cannot_be_probed_is_said():
    found = verdict(engine_with(operations={"both": lambda a, b: a * b}), OTHER)
    assert found.status == "unsupported"
    assert found.reason.startswith("not probed: both (raises TypeError")
    assert 'extra={"both": (function, shapes)}' in found.reason


def test_functions_that_are_handed_over_are_judged_each_by_itself():
    extra = {
        "right": (lambda a, b: (a * b).sum(), [(2, 3), (3,)]),
        "wrong": (lambda a, b: (a * b.detach()).sum(), [(2, 3), (3,)]),
        "worse": (lambda a: (a.detach() * a).sum(), [(2,)]),
    }
    found = verdict(engine_with(extra=extra), EXTRA)
    assert [f.operation for f in (found.finding, *found.others)] == ["wrong", "worse"]


def test_traits_are_refusals_and_an_unknown_one_is_an_error():
    engine = engine_with(traits=["no indexing"])
    found = verdict(engine, "gradients: x[1]")
    assert (found.status, found.reason) == ("unsupported", "declared: no indexing")
    assert verdict(engine, "gradients: pick(x, array([3, 0, 3]))").status == "passed"
    with pytest.raises(ValueError, match="no trait 'lazy'; there are matmul"):
        ValueEngine("mine", kind="tensor", value=Value, operations=[], traits=["lazy"])
