"""What a report says about each engine, over all its rounds. It derives facts and shows none."""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchgrad.benchmarks.analysis.statistics import (
    PAIRED_EFFECT,
    Estimate,
    against_fastest,
    countable,
    ranked_rounds,
    verdict,
)
from benchgrad.benchmarks.plan import Contestant, Corner, Published
from benchgrad.benchmarks.records import Cell, Results, Status
from benchgrad.reports import facts
from benchgrad.reports.facts import Differences, Graph, Process, Start, Timing, per

# An engine may seem to use a little more than it does: the two clocks are read one after the
# other, and the kernel counts processor time in ticks.
_CPU_TOLERANCE = 1.1
_CPU_CLOCK_S = 0.05

_FASTEST = Estimate(1.0, math.nan, math.nan, 0)
_UNRANKED = Estimate(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True)
class EngineSummary:
    """One engine over all its rounds.

    `status`, `reason` and `note` are those of the first cell that is not ok, or else of the first.
    `warning` says what a reader must know before comparing the engine. `rounds` counts those with
    an epoch, `epochs_done` is the fewest in any round. `test_accuracy` is that after the last epoch
    of the first round. `flops_per_s` is the rate of an epoch's matrix products, `matmul_share` its
    share of the machine's own rate. `times_fastest` is the ratio to the fastest engine.
    """

    name: str
    cause: str
    corner: Corner | None
    published: Published | None
    status: Status
    reason: str
    note: str
    warning: str
    rounds: int
    epochs_done: int
    epochs_planned: int
    timing: Timing
    start: Start
    process: Process
    graph: Graph
    differences: Differences
    flops_per_s: float
    matmul_share: float
    test_accuracy: float
    times_fastest: Estimate

    @property
    def published_epoch_s(self) -> float:
        """Seconds per epoch as published, nan if nothing was."""
        return self.published.epoch_s if self.published else math.nan

    @property
    def speedup(self) -> float:
        """How many times as fast an epoch is here as published."""
        return per(self.published_epoch_s, self.timing.epoch_s)

    @property
    def is_alike(self) -> bool:
        """Whether the rounds suffice to detect a difference from the fastest, and show none."""
        return verdict(self.times_fastest, PAIRED_EFFECT) == "no difference"


def summaries(results: Results) -> list[EngineSummary]:
    """Return the engines that have a cell, in the plan's order."""
    fastest, ratios = against_fastest(ranked_rounds(results.cells))
    ratios = {**ratios, fastest: _FASTEST}
    found = []
    for contestant in results.plan.engines:
        cells = countable(cell for cell in results.cells if cell.engine == contestant.name)
        if cells:
            ratio = ratios.get(contestant.name, _UNRANKED)
            found.append(_summary(contestant, cells, results, ratio))
    return found


def _summary(
    contestant: Contestant, cells: list[Cell], results: Results, times_fastest: Estimate
) -> EngineSummary:
    worst = next((cell for cell in cells if cell.status != "ok"), cells[0])
    timing, process = facts.timing(worst, cells), facts.process(cells)
    flops_per_s = per(results.row_flops * results.data.n_train, timing.epoch_s)
    first = [epoch for cell in cells if cell.round == 0 for epoch in cell.epochs]
    return EngineSummary(
        name=contestant.name,
        cause=contestant.cause,
        corner=contestant.corner,
        published=contestant.published,
        status=worst.status,
        reason=worst.reason,
        note=worst.note,
        warning=_busy(process, results.plan.threads) or _cut_short(timing, cells),
        rounds=sum(bool(cell.epochs) for cell in cells),
        epochs_done=min(len(cell.epochs) for cell in cells),
        epochs_planned=worst.epochs_planned,
        timing=timing,
        start=facts.start(cells),
        process=process,
        graph=facts.graph(worst, results.data.n_train, timing.epoch_s),
        differences=facts.differences(cells),
        flops_per_s=flops_per_s,
        matmul_share=per(flops_per_s, results.environment.matmul_flops_per_s or math.nan),
        test_accuracy=_known(first[-1].test_accuracy) if first else math.nan,
        times_fastest=times_fastest,
    )


def _known(number: float | None) -> float:
    """Return a number, nan where there is none."""
    return math.nan if number is None else number


def _busy(process: Process, n_threads: int) -> str:
    """Return a warning if an engine kept more processors busy than it was allowed threads."""
    if process.cpu_s <= _CPU_CLOCK_S or process.cpu_per_wall <= n_threads * _CPU_TOLERANCE:
        return ""
    allowed = f"{n_threads} thread{'s' if n_threads != 1 else ''}"
    busy = f"kept {process.cpu_per_wall:.2f} CPUs busy but was allowed {allowed}"
    return f"{busy}; its times are not comparable"


def _cut_short(timing: Timing, cells: list[Cell]) -> str:
    """Return a warning if a budget left an engine no steady epoch in some round."""
    if timing.is_forecast and any(len(cell.epochs) < 2 for cell in cells):
        return "reached its budget in its first epoch, which includes the warm-up"
    return ""
