"""Which engine is the fastest at some size, in a sentence, from the records of a sweep.

A pure function of records: measured points answer for themselves, the cost model for all others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from benchgrad.benchmarks.analysis.cost_model import CostModel
from benchgrad.benchmarks.analysis.points import Measured, Shape, main_host, measured
from benchgrad.benchmarks.analysis.scaling import models
from benchgrad.benchmarks.records import RecordError, Results


@dataclass(frozen=True)
class Answer:
    """The step times of the engines at a size, the fastest first.

    `n_rounds` is that of the measured point, 0 if the cost model expects the times; `error` is then
    the median error of the models at sizes that they were not fitted to, nan if none was held out.
    With `is_disturbed` the machine was busy, and some of the times are processor time.
    """

    shape: Shape
    step_s: dict[str, float]
    n_rounds: int
    error: float
    is_disturbed: bool


def answer(results: Results, sizes: Mapping[str, int]) -> Answer:
    """Return which engine is the fastest at the plan's size with some of it changed.

    Args:
        results: a sweep.
        sizes: values of numeric axes, by name; the others are the plan's own.

    Raises:
        RecordError: the run is no sweep, or measured too little.
    """
    every = measured(results)
    if not results.points:
        raise RecordError("the run has no axes, so it answers for one size only; run: scaling")
    host = main_host(every)
    here = [each for each in every if each.host == host and each.epoch_s > 0.0]
    wanted = _shape(every[0].shape, sizes)
    exact = [each for each in here if each.shape == wanted]
    if len({each.engine for each in exact}) > 1:
        return _measured_answer(wanted, exact)
    fits = models(results)
    if len(fits) < 2:
        raise RecordError("too few points were measured for the cost models of two engines")
    step_s = {model.engine: model.step_s(wanted) for model in fits}
    return Answer(wanted, _sorted(step_s), 0, _error(fits), any(p.n_disturbed for p in here))


def _measured_answer(wanted: Shape, exact: list[Measured]) -> Answer:
    times = {each.engine: each.step_s for each in exact}
    n_rounds = min(len(each.rounds_s) for each in exact)
    is_disturbed = any(each.n_disturbed for each in exact)
    return Answer(wanted, _sorted(times), n_rounds, math.nan, is_disturbed)


def _sorted(step_s: dict[str, float]) -> dict[str, float]:
    return dict(sorted(step_s.items(), key=lambda item: item[1]))


def _error(fits: tuple[CostModel, ...]) -> float:
    errors = [abs(each.error) for model in fits for each in model.held_out]
    return float(np.median(errors)) if errors else math.nan


def _shape(own: Shape, sizes: Mapping[str, int]) -> Shape:
    """Return a size with some of its axes changed."""
    features, *hidden, classes = own.layers
    width = sizes.get("width", hidden[0] if hidden else 1)
    if "width" in sizes or "depth" in sizes:
        hidden = [width] * sizes.get("depth", len(hidden))
    return replace(
        own,
        layers=(sizes.get("features", features), *hidden, sizes.get("classes", classes)),
        batch=sizes.get("batch", own.batch),
        n_rows=sizes.get("samples", own.n_rows),
    )
