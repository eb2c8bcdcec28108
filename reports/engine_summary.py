"""What a report says about each engine, over all its rounds. It derives facts and shows none."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from benchgrad.benchmarks.analysis.equality import agreed_steps, reference_of
from benchgrad.benchmarks.analysis.floor import floor
from benchgrad.benchmarks.analysis.forecast import wander
from benchgrad.benchmarks.analysis.honesty import remarks
from benchgrad.benchmarks.analysis.statistics import (
    PAIRED_EFFECT,
    Estimate,
    Verdict,
    against_fastest,
    control_seconds,
    countable,
    disturbed_by_engine,
    ranked_rounds,
    verdict,
)
from benchgrad.benchmarks.plan import Collector, Contestant, Corner, Published
from benchgrad.benchmarks.records import Cell, Instructions, Results, Status
from benchgrad.reports import facts
from benchgrad.reports.facts import Calm, Differences, Graph, Process, Start, Timing, per

# An engine may seem to use a little more than it does: the two clocks are read one after the
# other, and the kernel counts processor time in ticks.
_CPU_TOLERANCE = 1.1
_CPU_CLOCK_S = 0.05

# What a row may be beside what its cells are: one that cannot be shown (`reports.showing`).
RowStatus = Status | Literal["not shown"]

_MANY_STEPS = 50  # in which an engine agrees with the reference: its gradients are right
_FASTEST = Estimate(1.0, math.nan, math.nan, 0)
_UNRANKED = Estimate(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True)
class CommonAccuracy:
    """A test accuracy after `n_epochs`, the most that all engines of a run have."""

    n_epochs: int
    test_accuracy: float


@dataclass(frozen=True)
class EngineSummary:
    """One engine over all its rounds.

    `status`, `reason` and `note` are those of the first cell that is not ok, or else of the first.
    `collector` is the policy that the plan asks for. `warnings` say what a reader must know before
    comparing the engine. `rounds` counts those with an epoch, `epochs_done` is the fewest in any
    that had the first one's budget. `test_accuracy` is that after the last epoch of the first
    round. `flops_per_s` is the rate of an epoch's matrix products, `matmul_share` its share of the
    machine's own rate, `times_floor` the ratio of an epoch to its floor
    (`benchmarks.analysis.floor`). `times_fastest` is the ratio to the fastest engine.
    `accuracy_epochs` is the number of epochs behind `test_accuracy`, `common` the accuracy after as
    many epochs as all engines have. `instructions` are those of an epoch, nan if none were counted;
    `uncounted` says why, if the plan asks for them. `trace` has the lines that say where it failed.
    """

    name: str
    cause: str
    collector: Collector
    corner: Corner | None
    published: Published | None
    status: RowStatus
    reason: str
    note: str
    warnings: tuple[str, ...]
    rounds: int
    epochs_done: int
    epochs_planned: int
    timing: Timing
    calm: Calm
    start: Start
    start_from_disk: Start | None
    process: Process
    graph: Graph
    differences: Differences
    flops_per_s: float
    matmul_share: float
    times_floor: float
    test_accuracy: float
    accuracy_epochs: int
    common: CommonAccuracy | None
    times_fastest: Estimate
    instructions: float = math.nan
    uncounted: str = ""
    trace: tuple[str, ...] = ()

    @property
    def published_epoch_s(self) -> float:
        """Seconds per epoch as published, nan if nothing was."""
        return self.published.epoch_s if self.published else math.nan

    @property
    def speedup(self) -> float:
        """How many times as fast an epoch is here as published."""
        return per(self.published_epoch_s, self.timing.epoch_s)

    @property
    def cold_s(self) -> float:
        """Seconds from nothing imported to a trained model."""
        begun = self.start
        return begun.import_s + begun.build_s + begun.first_step_s + self.timing.total_s

    @property
    def verdict(self) -> Verdict:
        """What the rounds show of this engine against the fastest."""
        return verdict(self.times_fastest, PAIRED_EFFECT)

    @property
    def is_as_shipped(self) -> bool:
        """Whether the garbage collector was left to the engine."""
        return self.collector == "as shipped"

    @property
    def is_alike(self) -> bool:
        """Whether the rounds suffice to detect a difference from the fastest, and show none."""
        return self.verdict == "no difference"


def summaries(
    results: Results, not_shown: Mapping[str, str] = MappingProxyType({})
) -> list[EngineSummary]:
    """Return the engines that have a cell, in the plan's order.

    `not_shown` has those whose cells were left out, and why: rows without facts.
    """
    disturbed = disturbed_by_engine(results.cells)
    fastest, ratios = against_fastest(ranked_rounds(results.cells), disturbed)
    ratios = {**ratios, fastest: _FASTEST}
    n_common = _common_epochs(results)
    found = []
    for contestant in results.plan.engines:
        if why := not_shown.get(contestant.name):
            found.append(_without_facts(contestant.name, why, results))
            continue
        cells = countable(cell for cell in results.cells if cell.engine == contestant.name)
        if cells:
            ratio = ratios.get(contestant.name, _UNRANKED)
            summary = _summary(contestant, cells, results, ratio)
            found.append(replace(summary, common=_common_accuracy(cells, n_common)))
    return found


def _without_facts(name: str, why: str, results: Results) -> EngineSummary:
    """Return the row of an engine that cannot be shown, with nothing of it but the reason."""
    cells = [Cell(name, 0, "pruned", epochs_planned=0)]
    bare = _summary(Contestant(name), cells, results, _UNRANKED)
    return replace(bare, status="not shown", reason=f"it cannot be shown: {why}", uncounted="")


def _common_epochs(results: Results) -> int:
    """Return the most epochs that all engines finished in the first round; 0 if all are equal.

    An engine that is not ok does not count, nor one under another policy of the collector, whose
    few epochs are for its time only.
    """
    again = {c.name for c in results.plan.engines if c.collector != "as shipped"}
    finished = [cell for cell in results.cells if cell.round == 0 and cell.epochs]
    counted = [c for c in finished if c.status == "ok" and c.engine not in again]
    fewest = min((len(cell.epochs) for cell in counted), default=0)
    return fewest if len({len(cell.epochs) for cell in finished}) > 1 else 0


def _common_accuracy(cells: list[Cell], n_epochs: int) -> CommonAccuracy | None:
    """Return an engine's accuracy after the common epochs; nan if it has not so many."""
    if not n_epochs:
        return None
    first = [epoch for cell in cells if cell.round == 0 for epoch in cell.epochs]
    enough = len(first) >= n_epochs
    accuracy = _known(first[n_epochs - 1].test_accuracy) if enough else math.nan
    return CommonAccuracy(n_epochs, accuracy)


