"""Statistics of ratios: from the epochs of each round to an estimate, an interval and a verdict.

Pure functions of records; nothing is run, read or written here. See docs/measurement.md.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchgrad.benchmarks.analysis.undisturbed import disturbed_rounds, selection
from benchgrad.benchmarks.records import Cell

CONFIDENCE = 0.95
# No resample leaves the range of the rounds, and the range of n rounds holds the true median with
# probability 1 − 2^(1−n): 75 % for 3, 93.75 % for 5. With fewer than 3 rounds the interval is not
# worth showing; with fewer than 5 it is shown, but supports no verdict.
MIN_INTERVAL_ROUNDS = 3
MIN_VERDICT_ROUNDS = 5
# Smaller differences are not reported, however narrow the interval. What differs between two runs
# as a whole is invisible to the rounds of either, so their threshold is higher.
PAIRED_EFFECT = 1.01
UNPAIRED_EFFECT = 1.05

_N_RESAMPLES = 9999
_SEED = 0  # any number, always the same: the same records must give the same bytes

Verdict = Literal["faster", "slower", "no difference", "not comparable", "too disturbed"]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """How many times as long `after` takes as `before`, with its interval.

    `low` and `high` are nan with fewer than `MIN_INTERVAL_ROUNDS` rounds. `n_rounds` is that of the
    side with fewer rounds; in `n_disturbed` of them the machine disturbed one of the two.
    """

    ratio: float
    low: float
    high: float
    n_rounds: int
    n_disturbed: int = 0

    @property
    def is_disturbed(self) -> bool:
        """Whether more than half of the rounds say how busy the machine was."""
        return 2 * self.n_disturbed > self.n_rounds


def round_seconds(cells: Iterable[Cell]) -> dict[int, float]:
    """Return the median undisturbed epoch of each round that is ok, in seconds.

    `undisturbed.selection` says which those are, and what counts if they are too few.
    """
    found = {}
    for cell in cells:
        walls = [epoch.seconds for epoch in selection(cell).epochs]
        median = float(np.median(walls)) if walls else 0.0
        if cell.status == "ok" and median > 0.0:
            found[cell.round] = median
    return found


def control_seconds(cells: Iterable[Cell]) -> list[float]:
    """Return the time of the fixed workload before each cell that has one: the median repeat."""
    return [float(np.median(cell.control_s)) for cell in cells if cell.control_s]


def countable(cells: Iterable[Cell]) -> list[Cell]:
    """Return an engine's cells without the interrupted ones, unless all are interrupted."""
    own = list(cells)
    return [cell for cell in own if cell.status != "interrupted"] or own


def ranked_rounds(cells: Iterable[Cell]) -> dict[str, dict[int, float]]:
    """Return the rounds of each ranked engine, one whose countable cells are all ok."""
    by_engine: dict[str, list[Cell]] = {}
    for cell in cells:
        by_engine.setdefault(cell.engine, []).append(cell)
    return {
        name: rounds
        for name, own in by_engine.items()
        if all(cell.status == "ok" for cell in countable(own)) and (rounds := round_seconds(own))
    }


def disturbed_by_engine(cells: Iterable[Cell]) -> dict[str, frozenset[int]]:
    """Return the rounds in which each engine was disturbed."""
    every = list(cells)
    names = dict.fromkeys(cell.engine for cell in every)
    return {name: disturbed_rounds(c for c in every if c.engine == name) for name in names}


def against_fastest(
    rounds: Mapping[str, Mapping[int, float]],
    disturbed: Mapping[str, frozenset[int]] = MappingProxyType({}),
) -> tuple[str, dict[str, Estimate]]:
    """Return the fastest engine, and how each of the others compares to it, as `paired` says.

    Two engines are compared over their common rounds only: in its other rounds one of them may
    have met a faster machine. The intervals are wide enough to hold together, although nobody
    named the fastest beforehand. The name is empty if there is no engine.
    """
    if not rounds:
        return "", {}
    fastest = functools.reduce(lambda a, b: _faster(a, b, rounds), rounds)
    others = {name: own for name, own in rounds.items() if name != fastest}
    none = frozenset[int]()
    in_both = {name: disturbed.get(fastest, none) | disturbed.get(name, none) for name in others}
    n_engines = n_compared(rounds)
    return fastest, {
        name: paired(rounds[fastest], own, in_both[name], n_engines) for name, own in others.items()
    }


def n_compared(rounds: Mapping[str, Mapping[int, float]]) -> int:
    """Return how many engines have rounds enough for an interval."""
    return sum(len(own) >= MIN_INTERVAL_ROUNDS for own in rounds.values())


