"""The process that runs one cell: loads the engine, trains, reports. It never judges.

Started by `processes.child`, with the thread limits already in its environment. It reads a job from
one pipe and writes events to another, so nothing an engine prints can be mistaken for a result.
"""

import resource
import statistics
import sys
import traceback
import tracemalloc
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np
import psutil
from numpy.typing import NDArray

from benchgrad.benchmarks.analysis.equality import difference
from benchgrad.benchmarks.cell.clock import Clock, Timed, timed
from benchgrad.benchmarks.cell.messages import (
    CellJob,
    EpochDone,
    Event,
    Failed,
    Ready,
    TrainingFinished,
)
from benchgrad.benchmarks.cell.policies import applied, collecting
from benchgrad.benchmarks.cell.training import Schedule, train
from benchgrad.benchmarks.records import Epoch, GraphCounts, Usage
from benchgrad.engines import (
    MLP,
    SGD,
    Classifier,
    Engine,
    EngineError,
    MissingPackageError,
    UnsupportedError,
    load,
)
from benchgrad.processes.pipes import pipes_to_parent, send

Array = NDArray[Any]

_CHUNK_ROWS = 500  # evaluated at a time; a reference may build a graph for each chunk
# Reading the parameters twice takes the same time twice, cold caches aside. If the first read is
# slower by more than both of these, in most epochs, it had to wait for unfinished work.
_LATE_S = 2e-3
_LATE_SHARE = 0.2