def _summary(
    contestant: Contestant, cells: list[Cell], results: Results, times_fastest: Estimate
) -> EngineSummary:
    worst = next((cell for cell in cells if cell.status != "ok"), cells[0])
    unsteady = wander(control_seconds(results.cells))
    timing, process = facts.timing(worst, cells, unsteady), facts.process(cells)
    flops_per_s = per(results.row_flops * results.data.n_train, timing.epoch_s)
    lowest = floor(results)
    first = [epoch for cell in cells if cell.round == 0 for epoch in cell.epochs]
    counted = next((each for each in results.instructions if each.engine == contestant.name), None)
    return EngineSummary(
        name=contestant.name,
        cause=contestant.cause,
        collector=contestant.collector,
        corner=contestant.corner,
        published=contestant.published,
        status=worst.status,
        reason=worst.reason,
        note=worst.note,
        warnings=tuple(_warnings(timing, process, cells, results)),
        rounds=sum(bool(cell.epochs) for cell in cells),
        epochs_done=_epochs_done(contestant, cells),
        epochs_planned=worst.epochs_planned,
        timing=timing,
        calm=facts.calm(cells),
        start=facts.start(cells),
        start_from_disk=facts.start_from_disk(cells),
        process=process,
        graph=facts.graph(worst, results.data.n_train, timing.epoch_s),
        differences=facts.differences(cells),
        flops_per_s=flops_per_s,
        matmul_share=per(flops_per_s, results.environment.matmul_flops_per_s or math.nan),
        times_floor=per(timing.epoch_s, lowest.epoch_s) if lowest else math.nan,
        test_accuracy=_known(first[-1].test_accuracy) if first else math.nan,
        accuracy_epochs=len(first),
        common=None,
        times_fastest=times_fastest,
        instructions=_known(counted.per_epoch if counted else None),
        uncounted=_why_uncounted(counted, results),
        trace=tuple(worst.trace.split("\n")) if worst.trace else (),
    )


