"""Recomputes what the records say of themselves, and reports in one line each what contradicts.

Nothing is run, rendered or repaired here; the files of a report are compared in `reports`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchgrad.benchmarks import gate
from benchgrad.benchmarks.plan import Contestant
from benchgrad.benchmarks.records import Cell, Epoch, Equality, Reference, Results
from benchgrad.engines import MLP

Check = Callable[[Path, Results], Iterator[str]]


def problems(folder: Path, results: Results) -> list[str]:
    """Return what is wrong with the records in `folder`, one line for each problem."""
    return [problem for check in _checks() for problem in check(folder, results)]


def _checks() -> tuple[Check, ...]:
    """Return all checks of the records; one more is a function here."""
    return (_cells_are_the_plans, _numbers_are_possible, _references_are_whole, _work_is_judged)


def _cells_are_the_plans(folder: Path, results: Results) -> Iterator[str]:
    """Every engine has one cell in every round, with the epochs and the budget of the plan."""
    plan = results.plan
    known = {contestant.name: contestant for contestant in plan.engines}
    found = Counter((cell.engine, cell.round) for cell in results.cells)
    planned = {(name, round) for name in known for round in range(plan.rounds)}
    for place in sorted(planned | found.keys()):
        name, round = place
        expected = int(name in known and round < plan.rounds)
        if found[place] != expected:
            yield f"{name}, round {round}: {found[place]} cells, the plan has {expected}"
    for cell in results.cells:
        if contestant := known.get(cell.engine):
            was = (cell.epochs_planned, cell.budget_s)
            asked = (plan.epochs_of(contestant), contestant.budget_s)
            if was != asked:
                yield f"{_name(cell)}: epochs and budget are {was}, the plan has {asked}"
            if len(cell.epochs) > cell.epochs_planned:
                yield f"{_name(cell)}: {len(cell.epochs)} epochs, planned {cell.epochs_planned}"


def _numbers_are_possible(folder: Path, results: Results) -> Iterator[str]:
    """Times are times, and accuracies are shares of the rows that there are."""
    data, model = results.data, results.plan.model
    layers = (data.n_features, *model.hidden, len(data.class_names))
    if results.row_flops != MLP(layers).step_flops(1):
        yield f"row_flops is {results.row_flops}, the model has {MLP(layers).step_flops(1)}"
    for cell in results.cells:
        for i, epoch in enumerate(cell.epochs, start=1):
            for problem in _impossible(epoch, data.n_train, data.n_test):
                yield f"{_name(cell)}, epoch {i}: {problem}"
        for clock in ("import_s", "build_s", "first_step_s"):
            value = getattr(cell, clock)
            if value is not None and not _is_time(value):
                yield f"{_name(cell)}: {clock} is {value}"
        yield from _wrong_classes(cell, data.test_labels)


def _impossible(epoch: Epoch, n_train: int, n_test: int) -> Iterator[str]:
    for name in ("wall_s", "cpu_s", "collector_s"):
        if not _is_time(getattr(epoch, name)):
            yield f"{name} is {getattr(epoch, name)}"
    for name, n_rows in (("train_accuracy", n_train), ("test_accuracy", n_test)):
        share = getattr(epoch, name)
        if not 0.0 <= share <= 1.0 or abs(share * n_rows - round(share * n_rows)) > 1e-6:
            yield f"{name} {share} is no share of {n_rows} rows"


def _is_time(seconds: float) -> bool:
    return math.isfinite(seconds) and seconds >= 0.0


def _wrong_classes(cell: Cell, labels: list[int]) -> Iterator[str]:
    """Yield where the predicted classes and the accuracy of the last epoch disagree."""
    if cell.final is None or not cell.epochs:
        return
    classes = cell.final.test_classes
    if len(classes) != len(labels):
        yield f"{_name(cell)}: {len(classes)} predicted classes for {len(labels)} test rows"
        return
    share = float(np.mean(np.array(classes) == np.array(labels)))
    if share != cell.epochs[-1].test_accuracy:
        accuracy = cell.epochs[-1].test_accuracy
        yield f"{_name(cell)}: test accuracy {accuracy}, of its predicted classes {share}"


def _references_are_whole(folder: Path, results: Results) -> Iterator[str]:
    """Each reference is there once, is the plan's, and has a loss for every step."""
    n_train = results.data.n_train
    found = Counter((reference.round, reference.batch_size) for reference in results.references)
    for (round, batch_size), n in found.items():
        if n > 1:
            yield f"reference of round {round}, batches of {batch_size}: there {n} times"
    for reference in results.references:
        where = f"reference of round {reference.round}, batches of {reference.batch_size}"
        n_steps = math.ceil(n_train / reference.batch_size)
        if reference.engine != results.plan.reference:
            yield f"{where}: it is {reference.engine}, the plan's is {results.plan.reference}"
        for i, losses in enumerate(reference.losses, start=1):
            if len(losses) != n_steps:
                yield f"{where}: {len(losses)} losses in epoch {i}, there are {n_steps} batches"


