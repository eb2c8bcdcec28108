"""The records: what a run leaves behind, in one versioned format. Raw facts, nothing derived.

Names end with their unit. Numbers that are not finite are stored as null.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from benchgrad.benchmarks import manifest
from benchgrad.benchmarks.files import read_regular
from benchgrad.benchmarks.plan import Plan

SCHEMA_VERSION = 1
RESULTS = manifest.RESULTS

Status = Literal[
    "ok",  # finished, or ended by its budget; the same work as the reference
    "invalid",  # different work from the reference: unranked
    "unsupported",  # the engine lacks something that the plan needs
    "missing",  # a package is not installed
    "timeout",  # killed after the plan's timeout
    "out_of_memory",  # killed at the plan's limit, or because the machine ran out
    "crashed",  # raised, or its process died
    "interrupted",  # the user ended the run
    "pruned",  # not started, because something else had failed
]
FAILURES: tuple[Status, ...] = ("invalid", "timeout", "out_of_memory", "crashed", "pruned")


class RecordError(Exception):
    """Records that do not exist or cannot be read; one line, for their user."""


class Epoch(Struct, frozen=True, forbid_unknown_fields=True):
    """One epoch: what its one timed call took, and what was evaluated after the last epoch.

    `wall_s` is the time of the call of `train_epoch`, `cpu_s` the processor time of the process
    within it, `collector_s` the part of `wall_s` that the cyclic garbage collector took. `late_s`
    is how much longer the first read of the parameters took than a read with nothing left to do.
    `losses` holds the mean loss of each step before its update. The accuracies are null in a cell
    that ended before they were evaluated.

    Two clocks measured the time from the end of the epoch before: `own_s` is by that of the
    worker, `witness_s` by that of the runner, a process that the engine cannot reach.

    What disturbed the call, null where the system does not say: for `waited_s` the worker was ready
    to run and had no processor; for `stolen_s` the machine's host ran something else (all
    processors together); for `pressure_s` some process of the machine had to wait for a processor.

    Short epochs are reported together (`benchmarks.cell.spans`): `witness_s` and these three are
    then each epoch's share of what was read for all of them.
    """

    wall_s: float
    cpu_s: float
    collector_s: float
    losses: list[float | None]
    train_accuracy: float | None
    test_accuracy: float | None
    late_s: float = 0.0
    own_s: float | None = None
    witness_s: float | None = None
    waited_s: float | None = None
    stolen_s: float | None = None
    pressure_s: float | None = None

    @property
    def seconds(self) -> float:
        """The time that counts: the call, and the work that it put off until it was read."""
        return self.wall_s + self.late_s


class Equality(Struct, frozen=True, forbid_unknown_fields=True):
    """The largest differences from the reference, relative to 1 + |reference|, and their limit.

    They compare the losses of all steps, the parameters after the last, and the engine's logits of
    the test rows with those that the reference computes from the same parameters.
    """

    reference: str
    n_steps: int
    loss_difference: float | None
    parameter_difference: float | None
    logit_difference: float | None
    limit: float


class Final(Struct, frozen=True, forbid_unknown_fields=True):
    """The state after the last epoch: flat parameters, and the predicted classes.

    `test_classes` are in the order of the test rows. `grid_classes` are in that of the grid of
    `Data`, and empty unless the data have two features.
    """

    parameters: list[float | None]
    test_classes: list[int]
    grid_classes: list[int]


class GraphCounts(Struct, frozen=True, forbid_unknown_fields=True):
    """The graph of one step on the first batch; `benchgrad.engines.Counts` describes the fields.

    Nodes and edges are the same on any machine; bytes depend on Python's version.
    """

    counted_rows: int
    nodes: dict[str, int]
    edges: int
    node_bytes: int
    array_bytes: int


class Usage(Struct, frozen=True, forbid_unknown_fields=True):
    """What the process of a cell used from the first epoch to the last, as the kernel counts.

    Outside the calls of the engine, the process used `between_cpu_s` of processor time; for
    `between_idle_s`, null where the system does not say, it had a processor and used none.
    `children_cpu_s` is that of all processes that the engine started, over the life of the cell.
    `step_python_bytes` is the peak of what Python and NumPy allocated in one more step, which was
    traced but not timed.
    """

    minor_faults: int
    major_faults: int
    voluntary_switches: int
    involuntary_switches: int
    step_python_bytes: int
    between_cpu_s: float = 0.0
    between_idle_s: float | None = None
    children_cpu_s: float = 0.0


class Cell(Struct, frozen=True, forbid_unknown_fields=True):
    """One engine in one round. `epochs` holds the finished epochs, even of a cell that failed.

    Every call of the engine is on a clock: `import_s` and `build_s`, for the engine's own modules
    and the classifier; `first_step_s`, for the first step of a classifier that is then thrown away;
    `second_build_s`, for the classifier that is trained; the epochs; `read_s`, the median of some
    reads of the parameters with nothing left to do; `logits_s`, for the logits of the test rows.

    `baseline_bytes` is the resident memory of the process before it imports the engine,
    `peak_bytes` its highest until the last epoch ends. `control_s` are the repeats of
    `benchmarks.cell.machine_speed` just before the cell. `whole_s` is the lifetime of its process,
    with evaluation and counting, and `tree_cpu_s` the processor time of that process, its
    supervisor, and all that they started, as the kernel tells the runner.
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
    second_build_s: float | None = None
    read_s: float | None = None
    logits_s: float | None = None
    tree_cpu_s: float | None = None
    pauses_collector: bool = False  # the engine declares that it does, inside its own step


