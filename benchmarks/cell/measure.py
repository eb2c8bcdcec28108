"""Measures one cell: runs its job in a fresh process, and judges the result.

Which cells run, and in which order, is up to `benchmarks.run`.
"""

from __future__ import annotations

import math
import resource
from dataclasses import dataclass, field

import msgspec
import numpy as np

from benchgrad.benchmarks.analysis.equality import Array, Trajectory, equality_of, why_unequal
from benchgrad.benchmarks.analysis.honesty import Machine, impossible
from benchgrad.benchmarks.cell import traces
from benchgrad.benchmarks.cell.clock import Clock
from benchgrad.benchmarks.cell.description import grid
from benchgrad.benchmarks.cell.hearing import Hearing, Sizes, one_line
from benchgrad.benchmarks.cell.listener import Listener, StoppedError
from benchgrad.benchmarks.cell.machine_speed import machine_speed
from benchgrad.benchmarks.cell.messages import (
    EVENTS,
    CellJob,
    EpochsDone,
    Evaluated,
    Event,
    Failed,
    Ready,
    TrainingFinished,
)
from benchgrad.benchmarks.cell.supplies import Supplies
from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.records import Cell, Epoch, Final, Status, Usage
from benchgrad.benchmarks.regions import Regions
from benchgrad.datasets import Dataset
from benchgrad.engines import MLP
from benchgrad.processes.child import ChildProcess, Launching, Limits
from benchgrad.processes.ending import (
    ChildError,
    ChildTimeoutError,
    MemoryExceededError,
)

INTERRUPTED = "the run was interrupted"
_WORKER = "benchgrad.benchmarks.cell.worker"
# Of a supervisor, and of a worker that frees what it holds after its last message.
_ENDING_CPU_S, _ENDING_SHARE = 0.5, 0.2
_STATUS: dict[type[ChildError], Status] = {
    ChildTimeoutError: "timeout",
    MemoryExceededError: "out_of_memory",
}


@dataclass
class _Observed:
    """What a worker has reported so far."""

    ready: Ready | None = None
    epochs: list[Epoch] = field(default_factory=list)
    snapshots: list[Array] = field(default_factory=list)
    regions: list[Regions] = field(default_factory=list)
    finished: TrainingFinished | None = None
    failed: Failed | None = None
    trace: str = ""
    last_heard_s: float = 0.0
    tree_cpu_s: float = 0.0  # of the worker, its supervisor, and all that they started

    def evaluated(self, found: Evaluated) -> None:
        """Give each epoch its accuracies, and keep the regions."""
        self.regions = found.regions
        accuracies = zip(found.train_accuracies, found.test_accuracies, strict=True)
        self.epochs = [
            msgspec.structs.replace(epoch, train_accuracy=train, test_accuracy=test)
            for epoch, (train, test) in zip(self.epochs, accuracies, strict=True)
        ]


