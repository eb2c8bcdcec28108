"""The points of a sweep: each measured as a plan of its own, and journalled as a whole.

Where points are measured, here or on a cluster, is up to an executor. The plan itself, which is the
first point, is run in `runner`.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec

from benchgrad.benchmarks.analysis.points import HERE, Measured, measured, refinements
from benchgrad.benchmarks.analysis.pruning import Pruning
from benchgrad.benchmarks.axes import At
from benchgrad.benchmarks.cell.listener import Listener, Within
from benchgrad.benchmarks.cell.measure import CellMeasurer, layers
from benchgrad.benchmarks.cell.supplies import Supplies
from benchgrad.benchmarks.plan import Plan, PlanError
from benchgrad.benchmarks.records import Cell, Host, Point, PointData, RecordError, Results
from benchgrad.benchmarks.run import environment, fingerprint
from benchgrad.benchmarks.run.entries import Header
from benchgrad.benchmarks.run.fingerprint import Fingerprint
from benchgrad.benchmarks.run.journal import Journal
from benchgrad.benchmarks.run.redrawn import draw
from benchgrad.benchmarks.run.rounds import Memory, Running, all_rounds
from benchgrad.benchmarks.run.watch import Watch
from benchgrad.datasets import Dataset, DatasetError
from benchgrad.engines import MLP


class ClusterError(RecordError):
    """A cluster that cannot be reached, or was lost; one line, for its user."""


@dataclass(frozen=True)
class PointJob:
    """A point to measure; engines in `left_out` are not started, with the reason."""

    at: At
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """A point that was measured; None if the run was interrupted before its end."""

    point: Point | None
    host: Host
    fingerprint: Fingerprint


class Executor(Protocol):
    """Measures points somewhere. It asks for jobs one by one, as late as it can."""

    def measured(self, jobs: Iterator[PointJob]) -> Iterator[Found]:
        """Yield what came of each job, in any order, as soon as it is known."""


def sweep(journal: Journal, base: Results, executor: Executor, listener: Listener) -> None:
    """Measure all points that a journal lacks, and write each into it.

    `base` has the cells of the plan itself. When the listener asks to stop, no further point is
    begun. Engines that the cost model expects to be too slow are left out of a point, with a note.
    """
    plan = base.plan
    pruning = Pruning(plan)
    pruning.learn(measured(base))
    done = set(journal.finished_points)
    if done:
        for point in journal.points():
            pruning.learn(_rows(base, point))
    for points in _levels(plan, journal, base):
        todo = (at for at in points if at not in done)
        for found in executor.measured(_jobs(todo, plan, pruning, listener)):
            if found.point is None:
                return
            journal.see(found.point.host, found.host, found.fingerprint)
            journal.keep_point(found.point)
            done.add(found.point.at)
            pruning.learn(_rows(base, found.point))
            listener.point_finished(found.point)


def missing(plan: Plan, points: list[Point]) -> bool:
    """Return whether a point of a plan was not measured."""
    done = {point.at for point in points}
    return any(at not in done for at in plan.points())


def _rows(base: Results, point: Point) -> list[Measured]:
    alone = msgspec.structs.replace(base, cells=[], points=[point])
    return measured(alone)


def _levels(plan: Plan, journal: Journal, base: Results) -> Iterator[Iterator[At]]:
    """Yield the plan's points, and then so often as it asks those between other fastest engines."""
    yield plan.points()
    for _ in range(plan.axes.refine if plan.axes else 0):
        so_far = msgspec.structs.replace(base, points=list(journal.points()))
        yield iter(refinements(so_far))


def _jobs(
    points: Iterator[At], plan: Plan, pruning: Pruning, listener: Listener
) -> Iterator[PointJob]:
    for at in points:
        if listener.stop_requested():
            return
        yield PointJob(at, pruning.left_out(plan, at))


