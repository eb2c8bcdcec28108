"""How cost grows along each axis of a sweep, and where one engine overtakes another.

Pure functions of records. Times are only ever compared within a host.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchgrad.benchmarks.analysis.cost_model import CostModel, fitted
from benchgrad.benchmarks.analysis.points import Measured, fastest, main_host, measured
from benchgrad.benchmarks.analysis.statistics import CONFIDENCE
from benchgrad.benchmarks.records import Results

NUMERIC = ("samples", "features", "width", "depth", "batch", "classes")
_MIN_SLOPE_POINTS = 3


@dataclass(frozen=True)
class Slope:
    """How the logarithm of a cost grows with that of a size; unknown ends are nan."""

    slope: float
    low: float
    high: float
    n_points: int


@dataclass(frozen=True)
class Overtaking:
    """Two engines, each the fastest at one of two neighbouring points; both points were measured.

    `axis` tells the points apart, and `value` is where the times are equal, by the logarithms of
    the ratios at both; `place` is that of both points on the other axis of the grid. `ratios` say
    how many times as long `second` takes as `first`, at the smaller point and at the larger.
    """

    first: str
    second: str
    axis: str
    low: int
    high: int
    value: float
    place: int
    ratios: tuple[float, float]


def along(every: Iterable[Measured], axis: str) -> list[Measured]:
    """Return the points of an axis: those that differ from the plan in nothing else."""
    return [each for each in every if set(each.at.values) <= {axis} and _size(each, axis) > 0]


def slope(points: Sequence[Measured], axis: str, quantity: str) -> Slope:
    """Return how a cost of one engine grows along an axis; 1 is in proportion.

    Points of one host are compared with one another only: the logarithms have their host's mean
    taken out. The interval is that of ordinary least squares.
    """
    known = [p for p in points if getattr(p, quantity) > 0.0]
    x = np.array([math.log(_size(p, axis)) for p in known])
    y = np.array([math.log(getattr(p, quantity)) for p in known])
    n_hosts = len({p.host for p in known})
    for host in {p.host for p in known}:
        here = np.array([p.host == host for p in known])
        x[here], y[here] = x[here] - x[here].mean(), y[here] - y[here].mean()
    if len(known) < _MIN_SLOPE_POINTS or not x.any():
        return Slope(math.nan, math.nan, math.nan, len(known))
    from scipy import special

    found = float(x @ y / (x @ x))
    degrees = len(known) - 1 - n_hosts
    if degrees < 1:
        return Slope(found, math.nan, math.nan, len(known))
    residual = y - found * x
    error = math.sqrt(float(residual @ residual) / degrees / float(x @ x))
    reach = -float(special.stdtrit(degrees, (1.0 - CONFIDENCE) / 2.0)) * error
    return Slope(found, found - reach, found + reach, len(known))


def models(results: Results) -> tuple[CostModel, ...]:
    """Return the cost model of each engine, on the host that measured most points."""
    every = measured(results) if results.points else []
    host = main_host(every)
    own = {c.name: [p for p in every if p.engine == c.name and p.host == host]
           for c in results.plan.engines}  # fmt: skip
    return tuple(model for points in own.values() if (model := fitted(points)))


def on_grid(results: Results) -> list[Measured]:
    """Return the points of the grid, from the host that measured most of them."""
    axes = results.plan.axes
    if axes is None or len(axes.grid) != 2 or not set(axes.grid) <= set(NUMERIC):
        return []
    every = [each for each in measured(results) if set(each.at.values) <= set(axes.grid)]
    host = main_host(every)
    return [each for each in every if each.host == host]


def overtakings(results: Results) -> list[Overtaking]:
    """Return where, along the axes of the grid, another engine becomes the fastest."""
    axes = results.plan.axes
    points = on_grid(results)
    if axes is None or not points:
        return []
    times: dict[tuple[int, int], dict[str, float]] = defaultdict(dict)
    for each in points:
        if each.epoch_s > 0.0:
            times[_size(each, axes.grid[0]), _size(each, axes.grid[1])][each.engine] = each.epoch_s
    best = {
        (_size(each, axes.grid[0]), _size(each, axes.grid[1])): each.engine
        for each in fastest(points).values()
    }
    found = []
    for along_axis in (0, 1):
        for a, b in _neighbours(best, along_axis):
            first, second = best[a], best[b]
            if first == second or not {first, second} <= times[a].keys() & times[b].keys():
                continue
            ratios = tuple(times[place][second] / times[place][first] for place in (a, b))
            share = math.log(ratios[0]) / (math.log(ratios[0]) - math.log(ratios[1]))
            low, high = a[along_axis], b[along_axis]
            value = low * (high / low) ** share
            found.append(
                Overtaking(
                    first, second, axes.grid[along_axis], low, high, value,
                    a[1 - along_axis], (ratios[0], ratios[1]),
                )
            )  # fmt: skip
    return found


def _neighbours(
    best: Mapping[tuple[int, int], str], axis: int
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    lines: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for place in best:
        lines[place[1 - axis]].append(place)
    for _, line in sorted(lines.items()):
        yield from itertools.pairwise(sorted(line, key=lambda place: place[axis]))


def _size(each: Measured, axis: str) -> int:
    return int(each.shape.value(axis)) if axis in NUMERIC else 0
