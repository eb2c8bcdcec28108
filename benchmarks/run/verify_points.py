"""Recomputes what the points of a sweep claim, and reports each contradiction in one line.

A point keeps the losses of every step and no parameters: the differences of those, and of the
logits, stand as they were measured.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from benchgrad.benchmarks.analysis.equality import difference
from benchgrad.benchmarks.analysis.honesty import Machine
from benchgrad.benchmarks.analysis.points import HERE
from benchgrad.benchmarks.axes import BASE
from benchgrad.benchmarks.plan import Plan, PlanError
from benchgrad.benchmarks.records import Cell, Point, Results
from benchgrad.benchmarks.run.verify_cells import (
    contestant_of,
    wrong_epoch,
    wrong_limits,
    wrong_status,
    wrong_times,
)
from benchgrad.engines import MLP


def wrong_points(results: Results) -> Iterator[str]:
    """Yield where a point contradicts itself, its plan or its host."""
    counted = Counter(point.at for point in results.points)
    yield from (f"the point {at}: recorded {n} times" for at, n in counted.items() if n > 1)
    for point in results.points:
        name = f"the point {point.at}"
        yield from (f"{name}: {problem}" for problem in _wrong_point(results, point))


def _wrong_point(results: Results, point: Point) -> Iterator[str]:
    if point.at == BASE:
        yield "it is the plan itself"
        return
    try:
        plan = results.plan.at(point.at)
    except PlanError as error:
        if any(cell.status != "pruned" for cell in point.cells):
            yield f"it has no plan: {error}"
        return
    if point.host not in results.hosts:
        yield f"its host {point.host!r} is not in the records"
        return
    if point.host == HERE and results.hosts[HERE].environment != results.environment:
        yield "its host is not the machine of the run"
    yield from _misfits(plan, point)
    if any(cell.epochs for cell in point.cells):
        layers = (point.data.n_features, *plan.model.hidden, point.data.n_classes)
        if point.row_flops != MLP(layers).step_flops(1):
            yield f"row_flops is {point.row_flops}, the model has {MLP(layers).step_flops(1)}"
        yield from _wrong_cells(results, plan, point)


def _misfits(plan: Plan, point: Point) -> Iterator[str]:
    """Yield the cells that a point lacks, or has too many of; with a precision nobody can know."""
    counted = Counter((cell.engine, cell.round) for cell in point.cells)
    if plan.precision is None:
        members = {
            (each.name, round)
            for round in range(plan.rounds)
            for each in plan.engines
            if plan.takes_part(each, round)
        }
        for name, round in sorted(members | counted.keys()):
            if counted[name, round] != ((name, round) in members):
                yield f"{name}, round {round + 1}: {counted[name, round]} cells"


def _wrong_cells(results: Results, plan: Plan, point: Point) -> Iterator[str]:
    """Yield what is wrong with the cells of a point."""
    rate = results.hosts[point.host].matmul_flops_per_s.get(plan.training.dtype)
    machine = Machine(point.row_flops * point.data.n_train, rate)
    for cell in point.cells:
        if cell.engine not in {each.name for each in plan.engines}:
            continue
        found = [*wrong_times(cell), *wrong_limits(cell, plan)]
        for i, epoch in enumerate(cell.epochs, start=1):
            wrong = wrong_epoch(epoch, point.data.n_train, point.data.n_test)
            found += [f"epoch {i}: {problem}" for problem in wrong]
        found += _wrong_equality(plan, point, cell)
        least_epochs = contestant_of(cell, plan).least_epochs
        found += wrong_status(cell, cell.equality, machine, least_epochs)
        yield from (f"{cell.engine}, round {cell.round + 1}: {problem}" for problem in found)


def _wrong_equality(plan: Plan, point: Point, cell: Cell) -> Iterator[str]:
    """Yield where the difference of the losses from those of the reference comes out otherwise."""
    if cell.equality is None:
        return
    wanted = (cell.round, plan.batch_size_of(contestant_of(cell, plan)))
    reference = next((r for r in point.references if (r.round, r.batch_size) == wanted), None)
    if reference is None:
        yield "the reference of its round is not in the records, so equality cannot be shown"
        return
    found = [loss for epoch in cell.epochs for loss in epoch.losses]
    expected = [loss for losses in reference.losses[: len(cell.epochs)] for loss in losses]
    again = difference(_numbers(found), _numbers(expected))
    if msgspec.json.encode(again) != msgspec.json.encode(cell.equality.loss_difference):
        yield f"loss_difference is {cell.equality.loss_difference}, recomputed {again}"


def _numbers(losses: list[float | None]) -> list[float]:
    return [float("nan") if loss is None else loss for loss in losses]
