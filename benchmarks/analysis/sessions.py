"""How alike were the sessions of two runs? What differs between them no interval of either covers.

The engines themselves are compared in `compare`.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from msgspec import Struct

from benchgrad.benchmarks.records import Cell, Results

# Smaller factors are within what two runs may differ by anyway (`statistics.UNPAIRED_EFFECT`).
LEAST_FACTOR = 1.05
_LEAST_CPU_S = 0.05  # shorter times say nothing: the kernel counts processor time in ticks


class Doubt(Struct, frozen=True):
    """Something that differs between the sessions of two runs, by a factor of 1 or more."""

    what: str
    factor: float


def doubts(old: Results, new: Results, before: list[Cell], after: list[Cell]) -> list[Doubt]:
    """Return what makes a difference between two runs of an engine doubtful, largest first.

    `before` and `after` are the engine's own cells. See docs/measurement.md for the rule.
    """
    found = [*_control(old, new), *_share(before, after), *_load(old, new)]
    large = [doubt for doubt in found if doubt.factor > LEAST_FACTOR]
    return sorted(large, key=lambda doubt: -doubt.factor)


def _control(old: Results, new: Results) -> Iterator[Doubt]:
    """Yield by how much the fixed workload, timed before each cell, took another time."""
    then, now = ([s for cell in run.cells for s in cell.control_s] for run in (old, new))
    if then and now:
        yield Doubt("the fixed workload", _factor(statistics.median(then), statistics.median(now)))


def _share(before: Sequence[Cell], after: Sequence[Cell]) -> Iterator[Doubt]:
    """Yield by how much an engine had another share of the processor in its epochs."""
    then, now = _cpu_per_wall(before), _cpu_per_wall(after)
    if then and now:
        yield Doubt("the engine's share of a processor", _factor(then, now))


def _cpu_per_wall(cells: Sequence[Cell]) -> float:
    epochs = [epoch for cell in cells for epoch in cell.epochs]
    cpu_s, wall_s = (sum(getattr(e, name) for e in epochs) for name in ("cpu_s", "wall_s"))
    return cpu_s / wall_s if cpu_s > _LEAST_CPU_S else 0.0


def _load(old: Results, new: Results) -> Iterator[Doubt]:
    """Yield by how much more often an engine had to wait, by the load at the start of each run."""
    then, now = (
        max(1.0, (1.0 + run.environment.load_1min) / run.environment.n_cpus) for run in (old, new)
    )
    yield Doubt("the load", _factor(then, now))


def _factor(then: float, now: float) -> float:
    return max(then / now, now / then)
