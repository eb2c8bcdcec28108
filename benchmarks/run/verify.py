"""Recomputes what the records say of themselves, and reports in one line each what contradicts.

Nothing is run, rendered or repaired here; the files of a report are compared in `reports`.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np

from benchgrad.benchmarks.analysis.equality import Trajectory, equality_of, why_unequal
from benchgrad.benchmarks.analysis.rounds import participants
from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.records import Cell, Data, Epoch, Equality, Reference, Results
from benchgrad.benchmarks.run import journal
from benchgrad.engines import MLP

Check = Callable[[Path, Results], Iterator[str]]


def problems(folder: Path, results: Results) -> list[str]:
    """Return what is wrong with the records in `folder`, one line for each problem.

    Where the parts do not fit together only that is reported: nothing can be computed of them.
    """
    return misfits(results) or contradictions(folder, results)


def misfits(results: Results) -> list[str]:
    """Return where the parts of the records do not fit together, so that no report can be made."""
    return [*_misfits_of_data(results.data), *_misfits_of_cells(results)]


def contradictions(folder: Path, results: Results) -> list[str]:
    """Return what is wrong with records whose parts fit together, one line for each problem."""
    return [problem for check in _checks() for problem in check(folder, results)]


def _checks() -> tuple[Check, ...]:
    """Return all checks of records that fit together; one more is a function here."""
    return (_numbers_are_possible, _references_are_whole, _work_is_judged, _journal_agrees)


def _misfits_of_data(data: Data) -> Iterator[str]:
    """Every row has its label and, where there are two features, its point."""
    flat = data.n_features == 2
    if flat != (data.grid is not None) or data.n_features < 1:
        yield f"data: {data.n_features} features, and {'a' if data.grid else 'no'} grid"
    for part, n, labels, points in (
        ("training", data.n_train, data.train_labels, data.train_points),
        ("test", data.n_test, data.test_labels, data.test_points),
    ):
        if n < 1 or len(labels) != n or len(points) != (n if flat else 0):
            yield f"data: {n} {part} rows, {len(labels)} labels and {len(points)} points"
        if not set(labels) <= set(range(len(data.class_names))):
            yield f"data: {part} labels are not among {len(data.class_names)} classes"


def _misfits_of_cells(results: Results) -> Iterator[str]:
    """Who takes part in a round has one cell in it, and every final state its classes."""
    data = results.data
    yield from _misfits_of_rounds(results)
    n_grid = data.grid.n**2 if data.grid else 0
    for cell in results.cells:
        if cell.final:
            classes, on_grid = cell.final.test_classes, cell.final.grid_classes
            if (len(classes), len(on_grid)) != (data.n_test, n_grid):
                has = f"{len(classes)} and {len(on_grid)} classes"
                yield f"{_name(cell)}: {has} for {data.n_test} test rows and {n_grid} grid points"
            if not {*classes, *on_grid} <= set(range(len(data.class_names))):
                yield f"{_name(cell)}: predicts classes that there are not"


def _misfits_of_rounds(results: Results) -> Iterator[str]:
    """Yield the misfits of the first round that has any: they decide who is in the next."""
    found = Counter((cell.engine, cell.round) for cell in results.cells)
    rounds = {round for _, round in found}
    for round in itertools.count():
        members = _members(results, round)
        if not members and all(other < round for other in rounds):
            return
        there = {name for name, other in found if other == round}
        misfits = [n for n in sorted(members | there) if found[n, round] != (n in members)]
        for name in misfits:
            has = f"{found[name, round]} cells, the plan has {int(name in members)}"
            yield f"{name}, round {round}: {has}"
        if misfits:
            return


def _members(results: Results, round: int) -> set[str]:
    """Return who takes part in a round.

    Where a precision decides, a run that went on may have measured a cell anew whose line was
    damaged; the rounds after that one stay as they are, whoever would run by its figures. That
    none of them is missing only the journal tells.
    """
    plan = results.plan
    before = [cell for cell in results.cells if cell.round < round]
    members = {contestant.name for contestant in participants(plan, before, round)}
    if plan.precision is not None and results.resumed_at:
        names = {contestant.name for contestant in plan.engines}
        members = names & {c.engine for c in results.cells if c.round == round} or members
    return members


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
        for clock in ("import_s", "build_s", "first_step_s", "whole_s"):
            value = getattr(cell, clock)
            if value is not None and not _is_time(value):
                yield f"{_name(cell)}: {clock} is {value}"
        for value in cell.control_s:
            if not _is_time(value) or value == 0.0:
                yield f"{_name(cell)}: control_s has {value}"
        parts_s = sum(epoch.wall_s for epoch in cell.epochs)
        if cell.whole_s is not None and cell.whole_s < parts_s:
            yield f"{_name(cell)}: whole_s is {cell.whole_s}, its epochs took {parts_s}"
        yield from _wrong_accuracy(cell, data.test_labels)
        yield from _wrong_limits(cell, results.plan)


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


def _wrong_accuracy(cell: Cell, labels: list[int]) -> Iterator[str]:
    """Yield where the predicted classes and the accuracy of the last epoch disagree."""
    if cell.final and cell.epochs:
        share = float(np.mean(np.array(cell.final.test_classes) == np.array(labels)))
        accuracy = cell.epochs[-1].test_accuracy
        if share != accuracy:
            yield f"{_name(cell)}: test accuracy {accuracy}, of its predicted classes {share}"


def _wrong_limits(cell: Cell, plan: Plan) -> Iterator[str]:
    """Yield where a cell had other limits than those of the plan."""
    contestant = _contestant(cell, plan)
    was = (cell.epochs_planned, cell.budget_s)
    asked = (plan.epochs_of(contestant), contestant.budget_s)
    if was != asked:
        yield f"{_name(cell)}: epochs and budget are {was}, the plan has {asked}"
    if len(cell.epochs) > cell.epochs_planned:
        yield f"{_name(cell)}: {len(cell.epochs)} epochs, planned {cell.epochs_planned}"


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


def _journal_agrees(folder: Path, results: Results) -> Iterator[str]:
    """Every line of the journal has its checksum, and its cells are those of the records."""
    try:
        reading = journal.read(folder)
    except journal.JournalError as error:
        yield str(error)
        return
    if reading is None:
        return
    for damage in reading.damage:
        yield f"{journal.JOURNAL}: {damage}"
    if reading.header.plan != results.plan:
        yield f"plan: it is not the one of {journal.JOURNAL}"
    if reading.resumed_at != results.resumed_at:
        yield f"resumed_at is {results.resumed_at}, in {journal.JOURNAL} {reading.resumed_at}"
    cells = {(cell.engine, cell.round): cell for cell in results.cells}
    for name, round in sorted(reading.cells.keys() - cells.keys()):
        yield f"{name}, round {round}: it is in {journal.JOURNAL} only"
    for place, cell in cells.items():
        kept = reading.cells.get(place)
        if cell.status == "interrupted":  # or what it would be held to was not there in time
            continue
        if kept is None:
            yield f"{_name(cell)}: it is not in {journal.JOURNAL}"
        elif msgspec.json.encode(kept) != msgspec.json.encode(cell):
            yield f"{_name(cell)}: it is not the one of {journal.JOURNAL}"


def _work_is_judged(folder: Path, results: Results) -> Iterator[str]:
    """The differences from the reference, and the status that follows, are those stored."""
    for cell in results.cells:
        judged = cell.equality
        if cell.equality:
            recomputed = _recomputed(cell, cell.equality, results)
            if isinstance(recomputed, str):
                yield f"{_name(cell)}: {recomputed}, so equality cannot be shown"
            else:
                judged = recomputed
                yield from _wrong_equality(cell, cell.equality, recomputed)
        yield from _wrong_status(cell, judged)


def _recomputed(cell: Cell, stored: Equality, results: Results) -> Equality | str:
    """Return the differences from the stored reference, or why there are none to compute."""
    reference = _reference_of(cell, results)
    n_epochs = len(cell.epochs)
    if reference is None:
        return "the reference of its round and batches is not in the records"
    if cell.final is None:
        return "its final parameters are not in the records"
    snapshots = {snapshot.n_epochs: snapshot.parameters for snapshot in reference.snapshots}
    if n_epochs not in snapshots:
        return f"the reference has no parameters after {n_epochs} epochs"
    final = np.array(snapshots[n_epochs], np.float64)
    return equality_of(
        Trajectory(reference.engine, reference.losses, [final] * n_epochs),
        [epoch.losses for epoch in cell.epochs],
        cell.final.parameters,
        np.inf if stored.logit_difference is None else stored.logit_difference,
        results.plan.training.dtype,
    )


def _wrong_equality(cell: Cell, stored: Equality, recomputed: Equality) -> Iterator[str]:
    for field in Equality.__struct_fields__:
        was, now = getattr(stored, field), getattr(recomputed, field)
        if was != now:
            yield f"{_name(cell)}: {field} is {was}, recomputed {now}"


def _wrong_status(cell: Cell, equality: Equality | None) -> Iterator[str]:
    if equality:
        reason = why_unequal(equality)
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
    place = (cell.round, results.plan.batch_size_of(_contestant(cell, results.plan)))
    return next((r for r in results.references if (r.round, r.batch_size) == place), None)


def _contestant(cell: Cell, plan: Plan) -> Contestant:
    return next(contestant for contestant in plan.engines if contestant.name == cell.engine)


def _name(cell: Cell) -> str:
    return f"{cell.engine}, round {cell.round}"
