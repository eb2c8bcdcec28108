"""Compares two runs engine by engine: may they be compared, and which is faster?

It neither reads files nor renders anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from msgspec import Struct

from benchgrad.benchmarks.analysis.differences import (
    Difference,
    differences,
    libraries,
    machine,
)
from benchgrad.benchmarks.analysis.statistics import (
    CONFIDENCE,
    MIN_VERDICT_ROUNDS,
    UNPAIRED_EFFECT,
    Estimate,
    Verdict,
    countable,
    round_seconds,
    unpaired,
    verdict,
)
from benchgrad.benchmarks.analysis.undisturbed import disturbed_rounds
from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.records import Cell, Environment, Results

SCHEMA_VERSION = 1
# Fields of a plan that make an epoch other work, or the same work under other conditions.
_WORK = ("data", "model", "training", "threads", "allocator")


class Side(Struct, frozen=True):
    """One of the two runs, under the path that the user gave."""

    path: str
    started_at: str
    benchgrad: str
    load_1min: float
    matmul_flops_per_s: float | None


class EngineComparison(Struct, frozen=True):
    """One engine in both runs. Ratios are NEW / OLD; a figure that is unknown is None.

    `old_s` and `new_s` are medians over rounds of the median steady epoch. `reason` says why there
    is no verdict, or how large a difference may have gone unnoticed. `is_above`: the whole interval
    lies above the limit that was asked for.
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


class RunComparison(Struct, frozen=True):
    """Two runs compared: a row for each engine of either, and warnings to read first."""

    schema_version: int
    old: Side
    new: Side
    confidence: float
    minimal_effect: float
    fail_above: float | None
    warnings: list[str]
    rows: list[EngineComparison]


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
    obstacle = obstacle or _engine_obstacle(name, old, new) or _rounds_obstacle(estimate)
    found = "not comparable" if obstacle else verdict(estimate, UNPAIRED_EFFECT)
    reason = obstacle if found == "not comparable" else _left_open(found, estimate)
    return EngineComparison(
        engine=name,
        verdict=found,
        reason=reason,
        ratio=_known(estimate.ratio),
        ratio_low=_known(estimate.low),
        ratio_high=_known(estimate.high),
        old_s=_median_s(before),
        new_s=_median_s(after),
        old_rounds=len(round_seconds(before)),
        new_rounds=len(round_seconds(after)),
        old_version=_version(before),
        new_version=_version(after),
        is_above=not obstacle and fail_above is not None and estimate.low > fail_above,
    )


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


def _left_open(found: Verdict, estimate: Estimate) -> str:
    """Return how large a difference may hide behind "no difference"."""
    if found != "no difference":
        return ""
    open_by = max(estimate.high, 1.0 / estimate.low) - 1.0
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
