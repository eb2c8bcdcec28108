"""The ladder: what each engine changes in another one, and how much that is worth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchgrad.benchmarks.analysis.statistics import (
    Estimate,
    disturbed_by_engine,
    paired,
    ranked_rounds,
)
from benchgrad.benchmarks.plan import Contestant
from benchgrad.benchmarks.records import Results
from benchgrad.reports import formats
from benchgrad.reports.engine_summary import EngineSummary

_UNKNOWN = Estimate(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True)
class Rung:
    """An engine, and the one that its idea improves: None for the first, or if that did not run.

    `ratio` is how many times as long the engine takes as `base`. `steps` is empty unless the two
    take different numbers of steps in an epoch; then it says so. A branch improves another engine
    than the one before it.
    """

    engine: EngineSummary
    base: EngineSummary | None
    ratio: Estimate
    steps: str
    is_branch: bool = False

    @property
    def factor(self) -> float:
        """How many times faster the engine is than its base."""
        return 1.0 / self.ratio.ratio if self.ratio.ratio else math.nan

    @property
    def speedup(self) -> str:
        """How the two compare, in words; empty without a base."""
        return formats.compared(self.ratio.ratio, self.ratio.low, self.ratio.high) * bool(self.base)

    @property
    def change(self) -> str:
        """What the engine really does differently."""
        return "; ".join(filter(None, (self.engine.cause, self.steps)))


def ladder(results: Results, engines: Sequence[EngineSummary]) -> list[Rung]:
    """Return the engines that are ok and have a cause, in the plan's order."""
    rungs = [engine for engine in engines if engine.status == "ok" and engine.cause]
    contestants = {contestant.name: contestant for contestant in results.plan.engines}
    by_name = {engine.name: engine for engine in rungs}
    rounds, disturbed = ranked_rounds(results.cells), disturbed_by_engine(results.cells)
    found = []
    for before, engine in zip([None, *rungs], rungs, strict=False):
        own = contestants[engine.name]
        base = by_name.get(own.improves) if own.improves else before
        ratio, steps = _UNKNOWN, ""
        if base and base.name in rounds and engine.name in rounds:
            in_both = disturbed[engine.name] | disturbed[base.name]
            ratio = paired(rounds[base.name], rounds[engine.name], in_both)
            steps = _steps(results, own, contestants[base.name])
        found.append(Rung(engine, base, ratio, steps, base != before))
    return found


def _steps(results: Results, own: Contestant, base: Contestant) -> str:
    """Return how many steps an engine takes, if its batches are not its base's."""
    mine, others = (
        math.ceil(results.data.n_train / results.plan.batch_size_of(each)) for each in (own, base)
    )
    if mine == others:
        return ""
    return f"{formats.count(mine)} steps in an epoch, not {formats.count(others)}"
