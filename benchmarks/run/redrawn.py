"""Draws the data of a run again, as the plan in its records says, and compares.

The other parts of the records are recomputed in `verify`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchgrad import datasets
from benchgrad.benchmarks.cell.description import describe
from benchgrad.benchmarks.plan import Plan
from benchgrad.benchmarks.records import Data, Grid, Results
from benchgrad.benchmarks.run.environment import observe
from benchgrad.datasets import Dataset, DatasetError, Table

_LIBRARIES = ("numpy", "scikit-learn")  # which draw the data
_ROUNDING = 1e-9  # another processor may round the last digit of a coordinate otherwise


@dataclass(frozen=True)
class Redrawn:
    """What a comparison of the data with new ones showed.

    `problems` has a line for each part that differs; `unknown` says why there was no comparison.
    """

    problems: tuple[str, ...] = ()
    unknown: str = ""


def draw(plan: Plan, rows: Table | None = None) -> Dataset:
    """Return the data set of a plan; `rows` are what the user gave in memory, if that is it.

    Raises:
        DatasetError: it does not exist, is unusable, or was given and is not now.
    """
    data, seed = plan.data, plan.training.seed
    if rows is not None:
        return datasets.split(data.name, rows, data.test_fraction, seed)
    if datasets.is_given(data.name):
        raise DatasetError(
            f"the data set {data.name!r} was given as arrays; give it again, in Python: "
            "benchgrad.run(resume=folder, dataset=(X, y))"
        )
    recipe = datasets.Recipe(
        data.n_samples,
        data.noise,
        data.test_fraction,
        data.label,
        seed,
        data.n_features,
        data.n_classes,
    )
    return datasets.make(data.name, recipe)


def redrawn(results: Results) -> Redrawn:
    """Compare the data of records with those that their plan gives here."""
    name = results.plan.data.name
    if name.endswith(".csv"):
        return Redrawn(unknown=f"they are those of a file, {name!r}")
    if datasets.is_given(name):
        return Redrawn(unknown="they were given as arrays")
    try:
        again = describe(draw(results.plan))
    except DatasetError as error:
        return Redrawn((f"data: {error}",))
    found = tuple(
        f"data: {part} is not what the plan gives" for part in _other(results.data, again)
    )
    then, here = results.environment.libraries, observe().libraries
    for library in _LIBRARIES:
        if found and then.get(library) != here.get(library):
            versions = f"{then.get(library)}, and here they are those of {here.get(library)}"
            return Redrawn(unknown=f"they are those of {library} {versions}")
    return Redrawn(found)


def _other(data: Data, again: Data) -> Iterator[str]:
    """Yield the parts of the data that differ."""
    for part in ("name", "n_train", "n_test", "n_features", "class_names"):
        if getattr(data, part) != getattr(again, part):
            yield part
    for part in ("train_labels", "test_labels", "train_points", "test_points"):
        if not _alike(getattr(data, part), getattr(again, part)):
            yield part
    if not _alike(_bounds(data.grid), _bounds(again.grid)):
        yield "grid"


def _bounds(grid: Grid | None) -> list[float]:
    """Return the ends of a grid; how fine it is depends on no data."""
    return [grid.x_min, grid.x_max, grid.y_min, grid.y_max] if grid else []


def _alike(then: list[float], now: list[float]) -> bool:
    return np.shape(then) == np.shape(now) and np.allclose(then, now, rtol=0.0, atol=_ROUNDING)
