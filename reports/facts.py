"""Facts about one engine, each group derived from its cells; `engine_summary` holds them together.

Units end the names; what is unknown is nan.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from benchgrad.benchmarks.records import Cell, Usage


@dataclass(frozen=True)
class Timing:
    """The time of the epochs, `Epoch.seconds` of the records.

    `epoch_s` is the median of the steady epochs of all rounds, `epoch_s_low` and `epoch_s_high`
    are their quartiles. Steady are those after the first of each round, which warms up and counts
    only where there is no other. `measured_s` is the median over rounds of the sum of all epochs.
    `total_s` covers all planned epochs: each that a budget cut off counts as `epoch_s`, and
    `is_forecast` is true. An engine that ended early for another reason has no total.
    """

    epoch_s: float
    epoch_s_low: float
    epoch_s_high: float
    measured_s: float
    total_s: float
    is_forecast: bool


def timing(worst: Cell, cells: Sequence[Cell]) -> Timing:
    """Return the timing of an engine whose status and plan are those of its worst cell."""
    rounds = [[epoch.seconds for epoch in cell.epochs] for cell in cells if cell.epochs]
    steady = [wall_s for walls in rounds for wall_s in walls[1:]] or [walls[0] for walls in rounds]
    low, epoch_s, high = np.quantile(steady or [math.nan], [0.25, 0.5, 0.75]).tolist()
    n_left = [worst.epochs_planned - len(walls) for walls in rounds]
    is_cut = any(n > 0 for n in n_left)
    is_forecast = is_cut and worst.status == "ok"
    totals = [sum(walls) + n * epoch_s for walls, n in zip(rounds, n_left, strict=True)]
    return Timing(
        epoch_s=epoch_s,
        epoch_s_low=low,
        epoch_s_high=high,
        measured_s=_median(map(sum, rounds)),
        total_s=math.nan if is_cut and not is_forecast else _median(totals),
        is_forecast=is_forecast,
    )


@dataclass(frozen=True)
class Start:
    """What comes before the first epoch: medians over rounds."""

    import_s: float
    build_s: float
    first_step_s: float

    @property
    def total_s(self) -> float:
        """Seconds from the import to the end of the first step, in which engines compile."""
        return self.import_s + self.build_s + self.first_step_s


def start(cells: Sequence[Cell]) -> Start:
    """Return the start of an engine."""
    return Start(**_medians(("import_s", "build_s", "first_step_s"), cells))


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
    minor_faults: float
    major_faults: float
    voluntary_switches: float
    involuntary_switches: float
    step_python_bytes: float
    between_cpu_s: float
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
        **_medians(("n_threads", "whole_s"), cells),
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
