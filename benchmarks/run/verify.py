"""Recomputes what the records claim, and reports each contradiction in one line.

It runs, renders and repairs nothing; `reports.verify` compares the files of a report.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchgrad.benchmarks.analysis.differences import differences
from benchgrad.benchmarks.analysis.equality import Trajectory, equality_of, reference_of
from benchgrad.benchmarks.analysis.honesty import Machine
from benchgrad.benchmarks.analysis.rounds import round_name
from benchgrad.benchmarks.manifest import MANIFEST
from benchgrad.benchmarks.records import Cell, Equality, Grid, Reference, Results
from benchgrad.benchmarks.regions import coarse
from benchgrad.benchmarks.run.against_journal import journal_problems
from benchgrad.benchmarks.run.journal import JOURNAL
from benchgrad.benchmarks.run.misfits import misfits, place
from benchgrad.benchmarks.run.verify_cells import (
    contestant_of,
    wrong_epoch,
    wrong_limits,
    wrong_status,
    wrong_times,
)
from benchgrad.benchmarks.run.verify_points import wrong_points
from benchgrad.engines import MLP


def problems(folder: Path, results: Results) -> list[str]:
    """Return what is wrong with the records in `folder`, one line for each problem.

    Nothing can be recomputed of records that do not fit together, so misfits come alone.
    """
    return misfits(results) or contradictions(folder, results)


def contradictions(folder: Path, results: Results) -> list[str]:
    """Return what is wrong with records that fit together, one line for each problem."""
    return [
        *_wrong_numbers(results),
        *_wrong_references(results),
        *_wrong_judgements(results),
        *_wrong_instructions(results),
        *wrong_points(results),
        *journal_problems(folder, results),
    ]


def unknown(folder: Path) -> list[str]:
    """Return what nobody can know of records without contradictions, a line for each reason."""
    found = []
    if not (folder / JOURNAL).exists():
        found.append(
            f"there is no {JOURNAL}, so nothing but these records vouches for the times, the "
            "accuracies before the last epoch, the differences of the logits, memory, counts, "
            "versions, notes, the machine, the command, and which of the failures an engine had"
        )
    if not (folder / MANIFEST).exists():
        found.append(f"there is no {MANIFEST}, as in folders of benchgrad 0.1.0")
    return found


def _wrong_numbers(results: Results) -> Iterator[str]:
    """Yield times that are no times, and accuracies that no number of rows gives."""
    data, model = results.data, results.plan.model
    layers = (data.n_features, *model.hidden, len(data.class_names))
    if results.row_flops != MLP(layers).step_flops(1):
        yield f"row_flops is {results.row_flops}, the model has {MLP(layers).step_flops(1)}"
    for cell in results.cells:
        found = [
            *wrong_times(cell),
            *_wrong_accuracy(cell, data.test_labels),
            *_wrong_regions(cell, data.grid),
            *wrong_limits(cell, results.plan),
        ]
        for i, epoch in enumerate(cell.epochs, start=1):
            wrong = wrong_epoch(epoch, data.n_train, data.n_test)
            found += [f"epoch {i}: {problem}" for problem in wrong]
        yield from (f"{place(cell)}: {problem}" for problem in found)


def _wrong_accuracy(cell: Cell, labels: list[int]) -> Iterator[str]:
    if cell.final and cell.epochs:
        share = float(np.mean(np.array(cell.final.test_classes) == np.array(labels)))
        accuracy = cell.epochs[-1].test_accuracy
        if share != accuracy:
            yield f"test accuracy is {accuracy}, its predicted classes give {share}"


def _wrong_regions(cell: Cell, grid: Grid | None) -> Iterator[str]:
    """Yield a contradiction of the two records of the classes after the last epoch."""
    last = cell.regions[-1] if cell.regions else None
    if last and cell.final and grid and last.n_epochs == len(cell.epochs):
        on_grid = np.array(cell.final.grid_classes)[coarse(grid.n)]
        if (last.classes() != on_grid).any():
            yield f"its regions after epoch {last.n_epochs} are not those of its final classes"


def _wrong_references(results: Results) -> Iterator[str]:
    """Yield references that are recorded twice, are not the plan's, or lack losses."""
    counted = Counter(map(_reference_name, results.references))
    yield from (f"{name}: recorded {n} times" for name, n in counted.items() if n > 1)
    for reference in results.references:
        name = _reference_name(reference)
        n_steps = math.ceil(results.data.n_train / reference.batch_size)
        if reference.engine != results.plan.reference:
            yield f"{name}: it is {reference.engine}, the plan's is {results.plan.reference}"
        for i, losses in enumerate(reference.losses, start=1):
            if len(losses) != n_steps:
                yield f"{name}: {len(losses)} losses in epoch {i}, there are {n_steps} batches"


def _reference_name(reference: Reference) -> str:
    return f"reference of {round_name(reference.round)}, batches of {reference.batch_size}"


def _wrong_judgements(results: Results) -> Iterator[str]:
    """Yield where a cell's differences from the reference, or its status, come out otherwise."""
    machine = Machine.of(results)
    for cell in results.cells:
        judged = cell.equality
        found = []
        if cell.equality:
            recomputed = _recomputed(cell, cell.equality, results)
            if isinstance(recomputed, str):
                found.append(f"{recomputed}, so equality cannot be shown")
            else:
                judged = recomputed
                found += [
                    f"{each.name} is {each.then}, recomputed {each.now}"
                    for each in differences(cell.equality, recomputed)
                ]
        least_epochs = contestant_of(cell, results.plan).least_epochs
        found += wrong_status(cell, judged, machine, least_epochs)
        yield from (f"{place(cell)}: {problem}" for problem in found)


def _recomputed(cell: Cell, stored: Equality, results: Results) -> Equality | str:
    """Return the differences from the stored reference, or why they cannot be computed."""
    reference = reference_of(cell, results)
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


def _wrong_instructions(results: Results) -> Iterator[str]:
    """Yield counts that are no counts, that nobody asked for, or that lack their reason."""
    asked = [each.name for each in results.plan.engines if results.plan.instructions]
    names = Counter(each.engine for each in results.instructions)
    for name, n in names.items():
        if n > (name in asked):
            yield f"{name}: its instructions are recorded {n} times, the plan asks for {asked}"
    for each in results.instructions:
        per_epoch = each.per_epoch
        if per_epoch is not None and not (math.isfinite(per_epoch) and per_epoch > 0.0):
            yield f"{each.engine}: it executes {per_epoch} instructions an epoch"
        if (per_epoch is None) != bool(each.reason):
            yield f"{each.engine}: {per_epoch} instructions an epoch, the reason {each.reason!r}"
