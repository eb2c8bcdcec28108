"""What a report says about a sweep: cost along each axis, the cost model, the map, accuracy.

It lays out what `benchgrad.benchmarks.analysis` derives; nothing is fitted here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchgrad.benchmarks.analysis.accuracy import Study, studies
from benchgrad.benchmarks.analysis.cost_model import TERMS, Cost, CostModel
from benchgrad.benchmarks.analysis.points import fastest, measured
from benchgrad.benchmarks.analysis.scaling import (
    NUMERIC,
    Slope,
    along,
    models,
    on_grid,
    overtakings,
    slope,
)
from benchgrad.benchmarks.analysis.which import Answer
from benchgrad.benchmarks.axes import BASE
from benchgrad.benchmarks.records import Environment, Results
from benchgrad.reports import formats

UNSEEN = "–"
_HEADINGS = ("an epoch", "a step", "a call", "an element", "a parameter", "products")
_QUANTITIES = {"time of an epoch": "epoch_s", "memory": "memory_bytes"}


class AxisRow(NamedTuple):
    """What an epoch of an engine cost at one point of an axis; `quantity` says what is in `cost`.

    `label` is the engine with its fitted slope.
    """

    axis: str
    quantity: str
    value: int
    engine: str
    host: str
    cost: float
    label: str
    status: str


class MapRow(NamedTuple):
    """The fastest engine at a point of the grid; `lead` is how much longer the next one takes.

    With `part` boundary, where two engines take the same time; `engine` overtakes the other there.
    """

    part: str
    x: float
    y: float
    x_axis: str
    y_axis: str
    engine: str
    lead: float
    status: str


class HeldOutRow(NamedTuple):
    """A point that the cost model was not fitted to: what it expected, and what was measured."""

    engine: str
    measured_s: float
    expected_s: float
    status: str


def axis_table(results: Results) -> pd.DataFrame:
    """Return an `AxisRow` for each engine, axis, point and quantity."""
    every = measured(results) if results.points and results.plan.timed else []
    rows = []
    for axis in NUMERIC:
        line = along(every, axis)
        if len({each.at for each in line}) < 2:
            continue
        for quantity, field in _QUANTITIES.items():
            for name in dict.fromkeys(each.engine for each in line):
                own = [p for p in line if p.engine == name and getattr(p, field) > 0.0]
                own.sort(key=lambda p: (p.host, int(p.shape.value(axis))))
                label = f"{name}{_in_words(slope(own, axis, field))}"
                rows += [
                    AxisRow(axis, quantity, int(p.shape.value(axis)), name, p.host,
                            getattr(p, field), label, "ok")
                    for p in own
                ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(AxisRow._fields))


def _in_words(found: Slope) -> str:
    """Return a slope as ``: 0.92 (0.85 to 0.99)``, empty if it is unknown."""
    if math.isnan(found.slope):
        return ""
    between = "" if math.isnan(found.low) else f" ({found.low:.2f} to {found.high:.2f})"
    return f": {found.slope:.2f}{between}"


def map_table(results: Results) -> pd.DataFrame:
    """Return a `MapRow` for each point of the grid, and for each place of equal times."""
    points, axes = on_grid(results), results.plan.axes
    if axes is None or not points or not results.plan.timed:
        return pd.DataFrame(columns=list(MapRow._fields))
    x_axis, y_axis = axes.grid
    rows = []
    for at, best in fastest(points).items():
        times = sorted(p.epoch_s for p in points if p.at == at and p.epoch_s > 0.0)
        lead = times[1] / times[0] if len(times) > 1 else math.nan
        x, y = (float(best.shape.value(axis)) for axis in (x_axis, y_axis))
        rows.append(MapRow("point", x, y, x_axis, y_axis, best.engine, lead, "ok"))
    for each in overtakings(results):
        x, y = (each.value, each.place) if each.axis == x_axis else (each.place, each.value)
        rows.append(MapRow("boundary", x, y, x_axis, y_axis, each.second, math.nan, "ok"))
    return pd.DataFrame(rows, columns=list(MapRow._fields))


def held_out_table(results: Results) -> pd.DataFrame:
    """Return a `HeldOutRow` for each point that a model was checked on."""
    fits = models(results) if results.plan.timed else ()
    rows = [
        HeldOutRow(model.engine, each.point.epoch_s, each.expected_s, "ok")
        for model in fits
        for each in model.held_out
    ]
    return pd.DataFrame(rows, columns=list(HeldOutRow._fields))


@dataclass(frozen=True)
class CostLine:
    """The cost model of an engine in words: its costs, and how far off it was where it was held.

    `costs` has a text for each term of the model, by the heading of its column.
    """

    engine: str
    costs: dict[str, str]
    checked: str


def cost_lines(results: Results) -> list[CostLine]:
    """Return the cost model of each engine that has one; none unless the run is a timed sweep."""
    fits = models(results) if results.plan.timed else ()
    return [
        CostLine(
            model.engine,
            {
                heading: _cost(term, cost)
                for heading, term, cost in zip(_HEADINGS, TERMS, model.costs, strict=True)
            },
            _checked(model),
        )
        for model in fits
    ]


def _cost(term: str, cost: Cost) -> str:
    """Return a cost with its interval: 7.2 µs (6.9 to 7.5); of FLOPs the rate."""
    if not cost.is_known:
        return UNSEEN
    if term == "flop":
        rate = formats.flops(1.0 / cost.each_s)
        low = formats.flops(1.0 / cost.high_s)
        return f"{rate} ({low} to {formats.flops(1.0 / cost.low_s) if cost.low_s else '∞'})"
    low, high = formats.seconds(cost.low_s), formats.seconds(cost.high_s)
    return f"{formats.seconds(cost.each_s)} ({low} to {high})"


def _checked(model: CostModel) -> str:
    errors = [abs(each.error) for each in model.held_out]
    if not errors:
        return f"{model.n_points} points, none held out"
    within = sum(error <= 0.15 for error in errors)
    return (
        f"median {formats.percent(float(np.median(errors)))}, worst "
        f"{formats.percent(max(errors))}; {within} of {len(errors)} within 15 %"
    )


def machine_line(here: Environment) -> str:
    """Return the rates of the machine in a sentence, empty where they were not measured."""
    if not (here.matmul_flops_per_s and here.memory_bytes_per_s and here.python_calls_per_s):
        return ""
    calls = formats.seconds(1.0 / here.python_calls_per_s)
    arrays = ""
    if here.array_calls_per_s:
        arrays = f", NumPy adds one number in {formats.seconds(1.0 / here.array_calls_per_s)}"
    return (
        f"this machine: products at {formats.flops(here.matmul_flops_per_s)}, memory at "
        f"{here.memory_bytes_per_s / 1e9:.1f} GB/s, Python calls a function in {calls}{arrays}"
    )


def left_out(results: Results) -> list[str]:
    """Return each engine that was left out of a point, with the reason."""
    beside = [each for each in measured(results) if each.at != BASE and each.reason]
    return [f"{each.at}: {each.engine}: {each.reason}" for each in beside]


def study_table(results: Results) -> pd.DataFrame:
    """Return a row for each data set and engine of an accuracy study."""
    rows = [(s.dataset, s.engine, s.n_seeds, s.mean, s.low, s.high, s.spread, s.apart, "ok")
            for s in studies(results)]  # fmt: skip
    names = ["dataset", "engine", "n_seeds", "mean", "low", "high", "spread", "apart", "status"]
    return pd.DataFrame(rows, columns=names)


@dataclass(frozen=True)
class Sweep:
    """What the templates and the terminal show of a sweep beside its figures."""

    n_points: int
    hosts: list[str]
    machine: str
    costs: list[CostLine]
    studies: list[Study]
    left_out: list[str]
    lost: list[str]


def sweep_context(results: Results) -> Sweep | None:
    """Return what a report says of a sweep, None if the run is none."""
    if not results.points:
        return None
    return Sweep(
        n_points=len(results.points),
        hosts=list(results.hosts),
        machine=machine_line(results.environment),
        costs=cost_lines(results),
        studies=studies(results),
        left_out=left_out(results),
        lost=[f"{point.at}: {why}" for point in results.points for why in point.lost],
    )


def sentences(sweep: Sweep) -> Iterator[str]:
    """Yield what the terminal says of a sweep, line by line."""
    hosts = f"{len(sweep.hosts)} host{'s' if len(sweep.hosts) != 1 else ''}"
    yield f"{sweep.n_points} points beside the plan's own, on {hosts}"
    if sweep.costs and sweep.machine:
        yield sweep.machine
    for line in sweep.costs:
        each = ", ".join(
            f"{cost} {'of ' if heading == _HEADINGS[-1] else ''}{heading}"
            for heading, cost in line.costs.items()
            if cost != UNSEEN
        )
        yield f"{line.engine}: {each or 'no cost is determined'}; held out: {line.checked}"
    for study in sweep.studies:
        yield (
            f"{study.dataset}: {study.engine}: {formats.percent(study.mean)} "
            f"({formats.percent(study.low)} to {formats.percent(study.high)}) over {study.n_seeds} "
            f"seeds, which differ by {formats.percent(study.spread)} (standard deviation)"
        )
    yield from (f"left out at {each}" for each in sweep.left_out)
    yield from (f"measured again at {each}" for each in sweep.lost)


def in_a_sentence(found: Answer) -> str:
    """Return which engine is the fastest at a size, with its lead and where the times are from."""
    (best, best_s), (second, second_s), *_ = found.step_s.items()
    hidden = found.shape.layers[1:-1]
    wide = f"width {hidden[0]}, depth {len(hidden)}" if hidden else "no hidden layer"
    lead = f"{formats.ratio(second_s / best_s)} as long with {second}"
    if found.n_rounds:
        rounds = f"{found.n_rounds} round{'s' if found.n_rounds != 1 else ''}"
        source = f"measured in {rounds}"
    else:
        known = "" if math.isnan(found.error) else formats.percent(found.error)
        source = "expected by the cost model" + (
            f", which is typically {known} off at sizes that it was not fitted to" if known else ""
        )
    if found.is_disturbed:
        source += "; the machine was busy, so some of the times are processor time"
    return (
        f"At {wide} and batches of {found.shape.batch}, {best} is the fastest: "
        f"{formats.seconds(best_s)} a step, and {lead} ({source})."
    )
