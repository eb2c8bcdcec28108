"""Facts about one engine, each group derived from its cells; `engine_summary` holds them together.

Units end the names; what is unknown is nan.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchgrad.benchmarks.analysis.forecast import Forecast, forecast
from benchgrad.benchmarks.analysis.undisturbed import Selection, selection
from benchgrad.benchmarks.records import Cell, Epoch, Usage


@dataclass(frozen=True)
class Timing:
    """The time of the epochs, `Epoch.seconds` of the records.

    `epoch_s` is the median of the epochs that stand for the rounds, `epoch_s_low` and
    `epoch_s_high` are their quartiles, `epoch_mean_s` is their mean. `benchmarks.analysis.
    undisturbed` says which epochs those are; rounds that were disturbed count only if all were.

    `total_s` covers all planned epochs: the median over the rounds that trained to the end. If a
    budget cut off all of them, it is the forecast from the longest, with the interval
    `total_s_low` to `total_s_high`, and `is_forecast`; or unknown, and `no_forecast` says why. An
    engine that ended early for another reason has no total. `measured_s` is the sum of the epochs
    of those rounds.

    `uneven_share` is the share of its time that an engine spends, of its own and in every round,
    on making some epochs slower than most; 0 if there is none.
    """

    epoch_s: float
    epoch_s_low: float
    epoch_s_high: float
    epoch_mean_s: float
    measured_s: float
    total_s: float
    total_s_low: float
    total_s_high: float
    is_forecast: bool
    no_forecast: str
    uneven_share: float


def timing(worst: Cell, cells: Sequence[Cell], wander: float) -> Timing:
    """Return the timing of an engine whose status and plan are those of its worst cell.

    `wander` is the spread of the machine's speed in the run (`analysis/forecast.py`).
    """
    chosen = [selection(cell) for cell in cells if cell.epochs]
    calm = [each for each in chosen if not each.is_disturbed] or chosen
    times = [epoch.seconds for each in calm for epoch in each.epochs] or [math.nan]
    low, epoch_s, high = np.quantile(times, [0.25, 0.5, 0.75]).tolist()
    measured_s, total = _total(worst, [cell for cell in cells if cell.epochs], wander)
    return Timing(
        epoch_s=epoch_s,
        epoch_s_low=low,
        epoch_s_high=high,
        epoch_mean_s=float(np.mean(times)),
        measured_s=measured_s,
        total_s=total.total_s,
        total_s_low=total.low_s,
        total_s_high=total.high_s,
        is_forecast=not math.isnan(total.low_s),
        no_forecast=total.refusal,
        uneven_share=_uneven_share(calm),
    )


def _total(worst: Cell, cells: Sequence[Cell], wander: float) -> tuple[float, Forecast]:
    """Return the time that was measured, and that of all planned epochs."""
    unknown = Forecast(math.nan, math.nan, math.nan)
    walls = [[epoch.seconds for epoch in cell.epochs] for cell in cells]
    complete = [math.fsum(each) for each in walls if len(each) == worst.epochs_planned]
    if complete:
        median_s = _median(complete)
        return median_s, replace(unknown, total_s=median_s)
    if not walls:
        return math.nan, unknown
    longest = max(walls, key=len)
    if worst.status != "ok":
        return math.fsum(longest), unknown
    return math.fsum(longest), forecast(longest, worst.epochs_planned, wander)


# Epochs differ without a cause of their own; and a cost that comes every fifth epoch must be in
# each half of a round, lest one late warm-up count as a cost that recurs.
_UNEVEN = 0.05
_MIN_HALF = 5


def _uneven_share(rounds: Sequence[Selection]) -> float:
    """Return how much of an engine's time its slow epochs cost beyond the median one.

    It is the least that any half of any round shows, by the wall clock or by processor time: the
    machine does not slow all of them down, nor the processor's clock. Unless that is worth
    reporting it is 0.
    """
    halves = [half for each in rounds for half in _halves(each.epochs)]
    shares = [
        1.0 - per(float(np.median(times)), float(np.mean(times)))
        for half in halves
        for times in ([epoch.seconds for epoch in half], [epoch.cpu_s for epoch in half])
    ]
    share = min(shares, default=0.0)
    return share if share >= _UNEVEN else 0.0


def _halves(epochs: Sequence[Epoch]) -> list[Sequence[Epoch]]:
    """Return the two halves of a round, none if they are too short to compare."""
    n = len(epochs) // 2
    return [epochs[:n], epochs[n:]] if n >= _MIN_HALF else []


@dataclass(frozen=True)
class Calm:
    """How far the machine let an engine work: epochs and rounds, and shares of the epochs' time.

    `undisturbed` of `steady` epochs in all rounds; `disturbed_rounds` had too few of them. The
    shares are nan where the system does not count.
    """

    undisturbed: int
    steady: int
    disturbed_rounds: int
    waited_share: float
    stolen_share: float
    pressure_share: float

    @property
    def share(self) -> float:
        """The share of the steady epochs that were undisturbed."""
        return per(self.undisturbed, self.steady)


def calm(cells: Sequence[Cell]) -> Calm:
    """Return how far the machine let an engine work."""
    chosen = [selection(cell) for cell in cells if cell.epochs]
    epochs = [epoch for cell in cells for epoch in cell.epochs]
    return Calm(
        undisturbed=sum(each.n_undisturbed for each in chosen),
        steady=sum(each.n_steady for each in chosen),
        disturbed_rounds=sum(each.is_disturbed for each in chosen),
        waited_share=_share("waited_s", epochs),
        stolen_share=_share("stolen_s", epochs),
        pressure_share=_share("pressure_s", epochs),
    )


def _share(name: str, epochs: Sequence[Epoch]) -> float:
    """Return a counter's share of the wall time of the epochs that have it."""
    counted = [(getattr(epoch, name), epoch.wall_s) for epoch in epochs]
    known = [(counted_s, wall_s) for counted_s, wall_s in counted if counted_s is not None]
    return per(sum(counted_s for counted_s, _ in known), sum(wall_s for _, wall_s in known))


