"""What is said about a run as a whole: its headline, and the drift of its machine."""

import math

import msgspec
import pytest

from benchgrad.benchmarks.plan import Contestant, Published
from benchgrad.reports.engine_summary import summaries
from benchgrad.reports.findings import drift, headline

PUBLISHED = {"slow": Published(epochs=20, total_s=651.86), "fast": Published(100, 2.36)}


@pytest.fixture
def compare(by_hand):
    """Return a function that finds the headline of engines, given as (name, epoch_s, status)."""

    def compare(*engines):
        contestants = [Contestant(name, published=PUBLISHED.get(name)) for name, *_ in engines]
        cells = [
            by_hand.cell(name, (epoch_s, epoch_s), status=status, reason="why")
            for name, epoch_s, status in engines
        ]
        results = by_hand.results(contestants, cells)
        return headline(results, summaries(results))

    return compare


def pair(found):
    return found.slow.name, found.fast.name, found.ratio.ratio


def test_the_published_pair_is_compared_before_faster_and_slower_ones(full_run):
    found = headline(full_run, summaries(full_run))
    assert pair(found) == ("scalar", "tensor", pytest.approx(2000 / 3 * math.sqrt(3)))
    assert found.published_ratio == pytest.approx(1381.06, abs=0.005)
    assert found.is_forecast


def test_the_order_of_the_pair_is_that_of_the_published_figures(compare):
    """Also if it is the other way round here: the two ratios must be of the same pair."""
    found = compare(("fast", 2.0, "ok"), ("slow", 1.0, "ok"))
    assert pair(found) == ("slow", "fast", 0.5)
    assert found.published_ratio == pytest.approx(1381.06, abs=0.005)
    assert not found.is_forecast


def test_without_the_published_pair_the_slowest_and_the_fastest_are_compared(compare):
    found = compare(("a", 2.0, "ok"), ("b", 8.0, "ok"), ("c", 4.0, "ok"))
    assert pair(found) == ("b", "a", 4.0)
    assert math.isnan(found.published_ratio)


def test_two_engines_that_take_the_same_time_are_still_two(compare):
    assert pair(compare(("a", 2.0, "ok"), ("b", 2.0, "ok"))) == ("b", "a", 1.0)


def test_of_several_rounds_the_pair_is_compared_within_each(by_hand):
    """As in the table: one report does not give two ratios for the same pair."""
    results = by_hand.rounds(a=(1.0, 2.0, 4.0), b=(3.0, 4.0, 20.0))
    found = headline(results, summaries(results))
    assert pair(found) == ("b", "a", pytest.approx(3.0))
    assert (found.ratio.low, found.ratio.high) == pytest.approx((2.0, 5.0))


def test_a_published_engine_that_failed_is_not_compared(compare):
    found = compare(("slow", 9.0, "invalid"), ("fast", 1.0, "ok"), ("c", 4.0, "ok"))
    assert pair(found) == ("c", "fast", 4.0)
    assert math.isnan(found.published_ratio)


@pytest.mark.parametrize("status", ["invalid", "crashed", "timeout", "missing", "unsupported"])
def test_one_engine_that_is_ok_cannot_be_compared(compare, status):
    assert compare(("slow", 9.0, status), ("fast", 1.0, "ok")) is None
    assert compare(("a", 1.0, "ok")) is None
    assert compare(("a", 1.0, status)) is None


@pytest.fixture
def drifted(by_hand):
    """Return a function that finds the drift of a run, given what was timed before each cell."""

    def drifted(*controls):
        cells = [
            msgspec.structs.replace(by_hand.cell("scalar", [1.0], round=i), control_s=control)
            for i, control in enumerate(controls)
        ]
        return drift(by_hand.results([Contestant("scalar")], cells, rounds=len(cells)))

    return drifted


def test_a_quiet_machine_and_a_noisy_one(drifted):
    quiet = drifted([1.0, 1.01, 5.0], [1.0, 1.04, 1.05])
    assert (quiet.median_s, quiet.n_cells, quiet.is_noisy) == (1.025, 2, False)
    assert quiet.spread == pytest.approx(0.9 * 0.03 / 1.025)
    noisy = drifted([1.0], [1.0], [1.2])
    assert (noisy.median_s, noisy.n_cells, noisy.is_noisy) == (1.0, 3, True)
    assert noisy.spread == pytest.approx(0.9 * 0.2)


def test_a_machine_is_quiet_only_if_its_epochs_were_undisturbed_too(by_hand):
    run = by_hand.rounds(a=(1.0,) * 10)
    cells = [msgspec.structs.replace(cell, control_s=[1.0]) for cell in run.cells]
    assert not drift(msgspec.structs.replace(run, cells=cells)).is_noisy
    hit = [msgspec.structs.replace(e, waited_s=0.5 * e.wall_s) for e in cells[0].epochs]
    for n, noisy in ((1, False), (2, True)):
        found = [msgspec.structs.replace(c, epochs=hit) for c in cells[:n]] + cells[n:]
        moved = drift(msgspec.structs.replace(run, cells=found))
        assert (moved.undisturbed, moved.is_noisy) == (1 - n / 10, noisy)
        assert ("marked as disturbed" in moved.meaning(has_intervals=True)) == noisy


@pytest.mark.parametrize("controls", [[[1.0]], [[], []], [[0.0], [0.0]]])
def test_one_time_none_and_zero_are_no_drift(drifted, controls):
    assert drifted(*controls) is None
