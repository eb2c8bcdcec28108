"""Runs a plan: one fresh process a cell, engines in rotated order, every failure a row."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np

from benchgrad import datasets
from benchgrad.benchmarks import environment, gate
from benchgrad.benchmarks.clock import Clock
from benchgrad.benchmarks.control import control
from benchgrad.benchmarks.messages import EpochDone, Failed, Finished, Job, Ready
from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.process import WorkerProcess, WorkerSpeechError, WorkerTimeoutError
from benchgrad.benchmarks.records import (
    SCHEMA_VERSION,
    Cell,
    Data,
    Epoch,
    Final,
    Grid,
    Reference,
    Results,
    Status,
)
from benchgrad.datasets import Dataset
from benchgrad.engines import MLP, check_names

_GRID_N = 100  # points along each side of the grid for decision boundaries
_GRID_MARGIN = 0.3  # in standard deviations, around the points


class _StoppedError(Exception):
    """The listener asked for the end while a cell was running."""


class Listener(Protocol):
    """Is told how a run goes, and may end it; a progress bar, or nothing at all."""

    def stop_requested(self) -> bool:
        """Return whether the run is to end; asked several times a second."""

    def cell_started(self, engine: str, round: int, n_epochs: int) -> None:
        """A process for a cell is being started."""

    def epoch_done(self, engine: str, n_done: int, n_epochs: int) -> None:
        """An epoch of the running cell ended."""

    def cell_finished(self, cell: Cell) -> None:
        """A cell has its status."""


@dataclass
class _Observed:
    """What a worker has told so far."""

    ready: Ready | None = None
    epochs: list[Epoch] = field(default_factory=list)
    snapshots: list[gate.Array] = field(default_factory=list)
    finished: Finished | None = None
    failed: Failed | None = None


def prepare(plan: Plan) -> Dataset:
    """Return the data set of a plan, after looking whether its engines are there.

    Raises:
        EngineError, DatasetError: an engine or the data set is not there, or cannot be used.
    """
    check_names([plan.reference, *(contestant.spec for contestant in plan.engines)])
    data = plan.data
    recipe = datasets.Recipe(
        data.n_samples, data.noise, data.test_fraction, data.label, plan.training.seed
    )
    return datasets.make(data.name, recipe)


def run(plan: Plan, command: str, dataset: Dataset, listener: Listener) -> Results:
    """Run all cells of a plan on its data set and judge each.

    When the listener asks for the end, the cell that is running and all that would have
    followed become `interrupted`. Where the reference fails, what it was to judge is `pruned`.
    """
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    with tempfile.TemporaryDirectory(prefix="benchgrad-") as scratch:
        runner = _Run(plan, dataset, Path(scratch), listener)
        cells = runner.cells()
    return Results(
        schema_version=SCHEMA_VERSION,
        started_at=started_at,
        command=command,
        plan=plan,
        environment=environment.observe(plan.threads, plan.training.dtype),
        data=_describe(dataset),
        cells=cells,
        row_flops=MLP(_layers(plan, dataset)).step_flops(1),
        references=runner.references,
    )


def _layers(plan: Plan, dataset: Dataset) -> tuple[int, ...]:
    return (dataset.n_features, *plan.model.hidden, dataset.n_classes)


class _Run:
    """One run of one plan on one data set."""

    def __init__(self, plan: Plan, dataset: Dataset, scratch: Path, listener: Listener) -> None:
        self._plan = plan
        self._dataset = dataset
        self._listener = listener
        self.references: list[Reference] = []
        self._data_path = scratch / "data.npz"
        self._output_path = scratch / "output.txt"
        grid = _grid(dataset)
        np.savez(
            self._data_path,
            X_train=dataset.X_train,
            y_train=dataset.y_train,
            X_test=dataset.X_test,
            y_test=dataset.y_test,
            grid=grid.points() if grid else np.empty((0, dataset.n_features)),
        )

    def cells(self) -> list[Cell]:
        """Return a cell for each engine and round, in the order they ran."""
        return [
            cell
            for round in range(self._plan.rounds)
            for cell in self._round(round, _rotated(self._plan.engines, round))
        ]

    def _round(self, round: int, contestants: tuple[Contestant, ...]) -> Iterator[Cell]:
        references: dict[int, gate.Trajectory | str] = {}
        ended_at: dict[int, set[int]] = {}
        for contestant in contestants:
            observed = _Observed()
            try:
                batch_size = self._plan.batch_size_of(contestant)
                if batch_size not in references:
                    references[batch_size] = self._reference(round, batch_size)
                reference = references[batch_size]
                if isinstance(reference, str):
                    cell = self._cell(contestant, round, "pruned", reference, observed)
                else:
                    cell = self._measure(contestant, round, reference, observed)
                    if cell.equality:
                        ended_at.setdefault(batch_size, set()).add(len(cell.epochs))
            except _StoppedError:
                reason = "the run was interrupted"
                cell = self._cell(contestant, round, "interrupted", reason, observed)
            self._listener.cell_finished(cell)
            yield cell
        for batch_size, reference in references.items():
            if isinstance(reference, gate.Trajectory):
                kept = ended_at.get(batch_size, set())
                self.references.append(reference.stored(round, batch_size, kept))

    def _reference(self, round: int, batch_size: int) -> gate.Trajectory | str:
        """Train the reference, untimed, for as long as the longest engine with these batches.

        Return what it did; if it failed twice, why nothing can be compared with it.
        """
        plan = self._plan
        longest = max(
            plan.epochs_of(contestant)
            for contestant in plan.engines
            if plan.batch_size_of(contestant) == batch_size
        )
        contestant = Contestant(plan.reference, epochs=longest, batch_size=batch_size)
        job = self._job(contestant, round, snapshots=True)
        for _ in range(2):
            observed = _Observed()
            self._listener.cell_started(f"{plan.reference} as the reference", round, longest)
            status, reason = self._observe(job, observed)
            if status == "ok":
                losses = [epoch.losses for epoch in observed.epochs]
                return gate.Trajectory(plan.reference, losses, observed.snapshots)
        return f"not started: the reference engine {plan.reference!r} is {status}: {reason}"

    def _measure(
        self, contestant: Contestant, round: int, reference: gate.Trajectory, observed: _Observed
    ) -> Cell:
        n_epochs = self._plan.epochs_of(contestant)
        self._listener.cell_started(contestant.name, round, n_epochs)
        control_s = control(Clock())
        status, reason = self._observe(self._job(contestant, round), observed)
        cell = self._cell(contestant, round, status, reason, observed)
        cell = msgspec.structs.replace(cell, control_s=control_s)
        done = observed.finished
        if status != "ok" or done is None:
            return cell
        departure = np.inf if done.logit_difference is None else done.logit_difference
        equality = gate.compare(
            reference,
            [epoch.losses for epoch in cell.epochs],
            done.parameters,
            departure,
            self._plan.training.dtype,
        )
        reason = gate.verdict(equality)
        return msgspec.structs.replace(
            cell, equality=equality, status="invalid" if reason else "ok", reason=reason
        )

    def _job(self, contestant: Contestant, round: int, snapshots: bool = False) -> Job:
        plan, model = self._plan, self._plan.model
        batch_size = plan.batch_size_of(contestant)
        return Job(
            engine=contestant.spec,
            layers=_layers(plan, self._dataset),
            activation=model.activation,
            loss=model.loss,
            training=msgspec.structs.replace(plan.training, batch_size=batch_size),
            round=round,
            n_epochs=plan.epochs_of(contestant),
            budget_s=contestant.budget_s,
            reference=plan.reference,
            data_path=str(self._data_path),
            n_threads=plan.threads,
            snapshots=snapshots,
        )

    def _observe(self, job: Job, observed: _Observed) -> tuple[Status, str]:
        """Run a job in a process of its own; return how it ended, and why if it failed."""
        plan = self._plan
        self._go_on_or_stop()
        with (
            self._output_path.open("w+b") as output,
            WorkerProcess(job, plan.threads, plan.timeout_s, output) as worker,
        ):
            try:
                for event in worker.events():
                    if event is not None:
                        self._note(event, job, observed)
                    self._go_on_or_stop()
                exit = worker.exit()
            except WorkerTimeoutError:
                return "timeout", f"killed after {plan.timeout_s:g} s{_progress(observed, job)}"
            except WorkerSpeechError:
                reason = "it wrote into the pipe of the harness"
                return "crashed", f"{reason}{_progress(observed, job)}"
            if observed.failed:
                return observed.failed.status, observed.failed.reason + _progress(observed, job)
            if observed.finished and exit.code == 0 and _is_complete(observed, job):
                return "ok", ""
            return "crashed", f"{exit}{_progress(observed, job)}"

    def _go_on_or_stop(self) -> None:
        if self._listener.stop_requested():
            raise _StoppedError

    def _note(
        self, event: Ready | EpochDone | Finished | Failed, job: Job, observed: _Observed
    ) -> None:
        match event:
            case Ready():
                observed.ready = event
            case EpochDone():
                observed.epochs.append(event.epoch)
                if event.parameters is not None:
                    observed.snapshots.append(np.array(event.parameters, np.float64))
                self._listener.epoch_done(job.engine, len(observed.epochs), job.n_epochs)
            case Finished():
                observed.finished = event
            case Failed():
                observed.failed = event

    def _cell(
        self, contestant: Contestant, round: int, status: Status, reason: str, observed: _Observed
    ) -> Cell:
        cell = Cell(
            engine=contestant.name,
            round=round,
            status=status,
            reason=reason,
            epochs_planned=self._plan.epochs_of(contestant),
            budget_s=contestant.budget_s,
            epochs=observed.epochs,
        )
        if ready := observed.ready:
            cell = msgspec.structs.replace(
                cell,
                kind=ready.kind,
                version=ready.version,
                note=ready.note,
                import_s=ready.import_s,
                build_s=ready.build_s,
                first_step_s=ready.first_step_s,
                baseline_bytes=ready.baseline_bytes,
            )
        if done := observed.finished:
            cell = msgspec.structs.replace(
                cell,
                peak_bytes=done.peak_bytes,
                n_threads=done.n_threads,
                counts=done.counts,
                usage=done.usage,
                final=Final(done.parameters, done.test_classes, done.grid_classes),
            )
        return cell


def _progress(observed: _Observed, job: Job) -> str:
    """Return how far an engine came, nothing if it never got ready."""
    done = f" (after {len(observed.epochs)} of {job.n_epochs} epochs)"
    return done if observed.ready else ""


def _is_complete(observed: _Observed, job: Job) -> bool:
    """Return whether all epochs were told, or as many as the budget allows."""
    total_s = sum(epoch.wall_s for epoch in observed.epochs)
    ended = job.budget_s is not None and total_s >= job.budget_s
    return len(observed.epochs) == job.n_epochs or (ended and bool(observed.epochs))


def _rotated(contestants: tuple[Contestant, ...], round: int) -> tuple[Contestant, ...]:
    """Return the contestants, beginning with another one each round."""
    k = round % len(contestants)
    return contestants[k:] + contestants[:k]


def _grid(dataset: Dataset) -> Grid | None:
    if dataset.n_features != 2:
        return None
    X = np.vstack([dataset.X_train, dataset.X_test])
    low, high = X.min(axis=0) - _GRID_MARGIN, X.max(axis=0) + _GRID_MARGIN
    return Grid(float(low[0]), float(high[0]), float(low[1]), float(high[1]), _GRID_N)


def _describe(dataset: Dataset) -> Data:
    flat = dataset.n_features == 2
    return Data(
        name=dataset.name,
        n_train=len(dataset.X_train),
        n_test=len(dataset.X_test),
        n_features=dataset.n_features,
        class_names=list(dataset.class_names),
        train_labels=dataset.y_train.tolist(),
        test_labels=dataset.y_test.tolist(),
        train_points=[(x, y) for x, y in dataset.X_train.tolist()] if flat else [],
        test_points=[(x, y) for x, y in dataset.X_test.tolist()] if flat else [],
        grid=_grid(dataset),
    )
