"""The records: what a run leaves behind, one versioned format. Raw facts only, nothing derived.

Units end the names. A number that is not finite is stored as null.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from benchgrad.benchmarks.plan import Plan

SCHEMA_VERSION = 1
RESULTS = "results.json"
PARTIAL = ".partial"  # ends the names of files that are being written

Status = Literal[
    "ok",  # finished, or ended by its budget; equal to the reference
    "invalid",  # did other work than the reference: unranked
    "unsupported",  # the engine lacks something that the plan needs
    "missing",  # a package is not installed
    "timeout",  # killed after the plan's timeout
    "out_of_memory",  # killed at the plan's limit, or for want of memory
    "crashed",  # raised, or its process died
    "interrupted",  # the user ended the run
    "pruned",  # not started, because of something else that failed
]
FAILURES: tuple[Status, ...] = ("invalid", "timeout", "out_of_memory", "crashed", "pruned")


class RecordError(Exception):
    """Records that are not there or cannot be read; one line, for their user."""


class Epoch(Struct, frozen=True, forbid_unknown_fields=True):
    """One epoch: the time of its one timed call, and what was evaluated off the clock.

    `cpu_s` is the processor time of the process, `collector_s` the part of `wall_s` that the
    cyclic garbage collector took. `losses` holds the mean loss of each step before its update.
    """

    wall_s: float
    cpu_s: float
    collector_s: float
    losses: list[float | None]
    train_accuracy: float
    test_accuracy: float


class Equality(Struct, frozen=True, forbid_unknown_fields=True):
    """The largest differences from the reference, relative to 1 + |reference|, and their limits.

    Losses of all steps, all parameters after the last, and the engine's own logits of the test
    rows against the reference's logits with the same parameters.
    """

    reference: str
    n_steps: int
    loss_difference: float | None
    parameter_difference: float | None
    logit_difference: float | None
    limit: float


class Final(Struct, frozen=True, forbid_unknown_fields=True):
    """The state after the last epoch: flat parameters, and the predicted classes.

    `test_classes` are in the order of the test rows; `grid_classes` in that of the grid of
    `Data`, empty if the data have other than two features.
    """

    parameters: list[float | None]
    test_classes: list[int]
    grid_classes: list[int]


class GraphCounts(Struct, frozen=True, forbid_unknown_fields=True):
    """The graph of one step on the first batch; the meaning is that of `benchgrad.engines.Counts`.

    Counts of nodes and edges are exact on any machine; bytes depend on Python's version.
    """

    counted_rows: int
    nodes: dict[str, int]
    edges: int
    node_bytes: int
    array_bytes: int


class Usage(Struct, frozen=True, forbid_unknown_fields=True):
    """What the process of a cell used, counted by the kernel from the first epoch to the last.

    What lies between the epochs, the evaluation, is in it. `step_python_bytes` is the most that
    Python and NumPy had allocated in one further step, which was traced and not timed.
    """

    minor_faults: int
    major_faults: int
    voluntary_switches: int
    involuntary_switches: int
    step_python_bytes: int


class Cell(Struct, frozen=True, forbid_unknown_fields=True):
    """One engine in one round. `epochs` holds those that ended, also of a cell that failed.

    The three clocks: `import_s` and `build_s` (the engine's modules beyond NumPy, the
    classifier); `first_step_s` (the first step of a classifier that is then thrown away);
    the epochs. `baseline_bytes` is the resident memory of the process before the engine is
    imported, `peak_bytes` the highest until the last epoch ended. `control_s` are the repeats
    of the fixed workload of `benchmarks.cell.machine_speed`, taken just before the cell,
    `whole_s` the time from the start of its process to its end: evaluation, counting and all.
    """

    engine: str
    round: int
    status: Status
    epochs_planned: int
    reason: str = ""
    kind: str = ""
    version: str = ""
    note: str = ""
    budget_s: float | None = None
    import_s: float | None = None
    build_s: float | None = None
    first_step_s: float | None = None
    epochs: list[Epoch] = []
    baseline_bytes: int | None = None
    peak_bytes: int | None = None
    n_threads: int | None = None
    equality: Equality | None = None
    final: Final | None = None
    counts: GraphCounts | None = None
    usage: Usage | None = None
    whole_s: float | None = None
    control_s: list[float] = []


class Grid(Struct, frozen=True, forbid_unknown_fields=True):
    """A regular grid over two standardised features, row by row from the lowest y."""

    x_min: float
    x_max: float
    y_min: float
    y_max: float
    n: int

    def points(self) -> NDArray[np.float64]:
        """Return the points, (n², 2)."""
        x = np.linspace(self.x_min, self.x_max, self.n)
        y = np.linspace(self.y_min, self.y_max, self.n)
        return np.column_stack([axis.ravel() for axis in np.meshgrid(x, y)])


class Data(Struct, frozen=True, forbid_unknown_fields=True):
    """The data set: its size, the test labels, and the points if there are two features."""

    name: str
    n_train: int
    n_test: int
    n_features: int
    class_names: list[str]
    test_labels: list[int]
    train_labels: list[int]
    train_points: list[tuple[float, float]]
    test_points: list[tuple[float, float]]
    grid: Grid | None


class Environment(Struct, frozen=True, forbid_unknown_fields=True):
    """The machine and the libraries that the cells ran on."""

    benchgrad: str
    python: str
    platform: str
    processor: str
    n_cpus: int
    memory_bytes: int
    load_1min: float
    libraries: dict[str, str]
    blas: str
    matmul_flops_per_s: float | None = None  # of a 512 × 512 product in the plan's dtype
    governor: str = ""  # of the processor's frequency, where the system tells it
    commit: str = ""  # of benchgrad's own checkout, with a + if files differ from it


class Snapshot(Struct, frozen=True, forbid_unknown_fields=True):
    """The flat parameters after so many epochs."""

    n_epochs: int
    parameters: list[float | None]


class Reference(Struct, frozen=True, forbid_unknown_fields=True):
    """What the reference did in a round with one batch size: what cells are held to.

    `losses` holds the loss of each step, epoch by epoch; `snapshots` the parameters after each
    number of epochs that a cell ended with, since those of every epoch would be large.
    """

    engine: str
    round: int
    batch_size: int
    losses: list[list[float | None]]
    snapshots: list[Snapshot]


class Results(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole run: `started_at` in UTC, ISO 8601; `command` as it was typed.

    `resumed_at` holds when it was continued after it had ended before its time.
    """

    schema_version: int
    started_at: str
    command: str
    plan: Plan
    environment: Environment
    data: Data
    cells: list[Cell]
    row_flops: int = 0  # of the matrix products of a step, for each row
    resumed_at: list[str] = []
    references: list[Reference] = []


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside `path`, flush to disk, then rename: whole or not at all."""
    beside = path.with_name(f".{path.name}{PARTIAL}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def sync_folder(folder: Path) -> None:
    """Flush a folder to disk: that of its files is there, but their names may not yet be."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_results(results: Results, folder: Path) -> Path:
    """Write ``results.json`` into `folder`; return its path."""
    path = folder / RESULTS
    write_atomically(path, msgspec.json.encode(results) + b"\n")
    return path


def read_results(folder: Path) -> Results:
    """Return the results in `folder`.

    Raises:
        RecordError: there are none, they are damaged, or of another schema version.
    """
    return read_file(folder / RESULTS)


def read_file(path: Path) -> Results:
    """Return the results in a file; raises as `read_results`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordError(
            f"{path} cannot be read: {error.strerror}; name the folder of a run"
        ) from error
    try:
        version = msgspec.json.decode(content, type=_Version).schema_version
        if version != SCHEMA_VERSION:
            raise RecordError(
                f"{path} has schema version {version}, this benchgrad reads {SCHEMA_VERSION}: "
                "run again, or use the benchgrad that wrote it"
            )
        return msgspec.json.decode(content, type=Results)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordError(f"{path} is damaged: {error}") from error


class _Version(Struct):
    schema_version: int
