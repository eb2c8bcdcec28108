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
from benchgrad.benchmarks.bounds import (
    Amount,
    Class,
    Command,
    Coordinate,
    Epochs,
    Index,
    Name,
    Rate,
    Rows,
    Seconds,
    Share,
    Text,
    Width,
)
from benchgrad.benchmarks.files import read_regular
from benchgrad.benchmarks.plan import Plan
from benchgrad.benchmarks.regions import Regions

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


_SHOWN = 300  # characters of what is wrong with a file; it may quote a part of it


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
    to run and had no processor, nor had another thread of its process; for `stolen_s` the machine's
    host ran something else (all processors together); for `pressure_s` some process of the machine
    had to wait for a processor.

    Short epochs are reported together (`benchmarks.cell.spans`): `witness_s` and these three are
    then each epoch's share of what was read for all of them.
    """

    wall_s: Seconds
    cpu_s: Seconds
    collector_s: Seconds
    losses: list[float | None]
    train_accuracy: Share | None
    test_accuracy: Share | None
    late_s: Seconds = 0.0
    own_s: Seconds | None = None
    witness_s: Seconds | None = None
    waited_s: Seconds | None = None
    stolen_s: Seconds | None = None
    pressure_s: Seconds | None = None

    @property
    def seconds(self) -> float:
        """The time that counts: the call, and the work that it put off until it was read."""
        return self.wall_s + self.late_s


class Equality(Struct, frozen=True, forbid_unknown_fields=True):
    """The largest differences from the reference, relative to 1 + |reference|, and their limit.

    They compare the losses of all steps, the parameters after the last, and the engine's logits of
    the test rows with those that the reference computes from the same parameters.
    """

    reference: Name
    n_steps: Amount
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
    test_classes: list[Class]
    grid_classes: list[Class]


class GraphCounts(Struct, frozen=True, forbid_unknown_fields=True):
    """The graph of one step on the first batch; `benchgrad.engines.Counts` describes the fields.

    Nodes and edges are the same on any machine; bytes depend on Python's version.
    """

    counted_rows: Amount
    nodes: dict[Name, Amount]
    edges: Amount
    node_bytes: Amount
    array_bytes: Amount


class Usage(Struct, frozen=True, forbid_unknown_fields=True):
    """What the process of a cell used from the first epoch to the last, as the kernel counts.

    Outside the calls of the engine, the process used `between_cpu_s` of processor time; for
    `between_idle_s`, null where the system does not say, it had a processor and used none.
    `children_cpu_s` is that of all processes that the engine started, over the life of the cell.
    `step_python_bytes` is the peak of what Python and NumPy allocated in one more step, which was
    traced but not timed.
    """

    minor_faults: Amount
    major_faults: Amount
    voluntary_switches: Amount
    involuntary_switches: Amount
    step_python_bytes: Amount
    between_cpu_s: Seconds = 0.0
    between_idle_s: Seconds | None = None
    children_cpu_s: Seconds = 0.0


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

    `regions` are those after some of the epochs, in the first round and for two features only.
    `trace` is the traceback of a crash, or what the threads of a process did when it was killed;
    several lines, cut to size. `own_name` is what the engine calls itself.
    """

    engine: Name
    round: Index
    status: Status
    epochs_planned: Epochs
    reason: Text = ""
    kind: Text = ""
    version: Text = ""
    note: Text = ""
    budget_s: Seconds | None = None
    import_s: Seconds | None = None
    build_s: Seconds | None = None
    first_step_s: Seconds | None = None
    epochs: list[Epoch] = []
    baseline_bytes: Amount | None = None
    peak_bytes: Amount | None = None
    n_threads: Amount | None = None
    equality: Equality | None = None
    final: Final | None = None
    counts: GraphCounts | None = None
    usage: Usage | None = None
    whole_s: Seconds | None = None
    control_s: list[Seconds] = []
    second_build_s: Seconds | None = None
    read_s: Seconds | None = None
    logits_s: Seconds | None = None
    tree_cpu_s: Seconds | None = None
    pauses_collector: bool = False  # the engine declares that it does, inside its own step
    regions: list[Regions] = []
    trace: Text = ""
    own_name: Text = ""
    code_from_disk: bool = False  # an earlier process compiled it, so the first step is short


