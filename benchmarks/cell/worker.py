"""The process that runs one cell: loads the engine, trains, reports. It never judges.

Started by `processes.child`, with the thread limits already in its environment. It reads a job from
one pipe and writes events to another, so nothing an engine prints can be mistaken for a result.
Every call of the engine is on a clock, and the runner's own clock is a witness. Between the epochs
the worker does as little as it can.
"""

import os
import statistics
import tracemalloc
from dataclasses import asdict
from typing import IO, Any

import msgspec
import numpy as np
import psutil
from numpy.typing import NDArray

from benchgrad.benchmarks.analysis.equality import difference
from benchgrad.benchmarks.cell.arrays import mapped_arrays
from benchgrad.benchmarks.cell.clock import Clock, timed
from benchgrad.benchmarks.cell.disturbance import Disturbance, DisturbanceCounters
from benchgrad.benchmarks.cell.evaluation import Evaluator, Problem
from benchgrad.benchmarks.cell.failures import failure_of
from benchgrad.benchmarks.cell.messages import (
    CellJob,
    EpochsDone,
    Evaluated,
    Event,
    Failed,
    Ready,
    TrainingFinished,
)
from benchgrad.benchmarks.cell.plain import NotPlainError, plain_copy
from benchgrad.benchmarks.cell.policies import applied, collecting
from benchgrad.benchmarks.cell.shelf import Shelf
from benchgrad.benchmarks.cell.snapshots import Snapshots
from benchgrad.benchmarks.cell.spans import Span, spans
from benchgrad.benchmarks.cell.traces import listen
from benchgrad.benchmarks.cell.training import Instruments, Schedule, TrainedEpoch, train
from benchgrad.benchmarks.cell.usage import Called, Used, peak_bytes
from benchgrad.benchmarks.records import Epoch, GraphCounts
from benchgrad.benchmarks.regions import kept_epochs
from benchgrad.engines import (
    MLP,
    Classifier,
    Engine,
    load,
)
from benchgrad.processes.pipes import pipes_to_parent, send

Array = NDArray[Any]

_READS = 3  # of the parameters, after the training: what a read takes with nothing left to do


