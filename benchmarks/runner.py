"""Runs a plan: one fresh process a cell, engines in rotated order, every failure a row."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np

from benchgrad import datasets
from benchgrad.benchmarks import containment, environment, fingerprint, gate
from benchgrad.benchmarks.clock import Clock
from benchgrad.benchmarks.containment import MemoryExceededError
from benchgrad.benchmarks.control import control
from benchgrad.benchmarks.description import describe, grid
from benchgrad.benchmarks.journal import JOURNAL_VERSION, SCRATCH, Header, Journal, now
from benchgrad.benchmarks.messages import EpochDone, Failed, Finished, Job, Ready
from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.process import (
    Limits,
    WorkerProcess,
    WorkerSpeechError,
    WorkerTimeoutError,
)
from benchgrad.benchmarks.records import (
    SCHEMA_VERSION,
    Cell,
    Epoch,
    Final,
    Results,
    Status,
)
from benchgrad.datasets import Dataset
from benchgrad.engines import MLP, check_names

_SETTLES: tuple[Status, ...] = ("timeout", "out_of_memory")  # also what later rounds would show


class _StoppedError(Exception):
    """The listener asked for the end, before a cell or while it was running."""


class Listener(Protocol):
    """Is told how a run goes, and may end it; a progress bar, or nothing at all."""

    def stop_requested(self) -> bool:
        """Return whether the run is to end with the cell that is running."""

    def stop_at_once(self) -> bool:
        """Return whether that cell is to be ended too; asked several times a second."""

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


def header(plan: Plan, command: str, dataset: Dataset, asked_for: bool = False) -> Header:
    """Return what a run is that begins now: its plan, the machine, and what it depends on."""
    return Header(
        version=JOURNAL_VERSION,
        started_at=now(),
        command=command,
        asked_for=asked_for,
        plan=plan,
        environment=environment.observe(plan.threads, plan.training.dtype),
        fingerprint=fingerprint.take(plan, dataset),
    )


def run(
    plan: Plan, command: str, dataset: Dataset, listener: Listener, journal: Journal | None = None
) -> Results:
    """Run all cells of a plan on its data set that a journal does not have, and judge each.

    When the listener asks for the end, the cell that is running is finished, and what would
    have followed becomes `interrupted`. What cannot be judged, because the reference failed,
    or would fail again, because it took too much in a round before, is `pruned`. Every other
    cell is in the journal before the listener hears that it is finished.
    """
    begun = journal.header if journal else header(plan, command, dataset)
    with (
        containment.adopting(),
        tempfile.TemporaryDirectory(prefix=SCRATCH, dir=journal.folder if journal else None) as own,
    ):
        cells = _Run(plan, dataset, Path(own), listener, journal).cells()
    return Results(
        schema_version=SCHEMA_VERSION,
        started_at=begun.started_at,
        command=begun.command,
        plan=plan,
        environment=begun.environment,
        data=describe(dataset),
        cells=cells,
        row_flops=MLP(_layers(plan, dataset)).step_flops(1),
        resumed_at=journal.resumed_at if journal else [],
    )


def _layers(plan: Plan, dataset: Dataset) -> tuple[int, ...]:
    return (dataset.n_features, *plan.model.hidden, dataset.n_classes)


class _Run:
    """One run of one plan on one data set."""

    def __init__(
        self,
        plan: Plan,
        dataset: Dataset,
        scratch: Path,
        listener: Listener,
        journal: Journal | None = None,
    ) -> None:
        self._plan = plan
        self._dataset = dataset
        self._listener = listener
        self._journal = journal
        self._finished = journal.cells if journal else {}
        self._settled: dict[str, Cell] = {}  # engines that took too much, in which round
        self._limits = Limits(plan.threads, plan.timeout_s, plan.memory_bytes)
        self._data_path = scratch / "data.npz"
        around = grid(dataset)
        np.savez(
            self._data_path,
            X_train=dataset.X_train,
            y_train=dataset.y_train,
            X_test=dataset.X_test,
            y_test=dataset.y_test,
            grid=around.points() if around else np.empty((0, dataset.n_features)),
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
        for contestant in contestants:
            cell = self._finished.get((contestant.name, round))
            if cell is None:
                cell = self._new(contestant, round, references)
                if self._journal and cell.status != "interrupted":
                    self._journal.keep(cell)
                self._listener.cell_finished(cell)
            if cell.status in _SETTLES:
                self._settled[cell.engine] = cell
            yield cell

    def _new(
        self, contestant: Contestant, round: int, references: dict[int, gate.Trajectory | str]
    ) -> Cell:
        """Run a cell; `references` are those of its round so far, by the size of their batches."""
        observed = _Observed()
        if settled := self._settled.get(contestant.name):
            what = f"{settled.status}: {settled.reason}"
            reason = f"not started: in round {settled.round + 1} it ended with {what}"
            return self._cell(contestant, round, "pruned", reason, observed)
        batch_size = self._plan.batch_size_of(contestant)
        try:
            _stop_if(self._listener.stop_requested())
            if batch_size not in references:
                references[batch_size] = self._reference(round, batch_size)
            reference = references[batch_size]
            if isinstance(reference, str):
                return self._cell(contestant, round, "pruned", reference, observed)
            return self._measure(contestant, round, reference, observed)
        except _StoppedError:
            reason = "the run was interrupted"
            return self._cell(contestant, round, "interrupted", reason, observed)

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
        with WorkerProcess(job, self._limits) as worker:
            try:
                for event in worker.events():
                    if event is not None:
                        self._note(event, job, observed)
                    # The reference is no cell: nothing would be kept of it.
                    at_once = self._listener.stop_at_once()
                    _stop_if(at_once or (job.snapshots and self._listener.stop_requested()))
                exit = worker.exit()
            except WorkerTimeoutError:
                reason = f"killed after {self._limits.timeout_s:g} s"
                return "timeout", f"{reason}{_progress(observed, job)}"
            except MemoryExceededError as error:
                limit_bytes = self._limits.memory_bytes or 0
                reason = f"killed at {_mib(error.held_bytes)}; the limit is {_mib(limit_bytes)}"
                return "out_of_memory", f"{reason}{_progress(observed, job)}"
            except WorkerSpeechError:
                reason = "it wrote into the pipe of the harness"
                return "crashed", f"{reason}{_progress(observed, job)}"
            if observed.failed:
                return observed.failed.status, observed.failed.reason + _progress(observed, job)
            if observed.finished and exit.code == 0 and _is_complete(observed, job):
                return "ok", ""
            status: Status = "out_of_memory" if exit.starved else "crashed"
            why = "the machine ran out of memory: " if exit.starved else ""
            return status, f"{why}{exit}{_progress(observed, job)}"

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


def _stop_if(asked: bool) -> None:
    if asked:
        raise _StoppedError


def _mib(n_bytes: int) -> str:
    return f"{n_bytes / 2**20:,.0f} MiB"


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
