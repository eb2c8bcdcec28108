"""What a report says about a run as a whole: one ratio, and how steady the machine was."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchgrad.benchmarks.analysis.accuracy import studies
from benchgrad.benchmarks.analysis.statistics import (
    Estimate,
    control_seconds,
    disturbed_by_engine,
    n_compared,
    paired,
    ranked_rounds,
)
from benchgrad.benchmarks.analysis.undisturbed import selection
from benchgrad.benchmarks.records import Cell, Results
from benchgrad.reports import formats
from benchgrad.reports.engine_summary import EngineSummary

_NOISY = 0.05
_CALM = 0.9


@dataclass(frozen=True)
class Headline:
    """The two engines that head a report, and how many times as long one takes as the other.

    `cpu_ratio` is the same ratio by processor time. `published_ratio` is nan unless the plan has a
    published figure for both.
    """

    slow: EngineSummary
    fast: EngineSummary
    ratio: Estimate
    cpu_ratio: float
    published_ratio: float

    @property
    def is_forecast(self) -> bool:
        """Whether a budget stopped one of the two early."""
        return any(engine.epochs_done < engine.epochs_planned for engine in (self.slow, self.fast))

    @property
    def is_apart(self) -> bool:
        """Whether the two differ in what is shown of the ratio."""
        return formats.rounded(self.ratio.ratio) != 1.0

    @property
    def is_disturbed(self) -> bool:
        """Whether the machine had so much else to do that the ratio may be that of its load."""
        return self.ratio.is_disturbed


def headline(results: Results, engines: Sequence[EngineSummary]) -> Headline | None:
    """Return the ratio per epoch between the two published engines, or else slowest to fastest.

    Only ranked engines are compared, each with the garbage collector as shipped; None if there are
    fewer than two, or if the run is not timed.
    """
    if not results.plan.timed:
        return None
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
    disturbed = disturbed_by_engine(results.cells)
    in_both = disturbed[fast.name] | disturbed[slow.name]
    cpu = {e.name: cpu_rounds(e.name, results.cells) for e in (fast, slow)}
    return Headline(
        slow=slow,
        fast=fast,
        ratio=paired(
            rounds[fast.name], rounds[slow.name], in_both, _n_candidates(published, rounds)
        ),
        cpu_ratio=paired(cpu[fast.name], cpu[slow.name], in_both).ratio,
        published_ratio=slow.published_epoch_s / fast.published_epoch_s,
    )


def why_no_headline(results: Results) -> str:
    """Return what heads a report without a ratio: why it has none, and what it says instead."""
    if results.plan.timed:
        return (
            "Fewer than two engines finished with work equal to the reference's, so there is no "
            "ratio."
        )
    found = studies(results)
    said = "This run is not timed, so there is no ratio."
    if not found:
        return said
    apart, spread = max(each.apart for each in found), max(each.spread for each in found)
    return (
        f"{said} With the same seed, the accuracies of its engines differ by at most "
        f"{formats.percent(apart)}; from seed to seed, those of one engine deviate by up to "
        f"{formats.percent(spread)}."
    )


def _n_candidates(
    published: Sequence[EngineSummary], rounds: Mapping[str, Mapping[int, float]]
) -> int:
    """Return among how many engines the two were chosen; published ones were named beforehand."""
    return len(published) if len(published) > 1 else n_compared(rounds)


def cpu_rounds(name: str, cells: Sequence[Cell]) -> dict[int, float]:
    """Return the median processor time of the epochs that stand for each round of an engine."""
    own = [cell for cell in cells if cell.engine == name and cell.status == "ok" and cell.epochs]
    found = {c.round: float(np.median([e.cpu_s for e in selection(c).epochs])) for c in own}
    return {round: cpu_s for round, cpu_s in found.items() if cpu_s > 0.0}


def has_intervals(engines: Sequence[EngineSummary]) -> bool:
    """Return whether there were enough rounds for any ratio to have an interval."""
    return any(not math.isnan(engine.times_fastest.low) for engine in engines)


@dataclass(frozen=True)
class Drift:
    """How much the speed of the machine changed while the cells ran.

    A fixed workload is timed before each cell: `median_s` is the median over the cells, `spread`
    the distance between the 5th and the 95th percentile, relative to it. `undisturbed` is the share
    of the epochs that the machine did not disturb.
    """

    median_s: float
    spread: float
    n_cells: int
    undisturbed: float

    @property
    def is_noisy(self) -> bool:
        """Whether the machine was not quiet: for that, the workload and the epochs must agree.

        A workload of milliseconds between the cells misses what happens within them, and epochs
        that have their processor may still run on a slower one.
        """
        return self.spread > _NOISY or self.undisturbed < _CALM

    def meaning(self, has_intervals: bool) -> str:
        """Return what the noise means for the ratios of the run."""
        if self.undisturbed < _CALM:
            return "a ratio marked as disturbed may be that of the load, whatever its interval"
        if has_intervals:
            return "ratios are taken within rounds, and their intervals cover the rest"
        return "smaller differences between engines mean nothing"


def drift(results: Results) -> Drift | None:
    """Return the drift of a run, None if it was measured before fewer than two cells."""
    taken = control_seconds(results.cells)
    if len(taken) < 2:
        return None
    median_s = float(np.median(taken))
    if median_s <= 0.0:
        return None
    low, high = np.percentile(taken, [5, 95])
    chosen = [selection(cell) for cell in results.cells]
    n_steady = sum(each.n_steady for each in chosen)
    undisturbed = sum(each.n_undisturbed for each in chosen) / n_steady if n_steady else 1.0
    return Drift(median_s, float(high - low) / median_s, len(taken), undisturbed)