def _known(number: float | None) -> float:
    """Return a number, nan where there is none."""
    return math.nan if number is None else number


def _warnings(
    timing: Timing, process: Process, cells: list[Cell], results: Results
) -> Iterator[str]:
    worst = next((cell for cell in cells if cell.status != "ok"), cells[0])
    busy = _busy(process, results.plan.threads)
    about = (busy, _cut_short(worst, cells), _uneven(timing), _parted(worst, results))
    yield from filter(None, about)
    for cell in cells:
        if found := list(remarks(cell)):  # those of one round are enough
            yield from found
            return


def _parted(cell: Cell, results: Results) -> str:
    """Return when an engine that trained otherwise than the reference parted from it.

    A wrong gradient shows within a few steps. A training that is unstable multiplies rounding, so
    that engines that add in another order part after many steps, though nothing is wrong.
    """
    judged = cell.equality
    if cell.status != "invalid" or judged is None:
        return ""
    reference = reference_of(cell, results)
    if reference is None:
        return ""
    n = agreed_steps(reference, [epoch.losses for epoch in cell.epochs], judged.limit)
    if not _MANY_STEPS <= n < judged.n_steps:
        return ""
    return (
        f"agrees with {judged.reference} in its first {n:,} of {judged.n_steps:,} steps; an "
        "unstable training multiplies rounding, and fewer epochs or smaller steps show whether it "
        "is that"
    )


def _why_uncounted(counted: Instructions | None, results: Results) -> str:
    """Return why a plan that asks for instructions did not get an engine's."""
    if counted is None:
        return "the run was interrupted" if results.plan.instructions else ""
    return counted.reason


def _busy(process: Process, n_threads: int) -> str:
    """Return a warning if an engine kept more processors busy than it was allowed threads."""
    if process.cpu_s <= _CPU_CLOCK_S or process.cpu_per_wall <= n_threads * _CPU_TOLERANCE:
        return ""
    allowed = f"{n_threads} thread{'s' if n_threads != 1 else ''}"
    busy = f"kept {process.cpu_per_wall:.2f} CPUs busy but was allowed {allowed}"
    return f"{busy}; its times are not comparable"


def _epochs_done(contestant: Contestant, cells: list[Cell]) -> int:
    """Return the fewest epochs of the rounds that were to train as long as the first."""
    long = [cell for cell in cells if contestant.in_round(cell.round) == contestant]
    return min(len(cell.epochs) for cell in long or cells)


def _uneven(timing: Timing) -> str:
    """Return a warning if an engine makes some of its epochs slow by itself."""
    if not timing.uneven_share:
        return ""
    share, times = 100.0 * timing.uneven_share, timing.epoch_mean_s / timing.epoch_s
    return (
        f"spends at least {share:.0f} % of its time in some slow epochs that the machine did not "
        f"disturb: its mean epoch takes {times:.2f} times its median one"
    )


def _cut_short(worst: Cell, cells: list[Cell]) -> str:
    """Return a warning if a budget left an engine no steady epoch in some round."""
    if worst.status == "ok" and any(
        len(cell.epochs) < min(2, cell.epochs_planned) for cell in cells
    ):
        return "reached its budget in its first epoch, which includes the warm-up"
    return ""
