"""The table and chart of all engines: its rows, its three times, its axis, its ratios."""

import re

import pytest

from benchgrad.benchmarks.plan import Contestant
from benchgrad.reports import overview as module
from benchgrad.reports.axis import axis_for
from benchgrad.reports.engine_summary import summaries
from benchgrad.reports.findings import headline
from benchgrad.reports.ladder import ladder
from benchgrad.reports.overview import distribution, overview


def shown(run):
    engines = summaries(run)
    return overview(run, engines, headline(run, engines))


def ratios(found, measure, baseline):
    """Return what is said of each engine against a baseline."""
    names = [row.engine.name for row in found.rows]
    (chosen,) = [m for m in found.measures if m.name == measure]
    return dict(zip(names, chosen.ratios[names.index(baseline)], strict=True))


@pytest.fixture(scope="module")
def full(full_run):
    return shown(full_run)


def test_rows_are_sorted_by_rank_and_the_baseline_is_the_headline_s(full):
    names = [row.engine.name for row in full.rows]
    assert names == ["numpy", "tensor", "micrograd", "scalar", "wrong", "bad<i>.py", "absent"]
    assert [row.is_ranked for row in full.rows] == [True] * 4 + [False] * 3
    assert names[full.baseline] == "tensor"


def test_a_ratio_reads_the_same_from_both_ends(by_hand):
    found = shown(by_hand.rounds(a=(1.0, 1.0, 1.0), b=(1.27, 1.3, 1.33)))
    assert ratios(found, "warm", "a")["b"] == "1.30 × slower (1.27 to 1.33)"
    assert ratios(found, "warm", "b")["a"] == "1.30 × faster (1.27 to 1.33)"
    assert ratios(found, "warm", "a")["a"] == "baseline"


def test_an_interval_that_holds_one_shows_no_difference(by_hand):
    found = shown(by_hand.rounds(a=(1.0, 1.0, 1.0), b=(0.9, 1.01, 1.2)))
    assert ratios(found, "warm", "a")["b"] == "no clear difference (0.900 to 1.20 ×)"


def test_unranked_engines_have_no_ratio_and_are_no_baseline(full):
    for measure in ("warm", "cold", "cpu"):
        assert ratios(full, measure, "tensor")["wrong"] == "–"
        assert set(ratios(full, measure, "wrong").values()) == {"–"}


def test_a_cold_start_counts_import_build_compilation_and_as_many_epochs_for_all(by_hand):
    cells = [
        by_hand.cell("a", (1.0, 2.0), import_s=3.0, build_s=4.0, first_step_s=5.0),
        by_hand.cell("b", (1.0, 1.0, 1.0), import_s=0.5, build_s=0.25, first_step_s=0.25),
    ]
    contestants = [Contestant("a", epochs=2), Contestant("b", epochs=3)]
    found = shown(by_hand.results(contestants, cells))
    cold = {
        row.engine.name: amount.value
        for row, amount in zip(found.rows, found.measures[1].amounts, strict=True)
    }
    assert cold == {"a": 3 + 4 + 5 + 2 * 2.0, "b": 1.0 + 2 * 1.0}
    assert "2 epochs" in found.measures[1].meaning
    assert ratios(found, "cold", "b")["a"] == "5.33 × slower"


def test_processor_time_is_that_of_the_same_epochs(full, full_run):
    cpu = full.measures[2].amounts
    warm = full.measures[0].amounts
    for row, own, wall in zip(full.rows, cpu, warm, strict=True):
        if row.is_ranked:
            assert own.value == pytest.approx(wall.value / 2)  # as `epoch` of conftest says


def test_of_many_engines_only_one_is_the_baseline(by_hand, monkeypatch):
    monkeypatch.setattr(module, "MOST_BASELINES", 2)
    found = shown(by_hand.rounds(a=(1.0,), b=(2.0,), c=(3.0,)))
    assert found.is_fixed
    lines = found.measures[0].ratios
    assert [len(line) for line in lines] == [3, 0, 0]
    assert ratios(found, "warm", "a")["c"] == "3.00 × slower"


def test_every_epoch_is_a_point(by_hand):
    run = by_hand.rounds(a=(1.0, 2.0, 3.0))
    (own,) = distribution(run, shown(run)).engines
    points = re.findall(r"M(\d+) (\d+)h0", own.first + own.undisturbed + own.disturbed)
    assert own.n_epochs == len(points) == 6
    assert len({y for _, y in points}) == 3  # a level for each round
    places = [int(x) for x, _ in re.findall(r"M(\d+) (\d+)h0", own.undisturbed)]
    assert places == sorted(places)
    assert own.first.count("M") == 3


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ((0.0002, 30.0), ["1 ms", "10 ms", "100 ms", "1 s", "10 s"]),
        ((0.9, 3.0), ["1 s", "2 s"]),
        ((), ["1 s"]),
        ((float("nan"), 0.0, -1.0), ["1 s"]),
    ],
)
def test_an_axis_has_ticks_that_people_say(values, labels):
    assert [tick.label for tick in axis_for(values).ticks] == labels


def test_an_axis_keeps_all_its_values_and_its_ticks_inside():
    axis = axis_for([1e-9, 1e9])
    assert 0.0 < axis.share(1e-9) < axis.share(1.0) < axis.share(1e9) < 1.0
    assert axis.share(1.0) == pytest.approx(0.5)
    assert 2 <= len(axis.ticks) <= 8
    assert [axis.share(x) for x in (0.0, -1.0, float("nan"), float("inf"))] == [0.0] * 4


def test_a_rung_is_compared_with_the_engine_that_it_improves(by_hand):
    contestants = [
        Contestant("first", cause="a"),
        Contestant("rows", engine="first", cause="b", batch_size=1),
        Contestant("branch", cause="c", improves="first"),
        Contestant("lost", cause="d", improves="gone"),
    ]
    cells = [by_hand.cell(c.name, (9.0, wall_s)) for c, wall_s in
             zip(contestants, (8.0, 4.0, 2.0, 1.0), strict=True)]  # fmt: skip
    run = by_hand.results(contestants, cells)
    first, rows, branch, lost = ladder(run, summaries(run))
    assert (first.base, first.speedup, first.is_branch) == (None, "", False)
    assert (rows.base.name, rows.speedup, rows.is_branch) == ("first", "2.00 × faster", False)
    assert rows.change == "b; 2 steps in an epoch, not 1"
    assert (branch.base.name, branch.speedup, branch.is_branch) == ("first", "4.00 × faster", True)
    assert (lost.base, lost.speedup) == (None, "")
