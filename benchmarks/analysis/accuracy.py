"""What many seeds say about accuracy: means with intervals, and whether engines differ.

A pure function of the records of a sweep over seeds, or over data sets and seeds.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from benchgrad.benchmarks.analysis.points import measured
from benchgrad.benchmarks.analysis.statistics import CONFIDENCE
from benchgrad.benchmarks.records import Results

_MIN_SEEDS = 3


@dataclass(frozen=True)
class Study:
    """The test accuracy of one engine on one data set over many seeds.

    A seed draws the data, the weights and the batches. `mean` has an interval, `spread` is the
    standard deviation from seed to seed, and `apart` the largest difference, with one seed, from
    the plan's first engine.
    """

    dataset: str
    engine: str
    n_seeds: int
    mean: float
    low: float
    high: float
    spread: float
    apart: float


def studies(results: Results) -> list[Study]:
    """Return a study for each data set and engine; none unless the run varies the seed.

    The interval is Student's t over the seeds, and ends where an accuracy does.
    """
    axes = results.plan.axes
    if axes is None or not axes.seed:
        return []
    found: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    own = results.plan.own
    for each in measured(results):
        if set(each.at.values) <= {"seed", "dataset"} and not math.isnan(each.test_accuracy):
            dataset = each.at.dataset or str(own.dataset)
            seed = own.seed if each.at.seed is None else each.at.seed
            found[dataset, each.engine][int(seed or 0)] = each.test_accuracy
    first = results.plan.engines[0].name
    return [
        _study(dataset, engine, seeds, found.get((dataset, first), {}))
        for (dataset, engine), seeds in found.items()
        if len(seeds) >= _MIN_SEEDS
    ]


def _study(dataset: str, engine: str, seeds: dict[int, float], first: dict[int, float]) -> Study:
    from scipy import special

    accuracies = np.array(list(seeds.values()))
    n, mean, spread = len(accuracies), float(accuracies.mean()), float(accuracies.std(ddof=1))
    reach = -float(special.stdtrit(n - 1, (1.0 - CONFIDENCE) / 2.0)) * spread / math.sqrt(n)
    apart = max((abs(seeds[s] - first[s]) for s in seeds.keys() & first.keys()), default=math.nan)
    low, high = max(mean - reach, 0.0), min(mean + reach, 1.0)
    return Study(dataset, engine, n, mean, low, high, spread, apart)
