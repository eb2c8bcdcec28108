"""What a report says about a run as a whole: one ratio, and how steady the machine was."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchgrad.benchmarks.analysis.statistics import Estimate, paired, ranked_rounds
from benchgrad.benchmarks.records import Results
from benchgrad.reports.engine_summary import EngineSummary

_NOISY = 0.05


@dataclass(frozen=True)
class Headline:
    """The two engines that head a report, and how many times as long one takes as the other.

    `published_ratio` is nan unless the plan has a published figure for both.
    """

    slow: EngineSummary
    fast: EngineSummary
    ratio: Estimate
    published_ratio: float

    @property
    def is_forecast(self) -> bool:
        """Whether a budget stopped one of the two early."""
        return self.slow.timing.is_forecast or self.fast.timing.is_forecast


def headline(results: Results, engines: Sequence[EngineSummary]) -> Headline | None:
    """Return the ratio per epoch between the two published engines, or else slowest to fastest.

    Only ranked engines are compared, each with the garbage collector as shipped; None if there are
    fewer than two.
    """
    ranked = [e for e in engines if e.is_as_shipped and not math.isnan(e.times_fastest.ratio)]
    if len(ranked) < 2:
        return None
    published = [engine for engine in ranked if engine.published]
    if len(published) > 1:
        ordered = sorted(published, key=lambda engine: engine.published_epoch_s)
    else:
        ordered = sorted(ranked, key=lambda engine: engine.times_fastest.ratio)
    fast, slow = ordered[0], ordered[-1]
    rounds = ranked_rounds(results.cells)
    return Headline(
        slow=slow,
        fast=fast,
        ratio=paired(rounds[fast.name], rounds[slow.name]),
        published_ratio=slow.published_epoch_s / fast.published_epoch_s,
    )


def has_intervals(engines: Sequence[EngineSummary]) -> bool:
    """Return whether there were enough rounds for any ratio to have an interval."""
    return any(not math.isnan(engine.times_fastest.low) for engine in engines)


@dataclass(frozen=True)
class Drift:
    """How much the speed of the machine changed while the cells ran.

    A fixed workload is timed before each cell: `median_s` is the median over the cells, `spread`
    the distance between the 5th and the 95th percentile, relative to it.
    """

    median_s: float
    spread: float
    n_cells: int

    @property
    def is_noisy(self) -> bool:
        """Whether the drift is as large as the differences that a reader may look for."""
        return self.spread > _NOISY

    def meaning(self, has_intervals: bool) -> str:
        """Return what the noise means for the ratios of the run."""
        if has_intervals:
            return "ratios are taken within rounds, and their intervals cover the rest"
        return "smaller differences between engines mean nothing"


def drift(results: Results) -> Drift | None:
    """Return the drift of a run, None if it was measured before fewer than two cells."""
    taken = [float(np.median(cell.control_s)) for cell in results.cells if cell.control_s]
    if len(taken) < 2:
        return None
    median_s = float(np.median(taken))
    if median_s <= 0.0:
        return None
    low, high = np.percentile(taken, [5, 95])
    return Drift(median_s, float(high - low) / median_s, len(taken))
