"""The points of a sweep as a list of what each engine did at each: sizes, times, memory, work.

Pure functions of records. Times of different hosts stand side by side here and are never divided.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchgrad.benchmarks.analysis.statistics import countable, round_seconds
from benchgrad.benchmarks.analysis.undisturbed import disturbed_rounds, selection
from benchgrad.benchmarks.axes import BASE, At, Value, apart_from
from benchgrad.benchmarks.axes import place as placed
from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.records import Cell, Point, PointData, Results, Status

HERE = "this machine"  # where a run was started, and its plan itself was measured
BEGUN_ONLY = "its budget ended in its first epoch, in which some engines compile"
_NEAREST = 1.2  # neighbours on an axis nearer than this factor have nothing between them


@dataclass(frozen=True)
class Shape:
    """The size of the work: what the cost of an epoch depends on.

    `layers` are the widths from the features to the classes, `n_rows` the training rows.
    """

    layers: tuple[int, ...]
    batch: int
    n_rows: int
    dtype: str

    @property
    def n_steps(self) -> int:
        """The steps of an epoch."""
        return math.ceil(self.n_rows / self.batch)

    def value(self, axis: str) -> Value:
        """Return where the shape is on a numeric axis; a width is that of the first hidden layer.

        On the axis of the samples it is the number of training rows.
        """
        hidden = self.layers[1:-1]
        values: dict[str, Value] = {
            "samples": self.n_rows,
            "features": self.layers[0],
            "width": hidden[0] if hidden else 0,
            "depth": len(hidden),
            "batch": self.batch,
            "classes": self.layers[-1],
            "dtype": self.dtype,
        }
        return values[axis]


@dataclass(frozen=True)
class Measured:
    """One engine at one point. Unknown numbers are nan.

    `epoch_s` is that of the quickest round, since a neighbour on the machine only adds to it, and
    one point is compared with others; `rounds_s` has the rounds one by one, and `n_disturbed` of
    these are processor time, since the machine disturbed the round; `memory_bytes` is what
    the process held at most beyond what it began with. A point whose budget ended in the first
    epoch of a longer training has no time, and says so in `reason`. `nodes` and `edges` are those
    of the graph of a step on `counted_rows`. `test_accuracy` is the one after the last epoch.
    """

    engine: str
    at: At
    host: str
    shape: Shape
    status: Status
    reason: str
    epoch_s: float
    rounds_s: dict[int, float]
    n_disturbed: int
    memory_bytes: float
    nodes: float
    edges: float
    counted_rows: float
    holds_arrays: bool
    test_accuracy: float

    @property
    def step_s(self) -> float:
        """The time of a step: that of an epoch, divided by its steps."""
        return self.epoch_s / self.shape.n_steps


def shape_of(plan: Plan, data: PointData, batch: int) -> Shape:
    """Return the size of the work of a plan on its data."""
    layers = (data.n_features, *plan.model.hidden, data.n_classes)
    return Shape(layers, batch, data.n_train, plan.training.dtype)


def measured(results: Results) -> list[Measured]:
    """Return every engine at every point that has cells; the plan itself comes first."""
    data = results.data
    size = PointData(data.n_train, data.n_test, data.n_features, len(data.class_names))
    base = _engines(results.plan, BASE, HERE, size, results.cells)
    rest = (_of_point(results.plan, point) for point in results.points)
    return [*base, *itertools.chain.from_iterable(rest)]


def _of_point(plan: Plan, point: Point) -> Iterator[Measured]:
    return _engines(plan.at(point.at), point.at, point.host, point.data, point.cells)


def _engines(
    plan: Plan, at: At, host: str, data: PointData, cells: Sequence[Cell]
) -> Iterator[Measured]:
    for contestant in plan.engines:
        own = countable(cell for cell in cells if cell.engine == contestant.name)
        if not own or contestant.collector != "as shipped":
            continue
        first = next((cell for cell in own if cell.status != "ok"), own[0])
        is_ok = all(cell.status == "ok" for cell in own)
        begun_only = [cell for cell in own if _ended_in_its_first(cell, plan, contestant)]
        rounds_s = _rounds(own, plan.threads) if is_ok and not begun_only else {}
        counts = own[0].counts
        last = own[0].epochs[-1].test_accuracy if own[0].epochs else None
        yield Measured(
            engine=contestant.name,
            at=at,
            host=host,
            shape=shape_of(plan, data, plan.batch_size_of(contestant)),
            status=first.status,
            reason=BEGUN_ONLY if is_ok and begun_only else first.reason,
            epoch_s=min(rounds_s.values(), default=math.nan),
            rounds_s=rounds_s,
            n_disturbed=len(rounds_s.keys() & disturbed_rounds(own)) if plan.threads == 1 else 0,
            memory_bytes=_median(_held(own)),
            nodes=sum(counts.nodes.values()) if counts else math.nan,
            edges=counts.edges if counts else math.nan,
            counted_rows=counts.counted_rows if counts else math.nan,
            holds_arrays=counts is None or counts.array_bytes > 0,
            test_accuracy=math.nan if last is None else last,
        )


def _ended_in_its_first(cell: Cell, plan: Plan, contestant: Contestant) -> bool:
    """Return whether a budget left a cell its first epoch only, in which some engines compile."""
    return len(cell.epochs) == 1 < plan.epochs_of(contestant)


def _rounds(cells: Sequence[Cell], n_threads: int) -> dict[int, float]:
    """Return the seconds of an epoch in each round.

    Where the machine disturbed most epochs of a round, that is the processor time, which leaves out
    the waiting. With more threads than one it says little, so the time on the clock stays.
    """
    found = round_seconds(cells)
    for cell in cells:
        chosen = selection(cell)
        if chosen.is_disturbed and n_threads == 1 and cell.round in found:
            used_s = float(np.median([epoch.cpu_s for epoch in chosen.epochs]))
            found[cell.round] = used_s if used_s > 0.0 else found[cell.round]
    return found


def _held(cells: Iterable[Cell]) -> Iterator[float]:
    for cell in cells:
        if cell.peak_bytes is not None and cell.baseline_bytes is not None:
            yield float(max(cell.peak_bytes - cell.baseline_bytes, 0))


def _median(numbers: Iterable[float]) -> float:
    known = list(numbers)
    return float(np.median(known)) if known else math.nan


def main_host(every: Iterable[Measured]) -> str:
    """Return the host that measured most points; of several, the first by name."""
    points: dict[str, set[At]] = defaultdict(set)
    for each in every:
        if each.epoch_s > 0.0:
            points[each.host].add(each.at)
    return min(points, key=lambda host: (-len(points[host]), host), default=HERE)


def fastest(every: Iterable[Measured]) -> dict[At, Measured]:
    """Return the fastest engine of each point."""
    found: dict[At, Measured] = {}
    for each in every:
        if each.epoch_s > 0.0 and (each.at not in found or each.epoch_s < found[each.at].epoch_s):
            found[each.at] = each
    return found


def refinements(results: Results) -> list[At]:
    """Return the points half-way between neighbours of the grid whose fastest engines differ.

    Half-way is so on a log scale, along one axis at a time.
    """
    axes = results.plan.axes
    if axes is None or len(axes.grid) != 2:
        return []
    best = {_on_grid(each, axes.grid): each.engine for each in fastest(measured(results)).values()
            if _is_on(each.at, axes.grid)}  # fmt: skip
    found = []
    for axis in (0, 1):
        for a, b in _neighbours(list(best), axis):
            middle = round(math.sqrt(a[axis] * b[axis]))
            if best[a] != best[b] and b[axis] > _NEAREST * a[axis] and a[axis] < middle < b[axis]:
                values: dict[str, Value] = dict(zip(axes.grid, a, strict=True))
                values[axes.grid[axis]] = middle
                found.append(apart_from(results.plan.own, placed(values)))
    return list(dict.fromkeys(found))


def _is_on(at: At, grid: Sequence[str]) -> bool:
    """Return whether a point differs from the plan in nothing but the axes of the grid."""
    return set(at.values) <= set(grid)


def _on_grid(each: Measured, grid: Sequence[str]) -> tuple[int, ...]:
    return tuple(int(each.shape.value(axis)) for axis in grid)


def _neighbours(
    places: list[tuple[int, ...]], axis: int
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield the pairs that follow one another along an axis, all else being equal."""
    lines: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for place in places:
        lines[place[1 - axis]].append(place)
    for line in lines.values():
        yield from itertools.pairwise(sorted(line, key=lambda place: place[axis]))