@dataclass(frozen=True)
class Start:
    """What comes before the first epoch: medians over rounds.

    Rounds that loaded code which an earlier one compiled are left out, if any compiled it.
    """

    import_s: float
    build_s: float
    first_step_s: float
    second_build_s: float

    @property
    def total_s(self) -> float:
        """Seconds from the import to the end of the first step, in which engines compile."""
        return self.import_s + self.build_s + self.first_step_s


def start(cells: Sequence[Cell]) -> Start:
    """Return the start of an engine."""
    compiling = [cell for cell in cells if not cell.code_from_disk]
    return Start(**_medians(Start.__dataclass_fields__, compiling or cells))


def start_from_disk(cells: Sequence[Cell]) -> Start | None:
    """Return the start of an engine in the rounds that loaded its code; None if there are none."""
    loading = [cell for cell in cells if cell.code_from_disk]
    return Start(**_medians(Start.__dataclass_fields__, loading)) if loading else None


@dataclass(frozen=True)
class Process:
    """What the processes of an engine used.

    Processor time and the collector's share are over the epochs of all rounds, memory is the
    largest of any round, and the rest are medians over rounds.
    """

    cpu_s: float
    cpu_per_wall: float
    collector_share: float
    peak_bytes: float
    added_bytes: float
    n_threads: float
    whole_s: float
    tree_cpu_s: float
    read_s: float
    logits_s: float
    minor_faults: float
    major_faults: float
    voluntary_switches: float
    involuntary_switches: float
    step_python_bytes: float
    between_cpu_s: float
    between_idle_s: float
    children_cpu_s: float


def process(cells: Sequence[Cell]) -> Process:
    """Return what the processes of an engine used."""
    epochs = [epoch for cell in cells for epoch in cell.epochs]
    wall_s, cpu_s = sum(e.wall_s for e in epochs), sum(e.cpu_s for e in epochs)
    peaks = [(cell.peak_bytes, cell.baseline_bytes) for cell in cells if cell.peak_bytes]
    return Process(
        cpu_s=cpu_s,
        cpu_per_wall=per(cpu_s, wall_s),
        collector_share=per(sum(e.collector_s for e in epochs), wall_s),
        peak_bytes=_largest(peak for peak, _ in peaks),
        added_bytes=_largest(peak - bare for peak, bare in peaks if bare),
        **_medians(("n_threads", "whole_s", "tree_cpu_s", "read_s", "logits_s"), cells),
        **_medians(Usage.__struct_fields__, [cell.usage for cell in cells if cell.usage]),
    )


@dataclass(frozen=True)
class Graph:
    """The graph of one step, and how long the step took for each of its nodes."""

    counted_rows: float = math.nan
    nodes: float = math.nan
    edges: float = math.nan
    node_bytes: float = math.nan
    array_bytes: float = math.nan
    node_bytes_each: float = math.nan
    node_s: float = math.nan


def graph(cell: Cell, n_train: int, epoch_s: float) -> Graph:
    """Return the graph that a cell counted, all unknown if it counted none."""
    counts = cell.counts
    if counts is None:
        return Graph()
    nodes = sum(counts.nodes.values())
    steps_per_epoch = per(n_train, counts.counted_rows)  # a short last batch is a part of one
    return Graph(
        counted_rows=counts.counted_rows,
        nodes=nodes,
        edges=counts.edges,
        node_bytes=counts.node_bytes,
        array_bytes=counts.array_bytes,
        node_bytes_each=per(counts.node_bytes, nodes),
        node_s=per(epoch_s, steps_per_epoch * nodes),
    )


@dataclass(frozen=True)
class Differences:
    """The largest differences from the reference in any round; of steps the sum."""

    steps_compared: int
    loss: float
    parameters: float
    logits: float
    limit: float


def differences(cells: Sequence[Cell]) -> Differences:
    """Return how far an engine was from the reference."""
    found = [cell.equality for cell in cells if cell.equality]
    return Differences(
        steps_compared=sum(equality.n_steps for equality in found),
        loss=_largest(equality.loss_difference for equality in found),
        parameters=_largest(equality.parameter_difference for equality in found),
        logits=_largest(equality.logit_difference for equality in found),
        limit=_largest(equality.limit for equality in found),
    )


def per(amount: float, unit: float) -> float:
    """Return a quotient, nan where there is nothing to divide by."""
    return amount / unit if unit else math.nan


def _medians(names: Iterable[str], records: Sequence[object]) -> dict[str, float]:
    """Return the median of each of the named fields, over the records."""
    return {name: _median(getattr(record, name) for record in records) for name in names}


def _median(numbers: Iterable[float | None]) -> float:
    known = [number for number in numbers if number is not None]
    return float(np.median(known)) if known else math.nan


def _largest(numbers: Iterable[float | None]) -> float:
    """Return the largest number; one that is stored as None was not finite."""
    return max((math.inf if n is None else n for n in numbers), default=math.nan)