def _work_is_judged(folder: Path, results: Results) -> Iterator[str]:
    """The differences from the reference, and the status that follows, are those stored."""
    for cell in results.cells:
        if cell.equality:
            yield from _wrong_equality(cell, cell.equality, results)
        yield from _wrong_status(cell)


def _wrong_equality(cell: Cell, stored: Equality, results: Results) -> Iterator[str]:
    reference = _reference_of(cell, results)
    n_epochs = len(cell.epochs)
    if reference is None or cell.final is None:
        missing = "final parameters" if reference else "reference of its round"
        yield f"{_name(cell)}: its {missing} are not in the records, so equality is not shown"
        return
    snapshots = {snapshot.n_epochs: snapshot.parameters for snapshot in reference.snapshots}
    if n_epochs not in snapshots:
        yield f"{_name(cell)}: the reference has no parameters after {n_epochs} epochs"
        return
    final = np.array(snapshots[n_epochs], np.float64)
    departure = np.inf if stored.logit_difference is None else stored.logit_difference
    found = gate.compare(
        gate.Trajectory(reference.engine, reference.losses, [final] * n_epochs),
        [epoch.losses for epoch in cell.epochs],
        cell.final.parameters,
        departure,
        results.plan.training.dtype,
    )
    for field in Equality.__struct_fields__:
        was, now = getattr(stored, field), getattr(found, field)
        if was != now:
            yield f"{_name(cell)}: {field} is {was}, recomputed {now}"


def _wrong_status(cell: Cell) -> Iterator[str]:
    if cell.equality:
        reason = gate.verdict(cell.equality)
        status = "invalid" if reason else "ok"
        if (cell.status, cell.reason) != (status, reason):
            told = f"{cell.status} ({cell.reason})" if cell.reason else cell.status
            judged = f"{status} ({reason})" if reason else status
            yield f"{_name(cell)}: status is {told}, by its differences it is {judged}"
    elif cell.status == "ok":
        yield f"{_name(cell)}: status is ok without a comparison with the reference"
    elif not cell.reason:
        yield f"{_name(cell)}: status is {cell.status} without a reason"
    if cell.status in ("missing", "unsupported", "pruned") and cell.epochs:
        yield f"{_name(cell)}: status is {cell.status}, and it has {len(cell.epochs)} epochs"
    if cell.status == "ok" and len(cell.epochs) < cell.epochs_planned:
        total_s = sum(epoch.wall_s for epoch in cell.epochs)
        if cell.budget_s is None or total_s < cell.budget_s:
            yield f"{_name(cell)}: ended after {len(cell.epochs)} epochs and no budget ended it"


def _reference_of(cell: Cell, results: Results) -> Reference | None:
    plan = results.plan
    contestant = next((c for c in plan.engines if c.name == cell.engine), Contestant(cell.engine))
    place = (cell.round, plan.batch_size_of(contestant))
    return next((r for r in results.references if (r.round, r.batch_size) == place), None)


def _name(cell: Cell) -> str:
    return f"{cell.engine}, round {cell.round}"
