"""How long the rest of a run takes, on machines of which it is known."""

import math

import numpy as np
import pytest
from scipy import stats

from benchgrad.benchmarks.analysis.forecast import LATER, forecast, wander


def test_the_epochs_that_are_left_take_the_mean_of_the_steady_ones():
    found = forecast([9.0, 1.0, 1.0, 1.3], 20)
    mean_s, spread_s = 1.1, np.std([1.0, 1.0, 1.3], ddof=1)
    assert found.total_s == pytest.approx(12.3 + 16 * mean_s)
    reach_s = stats.t.ppf(0.975, 2) * spread_s * math.sqrt(1 / 3 + 1 / 16)
    assert found.low_s == pytest.approx(12.3 + 16 * (mean_s - reach_s))
    assert found.high_s == pytest.approx(12.3 + 16 * (mean_s + reach_s))
    assert found.refusal == ""


def test_a_slow_epoch_in_five_counts():
    """The median leaves it out, the whole run does not."""
    walls = [1.0] * 5 + [2.0]
    assert forecast([1.0, *walls[1:], *walls[1:]], 101).total_s == pytest.approx(13 + 90 * 1.2)


def test_equal_epochs_promise_no_certainty():
    found = forecast([2.0] * 5, 15)
    assert found.total_s == pytest.approx(30.0)
    assert (found.low_s, found.high_s) == pytest.approx((30 - 20 * LATER, 30 + 20 * LATER))


def test_the_run_cannot_end_before_what_was_measured():
    assert forecast([1.0, 1.0, 9.0, 1.0], 20).low_s == pytest.approx(12.0)


@pytest.mark.parametrize(("n", "left"), [(1, "none"), (2, "1"), (3, "2")])
def test_too_few_epochs_are_no_forecast(n, left):
    found = forecast([1.0] * n, 20)
    assert math.isnan(found.total_s)
    assert math.isnan(found.low_s)
    assert found.refusal == f"it takes 3 epochs after the first, the budget left {left}"


@pytest.mark.parametrize("n", [4, 6, 20])
@pytest.mark.parametrize("growth", [1.05, 0.95])
def test_epochs_that_grow_or_shrink_are_no_forecast(n, growth):
    rng = np.random.default_rng(1)
    walls = growth ** np.arange(n) * np.exp(rng.normal(0.0, 0.005, n))
    found = forecast(walls.tolist(), 40)
    assert math.isnan(found.total_s)
    assert found.refusal.endswith("% from one to the next")
    assert ("+" if growth > 1 else "-") in found.refusal


@pytest.mark.parametrize(("spread", "most_refused"), [(0.005, 0.0), (0.02, 0.12), (0.05, 0.25)])
@pytest.mark.parametrize("n", [4, 6, 10])
def test_the_interval_holds_the_whole_run_and_noise_is_seldom_a_trend(n, spread, most_refused):
    rng = np.random.default_rng(0)
    held, refused = [], 0
    for _ in range(400):
        walls = np.exp(rng.normal(0.0, spread, 20)) * np.append(1.5, np.ones(19))
        found = forecast(walls[:n].tolist(), 20)
        refused += bool(found.refusal)
        if not found.refusal:
            held.append(found.low_s <= walls.sum() <= found.high_s)
    assert np.mean(held) >= 0.92
    assert refused / 400 <= most_refused


def test_an_interval_is_no_narrower_than_the_machine_was_unsteady():
    steady = forecast([1.0] * 5, 20)
    found = forecast([1.0] * 5, 20, wander([0.8, 1.0, 1.2]))
    assert found.total_s == steady.total_s == 20.0
    assert (found.low_s, found.high_s) == pytest.approx((5 + 15 * 0.8, 5 + 15 * 1.2))
    assert wander([1.0, 9.0]) == 0.0  # two times are no spread
