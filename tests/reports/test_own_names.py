"""Engines from files go by their own names, and a failure shows where it was, folded."""

import msgspec
import pytest

from benchgrad.benchmarks.plan import Contestant
from benchgrad.reports.own_names import with_own_names
from benchgrad.reports.page import render_report

TRACE = "Traceback (most recent call last):\n  File <script>alert(1)</script>\nKeyError: 'x'"


@pytest.fixture
def named(by_hand):
    """Return a function that makes a run of engines, each given by its name and its own name."""

    def named(**own_names):
        cells = [by_hand.cell(spec, [1.0], own_name=own) for spec, own in own_names.items()]
        return by_hand.results([Contestant(spec) for spec in own_names], cells)

    return named


def names(results):
    found = with_own_names(results)
    shown = [contestant.name for contestant in found.plan.engines]
    assert shown == [cell.engine for cell in found.cells]
    return shown


def test_an_engine_from_a_file_or_a_module_goes_by_its_own_name(named):
    results = named(**{"a/mine.py": "mine", "package.module:engine": "theirs", "numpy": "numpy"})
    assert names(results) == ["mine", "theirs", "numpy"]
    found = with_own_names(results)
    assert found.cells[0].note == "loaded from a/mine.py"
    assert found.plan.engines[0].spec == "a/mine.py"


def test_a_name_that_is_taken_or_benchgrads_own_stays_with_its_owner(named):
    assert names(named(**{"a.py": "same", "b.py": "same"})) == ["a.py", "b.py"]
    assert names(named(**{"a.py": "tensor", "b.py": ""})) == ["a.py", "b.py"]
    assert names(named(**{"a.py": "b.py", "b.py": "c"})) == ["a.py", "c"]


def test_a_name_that_the_plan_gives_stays(by_hand):
    cell = by_hand.cell("old", [1.0], own_name="mine")
    assert names(by_hand.results([Contestant("old", engine="mine.py")], [cell])) == ["old"]


def test_the_page_folds_the_trace_below_the_reason_as_text(by_hand):
    cells = [
        by_hand.cell("a.py", [], planned=1, status="crashed", reason="KeyError", own_name="mine"),
        by_hand.cell("b.py", [], planned=1, status="timeout", reason="killed"),
    ]
    cells = [msgspec.structs.replace(cell, trace=TRACE) for cell in cells]
    results = by_hand.results([Contestant("a.py"), Contestant("b.py")], cells)
    page = render_report(results)["index.html"].decode()
    assert "<summary>Where it failed: <code>mine</code></summary>" in page
    assert "<summary>Where it hung: <code>b.py</code></summary>" in page
    assert "  File &lt;script&gt;alert(1)&lt;/script&gt;\nKeyError: &#39;x&#39;\n" in page
    assert "alert(1)</script>" not in page