class CellWorker:
    """One cell from its job to its last event."""

    def __init__(self, job: CellJob, events: IO[bytes], clock: Clock) -> None:
        self._job = job
        self._events = events
        self._clock = clock
        self._pid = os.getpid()
        self._own_name = ""  # of the engine, once it is loaded
        data = mapped_arrays(job.data)
        model = MLP(job.layers, job.activation, job.loss)  # type: ignore[arg-type]
        self._problem = Problem(data, model, job.training)
        self._first = model.initial_parameters(job.training.seed)
        self._evaluator = Evaluator(self._problem, load(job.reference))

    def run(self) -> None:
        """Run the job and report every failure of the engine as an event."""
        try:
            with (
                applied(self._job.collector),
                Snapshots(self._job.disk, self._first) as snapshots,
            ):
                self._train(collecting(self._get_ready(), self._job.collector), snapshots)
        except (SystemExit, Exception) as error:  # an engine may raise anything; it is data
            self._send(failure_of(error, self._own_name))

    def _send(self, event: Event) -> None:
        self._end_if_forked()
        send(self._events, event)

    def _end_if_forked(self) -> None:
        """End a copy of this process that the engine forked, and that came back from its call.

        It has the same pipe and the same file of parameters, and would train the same epochs again.
        """
        if os.getpid() != self._pid:
            os._exit(1)

    def _schedule(self) -> Schedule:
        job, rule = self._job, self._job.training
        return Schedule(
            n_epochs=job.n_epochs,
            batch_size=rule.batch_size,
            seed=rule.seed,
            round=job.round,
            budget_s=job.budget_s,
            least_epochs=job.least_epochs,
        )

    def _load(self) -> Engine:
        """Load the engine and hold its library to its threads."""
        engine = load(self._job.engine)
        self._own_name = str(engine.name)
        engine.limit_threads(self._job.n_threads)
        return engine

    def _get_ready(self) -> Classifier:
        """Load the engine, build a classifier, take a step with it, and build a fresh one."""
        clock, problem = self._clock, self._problem
        X, y = problem.data["X_train"], problem.data["y_train"]
        baseline_bytes = psutil.Process().memory_info().rss
        loaded = timed(self._load, clock=clock)
        engine = loaded.result
        built = timed(problem.classifier, engine, self._first, clock=clock)
        batch = next(self._schedule().batches(len(y)))[:1]
        step = timed(built.result.train_epoch, X, y, batch, clock=clock)
        loading = timed(getattr, built.result, "code_from_disk", False, clock=clock)
        rebuilt = timed(problem.classifier, engine, self._first, clock=clock)
        ready = Ready(
            kind=engine.kind,
            version=engine.version,
            note=engine.note,
            import_s=loaded.wall_s,
            build_s=built.wall_s,
            first_step_s=step.wall_s + loading.wall_s,
            second_build_s=rebuilt.wall_s,
            baseline_bytes=baseline_bytes,
            pauses_collector=engine.pauses_collector,
            own_name=self._own_name,
            code_from_disk=loading.result is True,
        )
        try:
            msgspec.json.decode(msgspec.json.encode(ready), type=Ready)
        except (msgspec.MsgspecError, TypeError, UnicodeError) as error:
            raise NotPlainError(f"it declares something of the wrong type: {error}") from error
        self._send(ready)
        return rebuilt.result

    def _train(self, classifier: Classifier, snapshots: Snapshots) -> None:
        """Train all epochs, and only then evaluate them."""
        X, y = self._problem.data["X_train"], self._problem.data["y_train"]
        before = Used.now(self._clock)
        called, shelf = Called(), Shelf()
        instruments = Instruments(self._clock, shelf.put)
        epochs = train(classifier, X, y, self._schedule(), instruments)
        for span in spans(epochs, self._clock, shelf):
            self._end_if_forked()
            reason = self._epochs_done(span, called.n_epochs, snapshots)
            called.add(span)
            if reason:
                break
        after = Used.now(self._clock)
        most_bytes, n_threads = peak_bytes(), psutil.Process().num_threads()
        self._evaluate(snapshots, called.n_epochs)
        if reason:
            self._send(Failed("invalid", reason))
            return
        reads = [timed(classifier.parameters, clock=self._clock) for _ in range(_READS)]
        logits = timed(classifier.logits, self._problem.data["X_test"], clock=self._clock)
        self._send(
            TrainingFinished(
                **self._final(span.epochs[-1].parameters, plain_copy(logits.result, "logits")),
                peak_bytes=most_bytes,
                n_threads=n_threads,
                read_s=statistics.median(read.wall_s for read in reads),
                logits_s=logits.wall_s,
                counts=self._counts(classifier),
                usage=after.since(before, called, self._step_python_bytes(classifier)),
                own_cpu_s=self._clock.cpu(),
            )
        )

    def _epochs_done(self, span: Span, n_before: int, snapshots: Snapshots) -> str:
        """Keep and report the epochs of a span; return which loss is not finite, if one is not.

        Raises:
            NotPlainError: the parameters have the wrong shapes, or there is not a loss a step.
        """
        n_steps = -(-len(self._problem.data["y_train"]) // self._job.training.batch_size)
        done, sent, reason = [], [], ""
        for epoch, own_s, disturbance in span.each():
            if len(epoch.losses) != n_steps:
                raise NotPlainError(
                    f"train_epoch returned {len(epoch.losses):,} losses for {n_steps:,} batches"
                )
            if [p.shape for p in epoch.parameters] != [p.shape for p in self._first]:
                raise NotPlainError("parameters() returns arrays of the wrong shapes")
            snapshots.add(epoch.parameters)
            done.append(_recorded(epoch, own_s, disturbance))
            if self._job.snapshots:
                sent.append(_flat(epoch.parameters))
            if reason := _not_finite(epoch.losses, n_before + len(done)):
                break
        self._send(EpochsDone(done, sent if self._job.snapshots else None))
        return reason

    def _evaluate(self, snapshots: Snapshots, n_epochs: int) -> None:
        """Evaluate the parameters after each epoch, unless they are the reference's own."""
        if self._job.snapshots:
            return
        evaluator = self._evaluator
        kept = kept_epochs(n_epochs) if self._job.round == 0 else []
        regions = [evaluator.regions(self._first, n) for n in kept[:1]]
        train, test = [], []
        for i, parameters in enumerate(snapshots, start=1):
            train.append(evaluator.accuracy(parameters, "train"))
            test.append(evaluator.accuracy(parameters, "test"))
            if i in kept:
                regions.append(evaluator.regions(parameters, i))
        self._send(Evaluated(train, test, [each for each in regions if each.runs]))

    def _final(self, parameters: list[Array], logits: Array) -> dict[str, Any]:
        """Return what the cell ends with: parameters, classes, and how far its logits are off."""
        expected = self._evaluator.logits(parameters, self._problem.data["X_test"])
        departure = difference(logits, expected)
        return {
            "parameters": _flat(parameters),
            "test_classes": expected.argmax(axis=1).tolist(),
            "grid_classes": self._evaluator.classes(parameters, self._problem.data["grid"]),
            "logit_difference": departure if np.isfinite(departure) else None,
        }

    def _first_batch(self) -> tuple[Array, Array]:
        data = self._problem.data
        rows = next(self._schedule().batches(len(data["y_train"])))[0]
        return data["X_train"][rows], data["y_train"][rows]

    def _counts(self, classifier: Classifier) -> GraphCounts | None:
        """Count the graph of the first batch, off the clock."""
        X, y = self._first_batch()
        found = classifier.counts(X, y)
        return GraphCounts(len(X), **asdict(found)) if found else None

    def _step_python_bytes(self, classifier: Classifier) -> int:
        """Return the peak memory of one more step, traced; nothing is timed after it."""
        X, y = self._first_batch()
        tracemalloc.start()
        try:
            classifier.train_step(X, y)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def _recorded(epoch: TrainedEpoch, own_s: float, disturbance: Disturbance) -> Epoch:
    """Return an epoch as the records hold it, without its accuracies."""
    return Epoch(
        wall_s=epoch.wall_s,
        cpu_s=epoch.cpu_s,
        collector_s=epoch.collector_s,
        losses=[float(x) if np.isfinite(x) else None for x in epoch.losses],
        train_accuracy=None,
        test_accuracy=None,
        late_s=epoch.late_s,
        own_s=own_s,
        **asdict(disturbance),
    )


def _not_finite(losses: Array, epoch: int) -> str:
    """Return which loss of an epoch is not finite; empty if all are."""
    for step, loss in enumerate(losses, start=1):
        if not np.isfinite(loss):
            return f"the loss is {loss} at step {step} of epoch {epoch}"
    return ""


def _flat(parameters: list[Array]) -> list[float | None]:
    flat: list[float | None] = np.concatenate([np.ravel(p) for p in parameters]).tolist()
    return flat


def main() -> None:
    """Run the job that the parent sends."""
    with pipes_to_parent() as (jobs, events):
        job = msgspec.json.decode(jobs.readline(), type=CellJob)
        jobs.close()
        if job.trace >= 0:
            listen(job.trace)
        if job.cpu is not None:
            os.sched_setaffinity(0, {job.cpu})
        with DisturbanceCounters() as counters:
            CellWorker(job, events, Clock(disturbance=counters.read)).run()


if __name__ == "__main__":
    main()