class CellMeasurer:
    """Measures the cells of a plan.

    `flops_per_s` is the rate of the machine's own matrix product, None where it is unknown: no
    engine can be faster.
    """

    def __init__(
        self,
        plan: Plan,
        dataset: Dataset,
        supplies: Supplies,
        listener: Listener,
        flops_per_s: float | None = None,
    ) -> None:
        self._plan = plan
        self._layers = layers(plan, dataset)
        epoch_flops = MLP(self._layers).step_flops(1) * len(dataset.X_train)
        self._machine = Machine(epoch_flops, flops_per_s)
        self._listener = listener
        self._clock = Clock()
        keeps_memory = plan.allocator == "keep"
        self._limits = Limits(plan.threads, plan.timeout_s, plan.memory_bytes, keeps_memory)
        self._supplies = supplies
        around = grid(dataset)
        n_train, n_test = len(dataset.X_train), len(dataset.X_test)
        n_grid = around.n**2 if around else 0
        self._sizes = Sizes(n_train, n_test, n_grid, dataset.n_classes)

    def variables(self, job: CellJob) -> dict[str, str]:
        """Return the environment variables of every process of a job."""
        return self._supplies.variables(job.engine)

    def measure(self, contestant: Contestant, round: int, reference: Trajectory) -> Cell:
        """Run a cell and compare it with the reference; the listener may interrupt it."""
        observed = _Observed()
        self._listener.cell_started(contestant.name, round, self._plan.epochs_of(contestant))
        control_s = machine_speed(self._clock)
        begun_s = self._clock.wall()
        try:
            status, reason = self._observe(self.job(contestant, round), observed)
        except StoppedError:
            status, reason = "interrupted", INTERRUPTED
        cell = self._cell(contestant, round, status, reason, observed)
        whole_s = self._clock.wall() - begun_s
        cell = msgspec.structs.replace(cell, control_s=control_s, whole_s=whole_s)
        if observed.tree_cpu_s:
            cell = msgspec.structs.replace(cell, tree_cpu_s=observed.tree_cpu_s)
        if status != "ok" or observed.finished is None:
            return cell
        return self.judged(cell, reference, observed.finished.logit_difference)

    def judged(self, cell: Cell, reference: Trajectory, logit_difference: float | None) -> Cell:
        """Return a finished cell as `ok` or `invalid`, with its differences from the reference."""
        equality = equality_of(
            reference,
            [epoch.losses for epoch in cell.epochs],
            cell.final.parameters if cell.final else [],
            np.inf if logit_difference is None else logit_difference,
            self._plan.training.dtype,
        )
        reason = why_unequal(equality) or impossible(cell, self._machine)
        return msgspec.structs.replace(
            cell, equality=equality, status="invalid" if reason else "ok", reason=reason
        )

    def not_started(self, contestant: Contestant, round: int, status: Status, reason: str) -> Cell:
        """Return the cell of an engine that no process was started for."""
        return self._cell(contestant, round, status, reason, _Observed())

    def reference(self, round: int, batch_size: int) -> Trajectory | str:
        """Train the reference, untimed, for as long as the longest engine with these batches.

        Return what it did; or, if it failed twice, why nothing can be compared with it.

        Raises:
            StoppedError: the listener asked to stop.
        """
        plan = self._plan
        longest = max(
            plan.epochs_of(contestant)
            for contestant in plan.engines
            if plan.batch_size_of(contestant) == batch_size
        )
        contestant = Contestant(plan.reference, epochs=longest, batch_size=batch_size)
        job = self.job(contestant, round, snapshots=True)
        for _ in range(2):
            observed = _Observed()
            self._listener.cell_started(f"{plan.reference} as the reference", round, longest)
            status, reason = self._observe(job, observed)
            if status == "ok":
                losses = [epoch.losses for epoch in observed.epochs]
                return Trajectory(plan.reference, losses, observed.snapshots)
        return f"not started: the reference engine {plan.reference!r} is {status}: {reason}"

    def job(self, contestant: Contestant, round: int, snapshots: bool = False) -> CellJob:
        """Return the job of a worker: a cell, or with `snapshots` the reference."""
        plan, model = self._plan, self._plan.model
        batch_size = plan.batch_size_of(contestant)
        return CellJob(
            engine=contestant.spec,
            layers=self._layers,
            activation=model.activation,
            loss=model.loss,
            training=msgspec.structs.replace(plan.training, batch_size=batch_size),
            round=round,
            n_epochs=plan.epochs_of(contestant),
            budget_s=contestant.budget_s,
            reference=plan.reference,
            data=self._supplies.data,
            n_threads=plan.threads,
            snapshots=snapshots,
            collector=contestant.collector,
            cpu=plan.cpu,
            least_epochs=contestant.least_epochs,
        )

    def _observe(self, job: CellJob, observed: _Observed) -> tuple[Status, str]:
        """Run a job in a fresh process; return how it ended, and why if it failed."""
        before_s = _children_cpu_s()
        try:
            return self._listened_to(job, observed)
        finally:
            observed.tree_cpu_s = _children_cpu_s() - before_s

    def _listened_to(self, job: CellJob, observed: _Observed) -> tuple[Status, str]:
        hearing = Hearing(job, self._sizes)
        with (
            self._supplies.file() as disk,
            self._supplies.file() as trace,
            ChildProcess(_WORKER, self._limits, self._launching(job, disk, trace)) as worker,
        ):
            worker.send(msgspec.structs.replace(job, disk=disk, trace=trace))
            try:
                for event in worker.messages(EVENTS, hearing.longest_bytes):
                    if event is not None:
                        hearing.check(event)
                        self._note(event, job, observed)
                    self._check_for_stop(job)
                exit = worker.exit()
            except ChildError as error:
                if isinstance(error, ChildTimeoutError):  # others might take more while they answer
                    observed.trace = traces.asked(trace, worker.interrupt)
                return _STATUS.get(type(error), "crashed"), f"{error}{_progress(observed, job)}"
            if observed.failed:
                observed.trace = traces.cut(observed.failed.trace)
                return observed.failed.status, observed.failed.reason + _progress(observed, job)
            if observed.finished and exit.code == 0 and _is_complete(observed, job):
                return "ok", ""
            observed.trace = traces.read(trace)
            status: Status = "out_of_memory" if exit.starved else "crashed"
            why = "the machine ran out of memory: " if exit.starved else ""
            return status, f"{why}{exit}{_progress(observed, job)}"

    def _launching(self, job: CellJob, *files: int) -> Launching:
        descriptors = (self._supplies.data, *files)
        return Launching(variables=self.variables(job), descriptors=descriptors)

    def _check_for_stop(self, job: CellJob) -> None:
        """Raise StoppedError if the listener does not want the job to finish.

        The reference is not waited for: the cells that need it will not run.
        """
        at_once = self._listener.stop_at_once()
        if at_once or (job.snapshots and self._listener.stop_requested()):
            raise StoppedError

    def _note(self, event: Event, job: CellJob, observed: _Observed) -> None:
        match event:
            case Ready():
                observed.ready = event
                observed.last_heard_s = self._clock.wall()
            case EpochsDone():
                self._note_epochs(event, job, observed)
            case Evaluated():
                observed.evaluated(event)
            case TrainingFinished():
                observed.finished = event
            case Failed():
                observed.failed = event

    def _note_epochs(self, event: EpochsDone, job: CellJob, observed: _Observed) -> None:
        """Note epochs that ended together, with their time by the clock of this process."""
        now_s = self._clock.wall()
        taken_s, observed.last_heard_s = now_s - observed.last_heard_s, now_s
        observed.epochs += witnessed(event.epochs, taken_s)
        observed.snapshots += [np.array(p, np.float64) for p in event.parameters or ()]
        self._listener.losses_heard(job.engine, [_mean(epoch.losses) for epoch in event.epochs])
        self._listener.epoch_done(job.engine, len(observed.epochs), job.n_epochs)

    def _cell(
        self, contestant: Contestant, round: int, status: Status, reason: str, observed: _Observed
    ) -> Cell:
        cell = Cell(
            engine=contestant.name,
            round=round,
            status=status,
            reason=one_line(reason),
            epochs_planned=self._plan.epochs_of(contestant),
            budget_s=contestant.budget_s,
            epochs=observed.epochs,
            regions=observed.regions,
            trace=observed.trace,
        )
        if failed := observed.failed:
            cell = msgspec.structs.replace(cell, own_name=one_line(failed.own_name))
        if ready := observed.ready:
            said = msgspec.structs.asdict(ready)
            texts = {name: one_line(text) for name, text in said.items() if isinstance(text, str)}
            cell = msgspec.structs.replace(cell, **said | texts)
        if done := observed.finished:
            cell = msgspec.structs.replace(
                cell,
                peak_bytes=done.peak_bytes,
                n_threads=done.n_threads,
                read_s=done.read_s,
                logits_s=done.logits_s,
                counts=done.counts,
                usage=_with_escaped(done, observed.tree_cpu_s),
                final=Final(done.parameters, done.test_classes, done.grid_classes),
            )
        return cell