class Grid(Struct, frozen=True, forbid_unknown_fields=True):
    """A regular grid over two standardised features, row by row from the lowest y up."""

    x_min: Coordinate
    x_max: Coordinate
    y_min: Coordinate
    y_max: Coordinate
    n: Width

    def points(self) -> NDArray[np.float64]:
        """Return the points, (n², 2)."""
        x = np.linspace(self.x_min, self.x_max, self.n)
        y = np.linspace(self.y_min, self.y_max, self.n)
        return np.column_stack([axis.ravel() for axis in np.meshgrid(x, y)])


class Data(Struct, frozen=True, forbid_unknown_fields=True):
    """The data set: its size, its labels, and its points if it has two features."""

    name: Text
    n_train: Amount
    n_test: Amount
    n_features: Amount
    class_names: list[Text]
    test_labels: list[Class]
    train_labels: list[Class]
    train_points: list[tuple[Coordinate, Coordinate]]
    test_points: list[tuple[Coordinate, Coordinate]]
    grid: Grid | None


class Environment(Struct, frozen=True, forbid_unknown_fields=True):
    """The machine and the libraries that the cells ran with."""

    benchgrad: Text
    python: Text
    platform: Text
    processor: Text
    n_cpus: Amount
    memory_bytes: Amount
    load_1min: Rate
    libraries: dict[Text, Text]
    blas: Text
    matmul_flops_per_s: Rate | None = None  # of a 512 × 512 product in the plan's dtype
    governor: Text = ""  # of the processor's frequency, where the system says
    commit: Text = ""  # of benchgrad's checkout, with a + if files were edited
    exp_per_s: Rate | None = None  # exponentials by NumPy in the plan's dtype, on one thread


class Snapshot(Struct, frozen=True, forbid_unknown_fields=True):
    """The flat parameters after a number of epochs."""

    n_epochs: Epochs
    parameters: list[float | None]


class Reference(Struct, frozen=True, forbid_unknown_fields=True):
    """What the reference did in a round with one batch size, for cells to be compared with.

    `losses` holds the loss of each step, epoch by epoch. `snapshots` holds the parameters only
    after those epochs that a cell ended with; all of them would take too much space.
    """

    engine: Name
    round: Index
    batch_size: Rows
    losses: list[list[float | None]]
    snapshots: list[Snapshot]


class Instructions(Struct, frozen=True, forbid_unknown_fields=True):
    """How many machine instructions an engine executes in an epoch; null if nobody could count.

    Every instruction of its process counts, whatever the thread, but none of other processes.

    `per_epoch` is the difference between a run with more epochs and one with fewer, divided by
    their number. `reason` says in one line why there is no count.
    """

    engine: Name
    per_epoch: Rate | None
    reason: Text = ""


class Results(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole run: `started_at` in UTC, ISO 8601; `command` as the user typed it.

    `resumed_at` holds the times at which it was resumed. `sources` has, for each engine that is not
    benchgrad's own, its version or the commit of its files, with a + if those were edited, or else
    the beginning of their hash.
    """

    schema_version: int
    started_at: Text
    command: Command
    plan: Plan
    environment: Environment
    data: Data
    cells: list[Cell]
    row_flops: Amount = 0  # of the matrix products of a step, for each row
    resumed_at: list[Text] = []
    references: list[Reference] = []
    instructions: list[Instructions] = []
    sources: dict[str, str] = {}


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
        raise RecordError(f"{path} is damaged: {str(error)[:_SHOWN]}") from error


class _Version(Struct):
    schema_version: int
