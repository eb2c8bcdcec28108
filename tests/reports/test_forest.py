"""The page of a comparison: every run's interval is where its figures are, and texts stay texts."""

import re
from itertools import pairwise

import pytest
from conftest import cell, flat_data
from imagined import ENVIRONMENT

from benchgrad.benchmarks.analysis.compare import compare
from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.records import SCHEMA_VERSION, Results
from benchgrad.reports import forest

HOSTILE = "<script>alert(1)</script>.py"


def run(day, names=("tensor", HOSTILE), factor=1.0, spread=0.002):
    """Return a run of six rounds in which the first engine's epochs take `factor` times as long."""
    cells = [
        cell(name, [0.1, *[0.1 * (factor if name == names[0] else 1.0) * (1 + spread * r)] * 4],
             round=r)
        for r in range(6) for name in names
    ]  # fmt: skip
    plan = Plan(title="nightly", engines=tuple(map(Contestant, names)), epochs=5, rounds=6)
    began = f"2026-01-{day:02d}T00:00:00+00:00"
    data = flat_data()
    return Results(SCHEMA_VERSION, began, "benchgrad run", plan, ENVIRONMENT, data, cells)


@pytest.fixture(scope="module")
def found():
    old = ("base", run(1))
    runs = (("same", run(2)), ("slow", run(3, factor=1.2)), ("gone", run(4, names=("tensor",))))
    return [compare(old, new, fail_above=1.1) for new in runs]


def test_each_run_has_a_branch_for_each_engine_at_its_ratio(found):
    drawn = forest.forest(found)
    kinds = {name: [b.kind for b in branches] for name, branches in drawn.engines.items()}
    assert kinds == {"tensor": ["same", "slower", "same"], HOSTILE: ["same", "same", "none"]}
    slow = drawn.engines["tensor"][1]
    x, low, high, one = (float(p.rstrip("%")) for p in (slow.x, slow.low, slow.high, drawn.one))
    assert one < low <= x <= high
    assert x == pytest.approx(100 * drawn.axis.share(found[1].rows[0].ratio), abs=0.01)
    assert slow.said.startswith("1.20 × slower (")
    assert slow.said.endswith(", above the limit")
    band = float(slow.band[0].rstrip("%")) + float(slow.band[1].rstrip("%"))
    assert one < band < low


def test_the_answers_say_it_in_words(found):
    same, slow, gone = forest.forest(found).answers
    assert same == "same: 2 engines show no difference."
    assert slow.startswith("slow: tensor is 1.20 × slower (")
    assert slow.endswith(", 1 engine shows no difference.")
    assert gone.endswith("1 engine cannot be judged.")


def test_the_page_is_one_file_and_holds_no_script(found):
    page = forest.page(found).decode()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;.py" in page
    assert not re.search(r'(?:src|href)="(?!#|data:)', page)
    assert "only in OLD" in page
    assert "exceeded by tensor (slow)" in page
    assert page.count("<li class=") == 6


def test_the_axis_has_a_tick_at_one_and_none_too_near_another(found):
    ticks = forest.forest(found).axis.ticks
    assert "1 ×" in [tick.label for tick in ticks]
    places = sorted(tick.share for tick in ticks)
    assert all(b - a > 0.1 for a, b in pairwise(places))