def _mean(losses: list[float | None]) -> float:
    known = [loss for loss in losses if loss is not None]
    return sum(known) / len(known) if known else math.nan


def witnessed(epochs: list[Epoch], taken_s: float) -> list[Epoch]:
    """Return epochs with their shares of the time in which they ended by the runner's clock."""
    own_s = sum(epoch.own_s or 0.0 for epoch in epochs)
    shares = [(epoch.own_s or 0.0) / own_s if own_s > 0.0 else 1 / len(epochs) for epoch in epochs]
    return [
        msgspec.structs.replace(epoch, witness_s=taken_s * share)
        for epoch, share in zip(epochs, shares, strict=True)
    ]


def layers(plan: Plan, dataset: Dataset) -> tuple[int, ...]:
    """Return the widths of a plan's model, from the features to the classes."""
    return (dataset.n_features, *plan.model.hidden, dataset.n_classes)


def _children_cpu_s() -> float:
    """Return the processor time of all processes below this one that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _with_escaped(done: TrainingFinished, tree_cpu_s: float) -> Usage:
    """Return a worker's usage with what processes used that it lost sight of, such as daemons."""
    escaped_s = tree_cpu_s - done.own_cpu_s - done.usage.children_cpu_s
    if escaped_s < _ENDING_CPU_S + _ENDING_SHARE * done.own_cpu_s:
        return done.usage
    return msgspec.structs.replace(done.usage, children_cpu_s=done.usage.children_cpu_s + escaped_s)


def _progress(observed: _Observed, job: CellJob) -> str:
    """Return how many epochs an engine finished; empty if it never became ready."""
    done = f" (after {len(observed.epochs)} of {job.n_epochs} epochs)"
    return done if observed.ready else ""


def _is_complete(observed: _Observed, job: CellJob) -> bool:
    """Return whether all epochs were reported, or as many as the budget allows."""
    n_epochs = len(observed.epochs)
    total_s = sum(epoch.seconds for epoch in observed.epochs)
    ended = job.budget_s is not None and total_s >= job.budget_s
    return n_epochs == job.n_epochs or (ended and n_epochs >= job.least_epochs)
