"""Compares two runs engine by engine: may they be compared, and which is faster?

It neither reads files nor renders anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec
import numpy as np
from msgspec import Struct

from benchgrad.benchmarks.analysis.differences import (
    Difference,
    differences,
    libraries,
    machine,
)
from benchgrad.benchmarks.analysis.sessions import Doubt, doubts
from benchgrad.benchmarks.analysis.statistics import (
    CONFIDENCE,
    MIN_VERDICT_ROUNDS,
    PAIRED_EFFECT,
    UNPAIRED_EFFECT,
    Estimate,
    Verdict,
    countable,
    paired,
    round_seconds,
    unpaired,
    verdict,
)
from benchgrad.benchmarks.analysis.undisturbed import disturbed_rounds
from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.records import Cell, Environment, Results

SCHEMA_VERSION = 1
# Counts of the same code differ by much less from run to run; see docs/measurement.md.
INSTRUCTIONS_EFFECT = 1.005
# Fields of a plan that make an epoch other work, or the same work under other conditions.
_WORK = ("data", "model", "training", "threads", "allocator", "cpu")


class Side(Struct, frozen=True):
    """One of the two runs, under the path that the user gave."""

    path: str
    started_at: str
    benchgrad: str
    load_1min: float
    matmul_flops_per_s: float | None


InstructionsVerdict = Literal["fewer", "more", "no difference", "not comparable", ""]


class EngineComparison(Struct, frozen=True):
    """One engine in both runs. Ratios are NEW / OLD; a figure that is unknown is None.

    `old_s` and `new_s` are medians over rounds of the median steady epoch. `reason` says why there
    is no verdict, or how large a difference may have gone unnoticed. `is_above`: the whole interval
    lies above the limit that was asked for. `doubts` say how the sessions of the two runs differ;
    the largest raises the effect that a verdict needs to `minimal_effect`.

    The instructions are those of an epoch, None if nobody counted them. Their verdict needs
    neither rounds nor equal sessions, and is empty where not both runs have a count.
    """

    engine: str
    verdict: Verdict
    reason: str
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    old_s: float | None = None
    new_s: float | None = None
    old_rounds: int = 0
    new_rounds: int = 0
    old_version: str = ""
    new_version: str = ""
    is_above: bool = False
    minimal_effect: float = UNPAIRED_EFFECT
    doubts: list[Doubt] = []
    old_instructions: float | None = None
    new_instructions: float | None = None
    instructions_ratio: float | None = None
    instructions_verdict: InstructionsVerdict = ""


class RunComparison(Struct, frozen=True):
    """Two runs compared: a row for each engine of either, and warnings to read first.

    `is_paired`: old and new are two engines of one run instead, in its only row.
    """

    schema_version: int
    old: Side
    new: Side
    confidence: float
    minimal_effect: float
    fail_above: float | None
    warnings: list[str]
    rows: list[EngineComparison]
    is_paired: bool = False
    instructions_effect: float = INSTRUCTIONS_EFFECT


def compare(
    old: tuple[str, Results],
    new: tuple[str, Results],
    fail_above: float | None = None,
    allow_different_machines: bool = False,
) -> RunComparison:
    """Return the comparison of two runs, each with the path that it was read from."""
    before, after = old[1], new[1]
    surroundings = _other_surroundings(before.environment, after.environment)
    elsewhere = [
        f"other {what} ({', '.join(each.name for each in found)})"
        for what, found in surroundings.items()
        if found and not allow_different_machines
    ]
    obstacle = "; ".join([*_other_work(before, after), *elsewhere])
    names = [*(c.name for c in before.plan.engines), *(c.name for c in after.plan.engines)]
    return RunComparison(
        schema_version=SCHEMA_VERSION,
        old=_side(*old),
        new=_side(*new),
        confidence=CONFIDENCE,
        minimal_effect=UNPAIRED_EFFECT,
        fail_above=fail_above,
        warnings=[
            f"other {what}: {each.name} {each.then or 'none'}, now {each.now or 'none'}"
            for what, found in surroundings.items()
            for each in found
        ],
        rows=[_row(name, before, after, obstacle, fail_above) for name in dict.fromkeys(names)],
    )


def side_by_side(old: str, new: str, results: Results, fail_above: float | None) -> RunComparison:
    """Return the comparison of the first two engines of one run, paired by round.

    `old` and `new` are how the user named them.
    """
    first, second = (contestant.name for contestant in results.plan.engines)
    before, after = _cells(first, results), _cells(second, results)
    disturbed = disturbed_rounds([*before, *after])
    estimate = paired(round_seconds(before), round_seconds(after), disturbed)
    failed = next((cell for cell in (*before, *after) if cell.status != "ok"), None)
    obstacle = f"{failed.engine} is {failed.status}: {failed.reason}" if failed else ""
    other_work = bool(obstacle)
    warm = [name for name in (first, second) if _is_warm_up(name, results)]
    if len(warm) == 1 and not obstacle:
        obstacle = f"only its first epoch, which warms up, was measured of {warm[0]}"
    obstacle = obstacle or _rounds_obstacle(estimate)
    found = "not comparable" if obstacle else verdict(estimate, PAIRED_EFFECT)
    reason = obstacle if obstacle else _left_open(found, estimate, 1.0)
    is_above = not obstacle and fail_above is not None and estimate.low > fail_above
    judged = _Judged(found, reason, estimate, is_above, PAIRED_EFFECT)
    row = _compared(new, before, after, judged)
    counts = _instructions(first, results), _instructions(second, results)
    return RunComparison(
        schema_version=SCHEMA_VERSION,
        old=_side(old, results),
        new=_side(new, results),
        confidence=CONFIDENCE,
        minimal_effect=PAIRED_EFFECT,
        fail_above=fail_above,
        warnings=[],
        rows=[_with_instructions(row, *counts, other_work)],
        is_paired=True,
    )


def _side(path: str, results: Results) -> Side:
    environment = results.environment
    return Side(
        path,
        results.started_at,
        environment.benchgrad,
        environment.load_1min,
        environment.matmul_flops_per_s,
    )


def _other_surroundings(old: Environment, new: Environment) -> dict[str, list[Difference]]:
    """Return what differs between the machines of two runs, and between their libraries."""
    return {
        "machine": list(differences(machine(old), machine(new))),
        "libraries": list(differences(libraries(old), libraries(new))),
    }


def _other_work(old: Results, new: Results) -> Iterator[str]:
    """Yield what makes an epoch of two runs different work, whatever the engine."""
    for each in differences(old.plan, new.plan):
        if each.path[0] in _WORK:
            yield f"other plan: {each.name} {each.then!r}, now {each.now!r}"
    if old.plan.data == new.plan.data and old.data != new.data:
        yield "other data: the rows differ although the plan names the same data set"


def _row(
    name: str, old: Results, new: Results, obstacle: str, fail_above: float | None
) -> EngineComparison:
    before, after = _cells(name, old), _cells(name, new)
    estimate = _estimate(before, after)
    other_work = obstacle or _engine_obstacle(name, old, new)
    obstacle = other_work or _rounds_obstacle(estimate)
    doubtful = doubts(old, new, before, after)
    doubt = doubtful[0].factor if doubtful else 1.0
    effect = UNPAIRED_EFFECT * doubt
    found = "not comparable" if obstacle else verdict(estimate, effect)
    reason = obstacle if found == "not comparable" else _left_open(found, estimate, effect)
    counts = _instructions(name, old), _instructions(name, new)
    is_above = not obstacle and fail_above is not None and estimate.low > fail_above * doubt
    judged = _Judged(found, reason, estimate, is_above, effect, doubtful)
    return _with_instructions(_compared(name, before, after, judged), *counts, bool(other_work))


@dataclass(frozen=True)
class _Judged:
    """What the rounds of an engine show, and the smallest effect that it was judged by."""

    verdict: Verdict
    reason: str
    estimate: Estimate
    is_above: bool
    effect: float
    doubts: list[Doubt] = field(default_factory=list)


def _compared(
    name: str, before: list[Cell], after: list[Cell], judged: _Judged
) -> EngineComparison:
    estimate = judged.estimate
    return EngineComparison(
        engine=name,
        verdict=judged.verdict,
        reason=judged.reason,
        ratio=_known(estimate.ratio),
        ratio_low=_known(estimate.low),
        ratio_high=_known(estimate.high),
        old_s=_median_s(before),
        new_s=_median_s(after),
        old_rounds=len(round_seconds(before)),
        new_rounds=len(round_seconds(after)),
        old_version=_version(before),
        new_version=_version(after),
        is_above=judged.is_above,
        minimal_effect=judged.effect,
        doubts=judged.doubts,
    )


def _instructions(name: str, results: Results) -> float | None:
    return next((each.per_epoch for each in results.instructions if each.engine == name), None)


def _with_instructions(
    row: EngineComparison, old: float | None, new: float | None, is_other_work: bool
) -> EngineComparison:
    """Return a row with the verdict on instructions added, if both sides have a count."""
    if old is None or new is None:
        return msgspec.structs.replace(row, old_instructions=old, new_instructions=new)
    return msgspec.structs.replace(
        row,
        old_instructions=old,
        new_instructions=new,
        instructions_ratio=new / old,
        instructions_verdict="not comparable" if is_other_work else by_instructions(old, new),
    )


def by_instructions(old: float, new: float) -> InstructionsVerdict:
    """Return what the instructions of an epoch show: they hardly vary, so one count is enough."""
    if new / old > INSTRUCTIONS_EFFECT:
        return "more"
    return "fewer" if old / new > INSTRUCTIONS_EFFECT else "no difference"


def _cells(name: str, results: Results) -> list[Cell]:
    return [cell for cell in results.cells if cell.engine == name]


def _contestant(name: str, results: Results) -> Contestant | None:
    return next((c for c in results.plan.engines if c.name == name), None)


def _engine_obstacle(name: str, old: Results, new: Results) -> str:
    """Return why one engine cannot be compared between two runs, empty if it can."""
    before, after = _contestant(name, old), _contestant(name, new)
    if before is None or after is None:
        return f"only in {'NEW' if before is None else 'OLD'}"
    work = (_own_work(before, old.plan), _own_work(after, new.plan))
    if other := next(differences(*work), None):
        return f"other plan: {other.name} {other.then}, now {other.now}"
    for side, results in (("OLD", old), ("NEW", new)):
        for cell in countable(_cells(name, results)):
            if cell.status != "ok":
                return f"{cell.status} in {side}: {cell.reason}"
    warm = [side for side, results in (("OLD", old), ("NEW", new)) if _is_warm_up(name, results)]
    return (
        f"only its first epoch, which warms up, was measured in {warm[0]}" if len(warm) == 1 else ""
    )


def _own_work(contestant: Contestant, plan: Plan) -> dict[str, object]:
    """Return what a plan asks of one engine."""
    return {
        "epochs": plan.epochs_of(contestant),
        "batch_size": plan.batch_size_of(contestant),
        "collector": contestant.collector,
    }


def _is_warm_up(name: str, results: Results) -> bool:
    """Return whether a budget ended an engine after its first epoch in some round."""
    return any(len(cell.epochs) < 2 for cell in countable(_cells(name, results)))


def _rounds_obstacle(estimate: Estimate) -> str:
    if estimate.is_disturbed:
        n, of = estimate.n_disturbed, estimate.n_rounds
        return f"too disturbed: the machine had other work in {n} of {of} rounds of one run"
    if estimate.n_rounds >= MIN_VERDICT_ROUNDS:
        return ""
    n = MIN_VERDICT_ROUNDS
    return f"too few rounds ({estimate.n_rounds}); a verdict needs {n} in each run: --rounds {n}"


def _left_open(found: Verdict, estimate: Estimate, effect: float) -> str:
    """Return how large a difference may hide behind "no difference"; `effect` at the least."""
    if found != "no difference":
        return ""
    open_by = max(estimate.high, 1.0 / estimate.low, effect) - 1.0
    return f"differences up to {100 * open_by:.1f} % are not excluded"


def _estimate(before: list[Cell], after: list[Cell]) -> Estimate:
    sides = [round_seconds(before), round_seconds(after)]
    found = unpaired(*(list(side.values()) for side in sides))
    disturbed = (disturbed_rounds(before), disturbed_rounds(after))
    n = max(len(each & side.keys()) for each, side in zip(disturbed, sides, strict=True))
    return replace(found, n_disturbed=min(n, found.n_rounds))


def _median_s(cells: list[Cell]) -> float | None:
    rounds = list(round_seconds(cells).values())
    return float(np.median(rounds)) if rounds else None


def _version(cells: list[Cell]) -> str:
    return next((cell.version for cell in cells if cell.version), "")


def _known(number: float) -> float | None:
    return None if math.isnan(number) else number
