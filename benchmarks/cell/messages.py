"""What the measurer and a worker send each other: one job, then events, each a line of JSON."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from benchgrad.benchmarks.plan import Collector, TrainingPlan
from benchgrad.benchmarks.records import Epoch, GraphCounts, Usage
from benchgrad.benchmarks.regions import Regions

# The statuses that a worker may give its engine; the others are for the runner to give.
Failure = Literal["missing", "unsupported", "invalid", "out_of_memory", "crashed"]


class CellJob(Struct, frozen=True):
    """What a worker has to do.

    `data` is the descriptor of an .npz file with the data set's arrays, which nobody can change;
    `disk` that of an empty file for the worker's own use, -1 if it needs none; `trace` that of one
    for `benchmarks.cell.traces`. With `cpu`, the worker and all that it starts stay on that
    processor.

    `snapshots` asks for the parameters after every epoch, as the reference has to send them; they
    are not evaluated.
    """

    engine: str
    layers: tuple[int, ...]
    activation: str
    loss: str
    training: TrainingPlan
    round: int
    n_epochs: int
    budget_s: float | None
    reference: str
    data: int
    disk: int = -1
    trace: int = -1
    n_threads: int = 1
    snapshots: bool = False
    collector: Collector = "as shipped"
    cpu: int | None = None
    least_epochs: int = 1


class Ready(Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """The engine is loaded and has taken its first step."""

    kind: str
    version: str
    note: str
    import_s: float
    build_s: float
    first_step_s: float
    second_build_s: float
    baseline_bytes: int
    pauses_collector: bool = False
    own_name: str = ""
    code_from_disk: bool = False


class EpochsDone(Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Epochs ended, not yet evaluated: one, or short ones in a row.

    `parameters` are those after each, flat; None unless they were asked for.
    """

    epochs: list[Epoch]
    parameters: list[list[float | None]] | None


class Evaluated(Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """The accuracies after each epoch, and the regions after some, when all epochs have ended."""

    train_accuracies: list[float]
    test_accuracies: list[float]
    regions: list[Regions] = []


class TrainingFinished(Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Training ended; `logit_difference` compares the engine's own logits with the reference's.

    `own_cpu_s` is the processor time of the worker so far.
    """

    parameters: list[float | None]
    test_classes: list[int]
    grid_classes: list[int]
    logit_difference: float | None
    peak_bytes: int
    n_threads: int
    read_s: float
    logits_s: float
    own_cpu_s: float
    counts: GraphCounts | None
    usage: Usage


class Failed(Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """The engine failed and its worker could still report it; `reason` is one line.

    `trace` is the traceback, empty where it would tell nothing; `own_name` is what the engine calls
    itself, empty if it could not be loaded.
    """

    status: Failure
    reason: str
    trace: str = ""
    own_name: str = ""


Event = Ready | EpochsDone | Evaluated | TrainingFinished | Failed
EVENTS: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
