"""What the intervals and verdicts say of simulated machines, of which the truth is known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from simulation import Noise, pairs, rounds_of, simulate, two_runs

from benchgrad.benchmarks.analysis.statistics import (
    MIN_VERDICT_ROUNDS,
    PAIRED_EFFECT,
    UNPAIRED_EFFECT,
    Estimate,
    against_fastest,
    disturbed_by_engine,
    paired,
    ranked_rounds,
    round_seconds,
    unpaired,
    verdict,
)
from benchgrad.benchmarks.records import Cell, Epoch

N_RUNS = 100


def cell(walls, round=0, status="ok"):
    epochs = [Epoch(wall_s, wall_s, 0.0, [0.5], 0.5, 0.5) for wall_s in walls]
    return Cell("x", round, status, len(walls), epochs=epochs)


def share(verdicts, wanted):
    verdicts = list(verdicts)
    return verdicts.count(wanted) / len(verdicts)


@pytest.mark.parametrize(("n_rounds", "drift"), [(5, 0.0), (6, 0.2), (10, 0.2)])
def test_an_engine_against_itself_shows_no_difference(n_rounds, drift):
    found = [verdict(e, PAIRED_EFFECT) for e in pairs(1.0, Noise(drift=drift), N_RUNS, n_rounds)]
    assert share(found, "no difference") >= 0.95


@pytest.mark.parametrize(("slowdown", "called"), [(1.05, "slower"), (1 / 1.05, "faster")])
def test_a_difference_of_five_percent_is_seen_and_its_interval_lies_around_it(slowdown, called):
    estimates = list(pairs(slowdown, Noise(), 60, 20))
    assert share((verdict(e, PAIRED_EFFECT) for e in estimates), called) >= 0.95
    held = [e.low <= slowdown <= e.high for e in estimates]
    assert np.mean(held) >= 0.9
    assert np.median([e.ratio for e in estimates]) == pytest.approx(slowdown, abs=0.003)
    assert np.median([e.high - e.low for e in estimates]) < 0.05


def test_a_difference_too_small_to_matter_is_not_reported():
    """Half a percent on a machine so quiet that the interval excludes 1."""
    estimates = list(pairs(1.005, Noise(1e-4, 0.0, 1e-4, 0.0), 20, 6))
    assert all(1.0 < e.low < e.high < PAIRED_EFFECT for e in estimates)
    assert {verdict(e, PAIRED_EFFECT) for e in estimates} == {"no difference"}


def test_under_drift_pairs_are_right_where_one_after_the_other_is_not():
    noise = Noise(drift=0.3)
    pair = [e.ratio for e in pairs(1.0, noise, 50, 6)]
    serial = []
    for seed in range(50):
        cells = simulate({"a": 0.01, "b": 0.01}, noise, seed, n_rounds=6, is_serial=True)
        serial.append(np.median(list(rounds_of(cells, "b").values()))
                      / np.median(list(rounds_of(cells, "a").values())))  # fmt: skip
    assert np.median(pair) == pytest.approx(1.0, abs=0.005)
    assert np.median(serial) > 1.12


def test_two_runs_of_the_same_engine_show_no_difference():
    estimates = two_runs(1.0, Noise(session=0.01), N_RUNS, 10)
    assert share((verdict(e, UNPAIRED_EFFECT) for e in estimates), "no difference") >= 0.95


def test_two_runs_that_differ_by_a_fifth_are_told_apart():
    estimates = list(two_runs(1.2, Noise(session=0.01), 50, 10))
    assert share((verdict(e, UNPAIRED_EFFECT) for e in estimates), "slower") >= 0.95
    assert np.median([e.ratio for e in estimates]) == pytest.approx(1.2, abs=0.01)


def test_a_round_is_the_median_of_its_steady_epochs():
    cells = [cell([9.0, 1.0, 2.0, 6.0]), cell([7.0], round=1), cell([5.0, 3.0], round=2)]
    assert round_seconds(cells) == {0: 2.0, 1: 7.0, 2: 3.0}


def test_rounds_that_failed_or_have_no_epochs_do_not_count():
    cells = [cell([1.0, 1.0], 0, "invalid"), cell([], 1), cell([0.0], 2), cell([1.0, 4.0], 3)]
    assert round_seconds(cells) == {3: 4.0}


def test_only_common_rounds_are_paired():
    before, after = {0: 1.0, 1: 2.0, 2: 1.0, 4: 1.0}, {1: 4.0, 2: 3.0, 3: 9.0, 4: 2.0}
    found = paired(before, after)
    assert (found.ratio, found.n_rounds) == (pytest.approx(2.0), 3)


def test_a_pair_is_taken_within_a_round_before_the_median():
    """The medians of the two are 2 and 3, which is 1.5; in most rounds the ratio is 3."""
    found = paired({0: 1.0, 1: 2.0, 2: 4.0}, {0: 3.0, 1: 6.0, 2: 2.0})
    assert found.ratio == pytest.approx(3.0)


def test_two_runs_are_compared_by_their_medians_whatever_their_order():
    old, new = [1.0, 2.0, 90.0, 2.0], [4.0, 4.0, 4.0, 0.1, 8.0]
    found = unpaired(old, new)
    assert (found.ratio, found.n_rounds) == (pytest.approx(2.0), 4)
    assert unpaired(old[::-1], new[::-1]).ratio == found.ratio
    assert unpaired(new, old).ratio == pytest.approx(0.5)


@pytest.mark.parametrize("n", [3, 4, 5])
def test_the_interval_of_few_rounds_is_their_range(n):
    after = {k: 1.0 + 0.01 * k for k in range(n)}
    found = paired(dict.fromkeys(after, 1.0), after)
    assert found.low == pytest.approx(1.0)
    assert found.high == pytest.approx(1.0 + 0.01 * (n - 1))


def test_without_rounds_enough_there_is_no_interval_and_below_five_no_verdict():
    one = paired({0: 1.0}, {0: 2.0})
    assert (one.ratio, one.n_rounds) == (pytest.approx(2.0), 1)
    assert math.isnan(one.low)
    assert math.isnan(paired({}, {}).ratio)
    for n in range(MIN_VERDICT_ROUNDS):
        found = paired(dict.fromkeys(range(n), 1.0), dict.fromkeys(range(n), 2.0))
        assert verdict(found, PAIRED_EFFECT) == "not comparable"
    n = MIN_VERDICT_ROUNDS
    found = paired(dict.fromkeys(range(n), 1.0), dict.fromkeys(range(n), 2.0))
    assert verdict(found, PAIRED_EFFECT) == "slower"


@pytest.mark.parametrize(
    ("low", "high", "called"),
    [
        (1.011, 1.2, "slower"),
        (1.009, 1.2, "no difference"),
        (0.8, 0.989, "faster"),
        (0.8, 0.995, "no difference"),
        (0.5, 2.0, "no difference"),
    ],
)
def test_a_verdict_needs_the_whole_interval_beyond_the_effect(low, high, called):
    assert verdict(Estimate(1.0, low, high, 5), 1.01) == called


SECONDS = st.lists(st.floats(1e-6, 1e3), min_size=3, max_size=12)


@settings(derandomize=True, deadline=None, max_examples=30)
@given(SECONDS, st.data())
def test_both_ways_round_the_ratio_and_its_interval_are_reciprocal(before, data):
    after = data.draw(st.lists(st.floats(1e-6, 1e3), min_size=len(before), max_size=len(before)))
    a, b = dict(enumerate(before)), dict(enumerate(after))
    one, other = paired(a, b), paired(b, a)
    assert one.ratio * other.ratio == pytest.approx(1.0)
    assert one.low * other.high == pytest.approx(1.0)
    assert one.low <= one.ratio * (1 + 1e-12)
    assert one.ratio <= one.high * (1 + 1e-12)


@settings(derandomize=True, deadline=None, max_examples=30)
@given(SECONDS, SECONDS, st.floats(1e-3, 1e3))
def test_a_ratio_does_not_know_the_unit_of_time(before, after, unit):
    one = unpaired(before, after)
    other = unpaired([unit * s for s in before], [unit * s for s in after])
    for name in ("ratio", "low", "high"):
        assert getattr(one, name) == pytest.approx(getattr(other, name))


def test_among_more_engines_an_interval_is_wider_around_the_same_ratio():
    before = {k: 1.0 + 0.01 * (k % 3) for k in range(8)}
    after = {k: 1.3 + 0.02 * (k % 4) for k in range(8)}
    two, three, ten = (paired(before, after, n_engines=n) for n in (2, 3, 10))
    assert two == paired(before, after)
    assert two.ratio == three.ratio == ten.ratio
    assert ten.low < three.low < two.low < two.ratio < two.high < three.high < ten.high
    factor = stats.t.ppf(1 - 0.025 / 45, 7) / stats.t.ppf(0.975, 7)
    for two_end, ten_end in ((two.low, ten.low), (two.high, ten.high)):
        reach = math.log(two_end / two.ratio)
        assert math.log(ten_end / ten.ratio) == pytest.approx(factor * reach)


def falls(cells):
    """Return the verdicts on all engines of a run but the fastest."""
    _, ratios = against_fastest(ranked_rounds(cells), disturbed_by_engine(cells))
    return [verdict(ratio, PAIRED_EFFECT) for ratio in ratios.values()]


def test_of_ten_equal_engines_the_luckiest_makes_none_of_the_others_slower():
    equal = dict.fromkeys("abcdefghij", 0.01)
    runs = [falls(simulate(equal, Noise(), seed, 5)) for seed in range(60)]
    assert np.mean(["slower" in found for found in runs]) <= 0.05
    one_slow = equal | {"j": 0.02}
    assert all(falls(simulate(one_slow, Noise(), seed, 5))[-1] == "slower" for seed in range(10))


def busy(slowdown, victim="", n_runs=40):
    """Yield the estimate of b against a on a machine that a neighbour uses half of the time."""
    noise = Noise(busy=0.5, victim=victim)
    for seed in range(n_runs):
        cells = simulate({"a": 0.01, "b": 0.01 * slowdown}, noise, seed, n_epochs=60)
        disturbed = disturbed_by_engine(cells)
        rounds = ranked_rounds(cells)
        yield paired(rounds["a"], rounds["b"], disturbed["a"] | disturbed["b"])


@pytest.mark.parametrize("victim", ["", "b"])
def test_a_busy_neighbour_makes_no_difference(victim):
    found = [verdict(e, PAIRED_EFFECT) for e in busy(1.0, victim)]
    assert share(found, "no difference") >= 0.95


def test_beside_a_busy_neighbour_five_percent_are_still_found():
    estimates = list(busy(1.05))
    assert share((verdict(e, PAIRED_EFFECT) for e in estimates), "slower") >= 0.5
    assert np.median([e.high - e.low for e in estimates]) < 0.1


def test_disturbed_rounds_are_left_out_if_enough_remain():
    before = dict.fromkeys(range(7), 1.0)
    after = {0: 9.0, 1: 9.0} | dict.fromkeys(range(2, 7), 2.0)
    found = paired(before, after, frozenset({0, 1, 12}))
    assert (found.n_rounds, found.n_disturbed, found.high) == (5, 0, pytest.approx(2.0))
    kept = paired(before, after, frozenset({0, 1, 2}))
    assert (kept.n_rounds, kept.n_disturbed) == (7, 3)
    assert verdict(kept, PAIRED_EFFECT) == "slower"


def test_too_many_disturbed_rounds_support_no_verdict():
    before, after = dict.fromkeys(range(7), 1.0), dict.fromkeys(range(7), 2.0)
    found = paired(before, after, frozenset({0, 1, 2, 3}))
    assert found.is_disturbed
    assert verdict(found, PAIRED_EFFECT) == "too disturbed"


def test_the_same_records_give_the_same_interval():
    before, after = {k: 1.0 + k % 3 for k in range(9)}, {k: 2.0 + k % 4 for k in range(9)}
    assert paired(before, after) == paired(before, after)
