"""How long a training run would have taken that a budget cut off, and whether anybody can say.

Pure functions of times; which run is forecast is up to the reports.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchgrad.benchmarks.analysis.statistics import CONFIDENCE

# Two epochs have a mean and hardly a spread: Student's t with one degree of freedom is 12.7.
MIN_EPOCHS = 3
# Epochs that a straight line takes this far up or down, from the first to the last, follow a trend
# if the slope is also so many of its standard errors: both, since a quiet machine makes small
# slopes certain, and a few epochs of a noisy one make large slopes likely.
TREND = 0.04
TREND_ERRORS = 3.0
# Epochs minutes later meet another machine than these did, which no spread of theirs shows.
LATER = 0.02


@dataclass(frozen=True)
class Forecast:
    """The seconds of a whole run with their interval, all nan where `refusal` says why not."""

    total_s: float
    low_s: float
    high_s: float
    refusal: str = ""


def forecast(epochs_s: Sequence[float], n_planned: int, wander: float = 0.0) -> Forecast:
    """Return the time of `n_planned` epochs, given that of the first so many.

    The steady epochs, those after the first, go on as they did: each that is left takes their mean.
    The interval is the one for the mean of new observations by Student's t, and no narrower than
    ``LATER`` of what is forecast, or than `wander`, the spread of the machine's speed in the run.

    Source: Hahn and Meeker, Statistical Intervals, 1991, section 4.8 (the mean of m further
    observations from a normal distribution).
    """
    steady = np.array(epochs_s[1:], np.float64)
    if len(steady) < MIN_EPOCHS:
        return _refused(
            f"it takes {MIN_EPOCHS} epochs after the first, the budget left {_n(steady)}"
        )
    if growth := _growth(steady):
        each = 100.0 * (growth ** (1.0 / (len(steady) - 1)) - 1.0)
        return _refused(f"its epochs take {each:+.1f} % from one to the next")
    from scipy import special

    done_s, n_left = math.fsum(epochs_s), n_planned - len(epochs_s)
    mean_s, spread_s = float(np.mean(steady)), float(np.std(steady, ddof=1))
    t = -float(special.stdtrit(len(steady) - 1, (1.0 - CONFIDENCE) / 2.0))
    reach_s = t * spread_s * math.sqrt(1.0 / len(steady) + 1.0 / n_left)
    reach_s = max(reach_s, LATER * mean_s, wander * mean_s)
    return Forecast(
        total_s=done_s + n_left * mean_s,
        low_s=done_s + n_left * max(0.0, mean_s - reach_s),
        high_s=done_s + n_left * (mean_s + reach_s),
    )


def wander(controls_s: Sequence[float]) -> float:
    """Return by how much the machine's speed differed from one time to another, as a share.

    `controls_s` are the times of one fixed workload, at different moments of a run: their standard
    deviation relative to their mean, 0 where there are fewer than three.
    """
    if len(controls_s) < 3:
        return 0.0
    return float(np.std(controls_s, ddof=1) / np.mean(controls_s))


def _refused(why: str) -> Forecast:
    return Forecast(math.nan, math.nan, math.nan, why)


def _n(steady: NDArray[np.float64]) -> str:
    return str(len(steady)) if len(steady) else "none"


def _growth(steady: NDArray[np.float64]) -> float:
    """Return how many times as long the last epoch takes as the first by a trend; 0 without one."""
    x = np.arange(len(steady)) - (len(steady) - 1) / 2.0
    y = np.log(steady)
    slope = float(x @ y / (x @ x))
    residual = y - np.mean(y) - slope * x
    error = math.sqrt(float(residual @ residual) / (len(y) - 2) / float(x @ x))
    rise = slope * (len(y) - 1)
    is_trend = abs(rise) > math.log1p(TREND) and abs(slope) > TREND_ERRORS * error
    return math.exp(rise) if is_trend else 0.0