@dataclass(frozen=True)
class PointMeasurer:
    """Measures points of a run in this process, with worker processes of their own.

    `folder` is for the files of the workers, and `alone` a context in which nobody else times.
    """

    header: Header
    name: str
    host: Host
    fingerprint: Fingerprint
    folder: Path
    watch: Watch
    alone: Callable[[], contextlib.AbstractContextManager[None]]

    @classmethod
    def here(cls, journal: Journal) -> PointMeasurer:
        """Return what measures points where a run was started; its caller has the machine."""
        header = journal.header
        plan = header.plan
        return cls(
            header=header,
            name=HERE,
            host=Host(header.environment, _rates(plan)),
            fingerprint=header.fingerprint,
            folder=journal.folder,
            watch=Watch(plan, journal),
            alone=contextlib.nullcontext,
        )

    def measure(self, job: PointJob, listener: Listener) -> Found:
        """Measure a point: all engines side by side, compared with one reference."""
        with self.alone():
            point = self._point(job, listener)
        return Found(point, self.host, self.fingerprint)

    def _point(self, job: PointJob, listener: Listener) -> Point | None:
        try:
            plan = self.header.plan.at(job.at)
            dataset = draw(plan)
        except (PlanError, DatasetError) as error:
            return unmeasured(self.header.plan, job.at, self.name, f"not started: {error}")
        rate = self.host.matmul_flops_per_s.get(plan.training.dtype)
        with Supplies(self.folder, dataset, plan.training.dtype) as supplies:
            measurer = CellMeasurer(plan, dataset, supplies, listener, rate)
            running = Running(plan, measurer, listener, Memory(), self.watch, job.left_out)
            cells, references = all_rounds(running)
        if any(cell.status == "interrupted" for cell in cells):
            return None
        return Point(
            at=job.at,
            host=self.name,
            data=_size(dataset),
            row_flops=MLP(layers(plan, dataset)).step_flops(1),
            cells=[msgspec.structs.replace(cell, final=None, regions=[]) for cell in cells],
            references=[msgspec.structs.replace(each, snapshots=[]) for each in references],
        )


def unmeasured(plan: Plan, at: At, host: str, reason: str) -> Point:
    """Return a point that could not be measured, for example since it has no data."""
    cells = [
        Cell(each.name, round, "pruned", plan.epochs_of(each), reason, budget_s=each.budget_s)
        for round in range(plan.rounds)
        for each in (contestant.in_round(round) for contestant in plan.engines)
        if plan.takes_part(each, round)
    ]
    return Point(at, host, PointData(0, 0, 0, 0), 0, cells)


@dataclass(frozen=True)
class Here:
    """Measures points one after the other where the run was started."""

    measurer: PointMeasurer
    listener: Listener

    def measured(self, jobs: Iterator[PointJob]) -> Iterator[Found]:
        """Yield each point."""
        return (self.measurer.measure(job, Within(self.listener)) for job in jobs)


def elsewhere(
    header: Header,
    client: str,
    folder: Path,
    alone: Callable[[], contextlib.AbstractContextManager[None]],
) -> PointMeasurer:
    """Return what measures points of a run on this host, which is not known to be its own.

    Raises:
        RecordError: the code or the packages here are not those of the run.
    """
    here = environment.observe()
    name = HERE if client == socket.gethostname() else socket.gethostname()
    with alone():
        # Of its own machine a run knows what it is already, and there is only one record of it.
        own = header.environment if name == HERE else environment.with_rates(here, header.plan)
        host = Host(own, _rates(header.plan))
    found = fingerprint.taken(header.plan, header.fingerprint.data, here)
    if departure := fingerprint.departure(
        header.fingerprint, msgspec.structs.replace(found, machine=header.fingerprint.machine)
    ):
        raise fingerprint.OtherCodeError(f"the host {socket.gethostname()}: {departure}")
    return PointMeasurer(header, name, host, found, folder, Watch(header.plan, None), alone)


def _rates(plan: Plan) -> dict[str, float]:
    """Return the rate of the machine's matrix product in each dtype of a sweep."""
    dtypes = {plan.training.dtype, *(plan.axes.dtype if plan.axes else ())}
    return {name: environment.matmul_flops_per_s(plan.threads, name) for name in sorted(dtypes)}


def _size(dataset: Dataset) -> PointData:
    return PointData(
        len(dataset.X_train), len(dataset.X_test), dataset.n_features, dataset.n_classes
    )
