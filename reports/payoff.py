"""After how many epochs an engine that starts later than another has caught up with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchgrad.benchmarks.analysis.statistics import (
    PAIRED_EFFECT,
    Estimate,
    paired,
    ranked_rounds,
)
from benchgrad.benchmarks.records import Results
from benchgrad.reports.engine_summary import EngineSummary


@dataclass(frozen=True)
class Payoff:
    """An engine with a slow start, and the engines that it catches up with.

    `start_s` is the time of its import, its build and its first step, in which engines compile.
    `from_disk_s` is the same where an earlier process had compiled; None if no round was like that.
    `after` has the name of each engine that it catches up with, and the epochs that this takes.
    """

    engine: str
    start_s: float
    after: tuple[tuple[str, int], ...]
    from_disk_s: float | None = None


def payoffs(results: Results, engines: Sequence[EngineSummary]) -> list[Payoff]:
    """Return the engines that start later than another one and catch up after their first epoch.

    Only ranked engines of a timed run are compared. One is faster than another if the whole
    interval of their ratio says so, or without an interval if the difference is worth reporting.
    """
    rounds = ranked_rounds(results.cells) if results.plan.timed else {}
    ranked = [engine for engine in engines if engine.name in rounds]
    found = []
    for engine in ranked:
        after = tuple(
            (other.name, epochs)
            for other in ranked
            if (epochs := _epochs(engine, other)) > 1  # first, since an interval takes longer
            and _is_faster(paired(rounds[engine.name], rounds[other.name]))
        )
        if after:
            loading = engine.start_from_disk
            from_disk_s = loading.total_s if loading else None
            found.append(Payoff(engine.name, engine.start.total_s, after, from_disk_s))
    return found


def _is_faster(ratio: Estimate) -> bool:
    """Return whether the ratio of another engine's time to this one's shows a difference."""
    lowest = ratio.ratio / PAIRED_EFFECT if math.isnan(ratio.low) else ratio.low
    return lowest > 1.0


def _epochs(engine: EngineSummary, other: EngineSummary) -> int:
    """Return the epoch with which an engine catches up; 0 if it is not behind, or falls back."""
    behind_s = engine.start.total_s - other.start.total_s
    saved_s = other.timing.epoch_s - engine.timing.epoch_s
    return math.ceil(behind_s / saved_s) if behind_s > 0.0 and saved_s > 0.0 else 0