class Grid(Struct, frozen=True, forbid_unknown_fields=True):
    """A regular grid over two standardised features, row by row from the lowest y up."""

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
    """The data set: its size, its labels, and its points if it has two features."""

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
    """The machine and the libraries that the cells ran with."""

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
    governor: str = ""  # of the processor's frequency, where the system says
    commit: str = ""  # of benchgrad's checkout, with a + if files were edited
    exp_per_s: float | None = None  # exponentials by NumPy in the plan's dtype, on one thread


class Snapshot(Struct, frozen=True, forbid_unknown_fields=True):
    """The flat parameters after a number of epochs."""

    n_epochs: int
    parameters: list[float | None]


class Reference(Struct, frozen=True, forbid_unknown_fields=True):
    """What the reference did in a round with one batch size, for cells to be compared with.

    `losses` holds the loss of each step, epoch by epoch. `snapshots` holds the parameters only
    after those epochs that a cell ended with; all of them would take too much space.
    """

    engine: str
    round: int
    batch_size: int
    losses: list[list[float | None]]
    snapshots: list[Snapshot]


class Instructions(Struct, frozen=True, forbid_unknown_fields=True):
    """How many machine instructions an engine executes in an epoch; null if nobody could count.

    Every instruction of its process counts, whatever the thread, but none of other processes.

    `per_epoch` is the difference between a run with more epochs and one with fewer, divided by
    their number. `reason` says in one line why there is no count.
    """

    engine: str
    per_epoch: float | None
    reason: str = ""


class Results(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole run: `started_at` in UTC, ISO 8601; `command` as the user typed it.

    `resumed_at` holds the times at which it was resumed.
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
    instructions: list[Instructions] = []


def uncounted(results: Results) -> list[str]:
    """Return the engines whose instructions the plan asks for and an interruption left out."""
    counted = {each.engine for each in results.instructions}
    engines = results.plan.engines if results.plan.instructions else ()
    return [each.name for each in engines if each.name not in counted]


def write_results(results: Results, folder: Path) -> Path:
    """Write ``results.json`` into `folder`; return its path."""
    manifest.replace_files(folder, {RESULTS: msgspec.json.encode(results) + b"\n"})
    return folder / RESULTS


def read_results(folder: Path) -> Results:
    """Return the results in `folder`.

    Raises:
        RecordError: there are none, or they are damaged or of another schema version.
    """
    return read_file(folder / RESULTS)


def read_file(path: Path) -> Results:
    """Return the results in a file; raise what `read_results` raises."""
    try:
        content = read_regular(path)
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