def _faster(a: str, b: str, rounds: Mapping[str, Mapping[int, float]]) -> str:
    """Return the faster of two engines over their common rounds; the first if they have none."""
    common = rounds[a].keys() & rounds[b].keys()
    ratios = [rounds[b][r] / rounds[a][r] for r in common]
    return b if ratios and float(np.median(ratios)) < 1.0 else a


def paired(
    before: Mapping[int, float],
    after: Mapping[int, float],
    disturbed: AbstractSet[int] = frozenset(),
    n_engines: int = 2,
) -> Estimate:
    """Return the median over common rounds of after / before, each ratio taken within a round.

    The interval is the percentile bootstrap over rounds. What affects a whole round (a slower
    machine, other batches) is in both times of a ratio and cancels. Rounds in which the machine
    disturbed one of the two are left out if enough for a verdict remain, and counted otherwise.

    Of `n_engines` one that was lucky looks fastest. So that an interval of any two of them is too
    narrow in 5 % of runs, and not each in 5 %, it is widened as Student's t is by Bonferroni's
    correction for the number of pairs; two engines are one pair, and nothing is widened.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 13.3.
    """
    rounds = paired_rounds(before, after, disturbed)
    found = _estimate((_logs([after[r] / before[r] for r in rounds]),), _median)
    return replace(_for_pairs(found, n_engines), n_disturbed=len(disturbed & set(rounds)))


def paired_rounds(
    before: Mapping[int, float], after: Mapping[int, float], disturbed: AbstractSet[int]
) -> list[int]:
    """Return the rounds that two engines are compared over, as `paired` says."""
    common = sorted(before.keys() & after.keys())
    calm = [round for round in common if round not in disturbed]
    return calm if len(calm) >= MIN_VERDICT_ROUNDS else common


def _for_pairs(estimate: Estimate, n_engines: int) -> Estimate:
    """Return an estimate whose interval holds together with those of all other pairs.

    Source: Miller, Simultaneous Statistical Inference, 1981, section 2.3; applied to a bootstrap
    as a factor of its width, whose worth is simulated in docs/measurement.md.
    """
    n_pairs = math.comb(n_engines, 2)
    if n_pairs < 2 or math.isnan(estimate.low):
        return estimate
    from scipy import special

    tail, degrees = (1.0 - CONFIDENCE) / 2.0, estimate.n_rounds - 1
    one, all_pairs = (-float(special.stdtrit(degrees, tail / n)) for n in (1, n_pairs))
    low, high = (
        estimate.ratio * (end / estimate.ratio) ** (all_pairs / one)
        for end in (estimate.low, estimate.high)
    )
    return replace(estimate, low=low, high=high)


def unpaired(before: Sequence[float], after: Sequence[float]) -> Estimate:
    """Return the ratio of the medians of two runs' rounds, after / before.

    The rounds of each run are resampled separately: they ran at different times, so round k of one
    has nothing in common with round k of the other. What differs between the runs as a whole is in
    the ratio but not in the interval.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 8.3.
    """
    return _estimate((_logs(before), _logs(after)), _median_difference)


def verdict(estimate: Estimate, minimal_effect: float) -> Verdict:
    """Return what an estimate shows: a difference only if the whole interval exceeds the effect.

    Source: the rule with a noise threshold is that of Criterion.rs (compare_to_threshold).
    """
    if estimate.n_rounds < MIN_VERDICT_ROUNDS or math.isnan(estimate.low):
        return "not comparable"
    if estimate.is_disturbed:
        return "too disturbed"
    if estimate.low > minimal_effect:
        return "slower"
    if estimate.high < 1.0 / minimal_effect:
        return "faster"
    return "no difference"


def _logs(seconds: Sequence[float]) -> Array:
    """Return logarithms, in which a / b and b / a are equally far from 1."""
    return np.log(np.array(seconds, np.float64))


def _median(logs: Array, axis: int = -1) -> Any:
    return np.median(logs, axis=axis)


def _median_difference(before: Array, after: Array, axis: int = -1) -> Any:
    return np.median(after, axis=axis) - np.median(before, axis=axis)


def _estimate(samples: tuple[Array, ...], statistic: Callable[..., Any]) -> Estimate:
    n_rounds = min(len(sample) for sample in samples)
    if n_rounds == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    ratio = math.exp(float(statistic(*samples)))
    if n_rounds < MIN_INTERVAL_ROUNDS:
        return Estimate(ratio, math.nan, math.nan, n_rounds)
    from scipy import stats

    interval = stats.bootstrap(
        samples,
        statistic,
        confidence_level=CONFIDENCE,
        n_resamples=_N_RESAMPLES,
        method="percentile",
        vectorized=True,
        random_state=np.random.default_rng(_SEED),
    ).confidence_interval
    return Estimate(ratio, math.exp(interval.low), math.exp(interval.high), n_rounds)