class CellWorker:
    """One cell from its job to its last event."""

    def __init__(self, job: CellJob, events: IO[bytes], clock: Clock) -> None:
        self._job = job
        self._events = events
        self._clock = clock
        with np.load(job.data_path) as arrays:
            self._data = {name: arrays[name] for name in arrays.files}
        for name in ("X_train", "X_test", "grid"):
            self._data[name] = self._data[name].astype(job.training.dtype)
        self._model = MLP(job.layers, job.activation, job.loss)  # type: ignore[arg-type]
        self._first = self._model.initial_parameters(job.training.seed)
        self._reference = load(job.reference)
        self._late_s: list[float] = []
        self._epoch_s: list[float] = []

    def run(self) -> None:
        """Run the job and report every failure of the engine as an event."""
        try:
            with applied(self._job.collector):
                self._train(collecting(self._get_ready(), self._job.collector))
        except MissingPackageError as error:
            self._send(Failed("missing", str(error)))
        except UnsupportedError as error:
            self._send(Failed("unsupported", str(error)))
        except EngineError as error:
            self._send(Failed("crashed", str(error)))
        except SystemExit as error:
            self._send(Failed("crashed", f"it called sys.exit({error.code!r})"))
        except MemoryError as error:
            self._send(Failed("out_of_memory", f"MemoryError {error}".strip()))
        except Exception as error:  # an engine may raise anything; it is data, with its name
            reason = " ".join(str(error).split())
            innermost = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(innermost.filename).name}, line {innermost.lineno}"
            self._send(Failed("crashed", f"{type(error).__name__}: {reason} [{place}]"))

    def _send(self, event: Event) -> None:
        send(self._events, event)

    def _classifier(self, engine: Engine, parameters: list[Array]) -> Classifier:
        rule = self._job.training
        optimizer = SGD(rule.learning_rate, rule.momentum, rule.weight_decay)
        return engine.classifier(self._model, parameters, optimizer, rule.dtype)

    def _schedule(self) -> Schedule:
        job, rule = self._job, self._job.training
        return Schedule(job.n_epochs, rule.batch_size, rule.seed, job.round, job.budget_s)

    def _load(self) -> Engine:
        """Load the engine and hold its library to its threads."""
        engine = load(self._job.engine)
        engine.limit_threads(self._job.n_threads)
        return engine

    def _get_ready(self) -> Classifier:
        """Load the engine, build a classifier, take a step with it, and build a fresh one."""
        baseline_bytes = psutil.Process().memory_info().rss
        loaded = timed(self._load, clock=self._clock)
        engine = loaded.result
        built = timed(self._classifier, engine, self._first, clock=self._clock)
        X, y = self._data["X_train"], self._data["y_train"]
        batch = next(self._schedule().batches(len(y)))[:1]
        step = timed(built.result.train_epoch, X, y, batch, clock=self._clock)
        self._send(
            Ready(
                kind=engine.kind,
                version=engine.version,
                note=engine.note,
                import_s=loaded.wall_s,
                build_s=built.wall_s,
                first_step_s=step.wall_s,
                baseline_bytes=baseline_bytes,
                pauses_collector=engine.pauses_collector,
            )
        )
        return self._classifier(engine, self._first)

    def _train(self, classifier: Classifier) -> None:
        X, y = self._data["X_train"], self._data["y_train"]
        before = resource.getrusage(resource.RUSAGE_SELF)
        epochs = train(classifier, X, y, self._schedule(), self._clock)
        for i, epoch in enumerate(epochs, start=1):
            if not isinstance(epoch.result, np.ndarray):
                self._send(Failed("invalid", _not_finished(epoch.result)))
                return
            losses = np.asarray(epoch.result, np.float64).ravel()
            parameters = self._parameters(classifier, epoch)
            if [np.shape(p) for p in parameters] != [p.shape for p in self._first]:
                self._send(Failed("invalid", "parameters() returns arrays of the wrong shapes"))
                return
            self._epoch_done(epoch, losses, parameters)
            for step, loss in enumerate(losses, start=1):
                if not np.isfinite(loss):
                    reason = f"the loss is {loss} at step {step} of epoch {i}"
                    self._send(Failed("invalid", reason))
                    return
        if reason := self._still_at_work():
            self._send(Failed("invalid", reason))
            return
        self._finish(classifier, before)

    def _parameters(self, classifier: Classifier, epoch: Timed[Array]) -> list[Array]:
        """Read the parameters twice, off the clock, and note how much slower the first read was."""
        first = timed(classifier.parameters, clock=self._clock)
        again = timed(classifier.parameters, clock=self._clock)
        self._late_s.append(first.wall_s - again.wall_s)
        self._epoch_s.append(epoch.wall_s)
        return first.result

    def _still_at_work(self) -> str:
        """Say so if the engine was still working after `train_epoch` returned."""
        late_s, epoch_s = statistics.median(self._late_s), statistics.median(self._epoch_s)
        if late_s < _LATE_S or late_s < _LATE_SHARE * epoch_s:
            return ""
        return (
            f"train_epoch returned after {epoch_s:.3g} s, before its work was done: its "
            f"parameters were ready {late_s:.3g} s later (medians over the epochs)"
        )

    def _epoch_done(self, epoch: Timed[Array], losses: Array, parameters: list[Array]) -> None:
        """Evaluate an epoch off the clock and report it."""
        self._send(
            EpochDone(
                Epoch(
                    wall_s=epoch.wall_s,
                    cpu_s=epoch.cpu_s,
                    collector_s=epoch.collector_s,
                    losses=[float(x) if np.isfinite(x) else None for x in losses],
                    train_accuracy=self._accuracy(parameters, "train"),
                    test_accuracy=self._accuracy(parameters, "test"),
                ),
                _flat(parameters) if self._job.snapshots else None,
            )
        )

    def _finish(self, classifier: Classifier, before: resource.struct_rusage) -> None:
        after = resource.getrusage(resource.RUSAGE_SELF)
        peak_bytes = _peak_bytes()
        n_threads = psutil.Process().num_threads()
        parameters = classifier.parameters()
        X = self._data["X_test"]
        expected = self._reference_logits(parameters, X)
        departure = difference(classifier.logits(X), expected)
        self._send(
            TrainingFinished(
                parameters=_flat(parameters),
                test_classes=expected.argmax(axis=1).tolist(),
                grid_classes=self._reference_logits(parameters, self._data["grid"])
                .argmax(axis=1)
                .tolist(),
                logit_difference=departure if np.isfinite(departure) else None,
                peak_bytes=peak_bytes,
                n_threads=n_threads,
                counts=self._counts(classifier),
                usage=Usage(
                    minor_faults=after.ru_minflt - before.ru_minflt,
                    major_faults=after.ru_majflt - before.ru_majflt,
                    voluntary_switches=after.ru_nvcsw - before.ru_nvcsw,
                    involuntary_switches=after.ru_nivcsw - before.ru_nivcsw,
                    step_python_bytes=self._step_python_bytes(classifier),
                ),
            )
        )

    def _first_batch(self) -> tuple[Array, Array]:
        rows = next(self._schedule().batches(len(self._data["y_train"])))[0]
        return self._data["X_train"][rows], self._data["y_train"][rows]

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

    def _reference_logits(self, parameters: list[Array], X: Array) -> Array:
        """Return the reference's logits for an engine's parameters: the harness owns accuracy."""
        reference = self._classifier(self._reference, parameters)
        chunks = np.split(X, range(_CHUNK_ROWS, len(X), _CHUNK_ROWS))
        return np.concatenate([reference.logits(chunk) for chunk in chunks])

    def _accuracy(self, parameters: list[Array], part: str) -> float:
        logits = self._reference_logits(parameters, self._data[f"X_{part}"])
        return float(np.mean(logits.argmax(axis=1) == self._data[f"y_{part}"]))


def _not_finished(result: object) -> str:
    kind = type(result)
    return (
        f"train_epoch returned a {kind.__module__}.{kind.__qualname__}; it must be a NumPy array, "
        "so that the work is finished"
    )


def _flat(parameters: list[Array]) -> list[float | None]:
    flat: list[float | None] = np.concatenate([np.ravel(p) for p in parameters]).tolist()
    return flat


def _peak_bytes() -> int:
    """Return the highest resident memory of this process so far.

    Linux keeps it per program; `ru_maxrss` would start from the memory of the parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    """Run the job that the parent sends."""
    with pipes_to_parent() as (jobs, events):
        job = msgspec.json.decode(jobs.readline(), type=CellJob)
        jobs.close()
        CellWorker(job, events, Clock()).run()


if __name__ == "__main__":
    main()
