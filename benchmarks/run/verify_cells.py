"""What a cell says that cannot be: times, limits, a status. Each contradiction is one line.

What it says of its work is recomputed in `verify`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from benchgrad.benchmarks.analysis.differences import differences
from benchgrad.benchmarks.analysis.equality import why_unequal
from benchgrad.benchmarks.analysis.honesty import Machine, impossible
from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.records import Cell, Epoch, Equality

_CLOCKS = (
    "import_s",
    "build_s",
    "first_step_s",
    "second_build_s",
    "read_s",
    "logits_s",
    "whole_s",
)
_EPOCH_TIMES = (
    "wall_s",
    "cpu_s",
    "collector_s",
    "late_s",
    "own_s",
    "witness_s",
    "waited_s",
    "stolen_s",
    "pressure_s",
)


def wrong_times(cell: Cell) -> Iterator[str]:
    """Yield the clocks of a cell that show no time."""
    for clock in _CLOCKS:
        value = getattr(cell, clock)
        if value is not None and not _is_time(value):
            yield f"{clock} is {value}"
    for value in cell.control_s:
        if not _is_time(value) or value == 0.0:
            yield f"control_s has {value}"
    epochs_s = sum(epoch.seconds for epoch in cell.epochs)
    if cell.whole_s is not None and cell.whole_s < epochs_s:
        yield f"whole_s is {cell.whole_s}, its epochs took {epochs_s}"


def wrong_epoch(epoch: Epoch, n_train: int, n_test: int) -> Iterator[str]:
    """Yield the times of an epoch that are no times, and accuracies that no rows give."""
    for name in _EPOCH_TIMES:
        value = getattr(epoch, name)
        if value is not None and not _is_time(value):
            yield f"{name} is {value}"
    for name, n_rows in (("train_accuracy", n_train), ("test_accuracy", n_test)):
        share = getattr(epoch, name)
        if share is None:
            continue
        if not 0.0 <= share <= 1.0 or abs(share * n_rows - round(share * n_rows)) > 1e-6:
            yield f"{name} {share} is no share of {n_rows} rows"


def _is_time(seconds: float) -> bool:
    return math.isfinite(seconds) and seconds >= 0.0


def wrong_limits(cell: Cell, plan: Plan) -> Iterator[str]:
    """Yield the limits of a cell that are not its plan's."""
    contestant = contestant_of(cell, plan)
    limits = {"epochs_planned": cell.epochs_planned, "budget_s": cell.budget_s}
    asked = {"epochs_planned": plan.epochs_of(contestant), "budget_s": contestant.budget_s}
    for each in differences(limits, asked):
        yield f"{each.name} is {each.then}, the plan has {each.now}"


def wrong_status(
    cell: Cell, equality: Equality | None, machine: Machine, least_epochs: int
) -> Iterator[str]:
    """Yield where the status of a cell contradicts its differences, its times or its epochs."""
    if equality:
        reason = why_unequal(equality) or impossible(cell, machine)
        status = "invalid" if reason else "ok"
        if (cell.status, cell.reason) != (status, reason):
            stored = f"{cell.status} ({cell.reason})" if cell.reason else cell.status
            judged = f"{status} ({reason})" if reason else status
            yield f"status is {stored}, by its differences and times it is {judged}"
    elif cell.status == "ok":
        yield "status is ok without a comparison with the reference"
    elif not cell.reason:
        yield f"status is {cell.status} without a reason"
    if cell.status in ("missing", "unsupported", "pruned") and cell.epochs:
        yield f"status is {cell.status}, and it has {len(cell.epochs)} epochs"
    if cell.status == "ok" and len(cell.epochs) < cell.epochs_planned:
        total_s = sum(epoch.seconds for epoch in cell.epochs)
        if cell.budget_s is None or total_s < cell.budget_s or len(cell.epochs) < least_epochs:
            yield f"it ended after {len(cell.epochs)} epochs and no budget ended it"


def contestant_of(cell: Cell, plan: Plan) -> Contestant:
    """Return what the plan asks of an engine in the round of its cell."""
    found = next(contestant for contestant in plan.engines if contestant.name == cell.engine)
    return found.in_round(cell.round)
