"""The table and chart that head a page: every engine on one axis, against any baseline.

It measures an engine in three ways, and places and words all of it; templates and scripts compute
nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchgrad.benchmarks.analysis.statistics import (
    Estimate,
    disturbed_by_engine,
    n_compared,
    paired,
    ranked_rounds,
)
from benchgrad.benchmarks.analysis.undisturbed import is_undisturbed, selection
from benchgrad.benchmarks.records import Cell, Results
from benchgrad.reports import formats
from benchgrad.reports.axis import Axis, axis_for
from benchgrad.reports.engine_summary import EngineSummary
from benchgrad.reports.facts import per
from benchgrad.reports.findings import Headline, cpu_rounds
from benchgrad.reports.style import Look, looks

MOST_BASELINES = 30  # of more engines a page would hold thousands of ratios


@dataclass(frozen=True)
class Amount:
    """Seconds, with the quartiles where there are any."""

    value: float
    low: float = math.nan
    high: float = math.nan

    @property
    def text(self) -> str:
        """The amount, as a reader says it."""
        return formats.seconds(self.value)

    @property
    def quartiles(self) -> str:
        """The middle half of the epochs; empty if they are all the same or unknown."""
        if not self.high > self.low:
            return ""
        return f"{formats.seconds(self.low)} to {formats.seconds(self.high)}"


@dataclass(frozen=True)
class Measure:
    """One way to time an engine: the amount and the ratios of each row, and their axis.

    `ratios` holds a line for each baseline: what is said of each row against it. Rows that are not
    ranked have no ratio.
    """

    name: str
    label: str
    meaning: str
    axis: Axis
    amounts: tuple[Amount, ...]
    ratios: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Row:
    """An engine of the overview, in the order of the rows: the fastest first, then the unranked."""

    engine: EngineSummary
    look: Look
    is_ranked: bool


@dataclass(frozen=True)
class Overview:
    """What the table shows before anybody touches it; `baseline` is the number of a row.

    `n_epochs` is for how many epochs the measure from the start counts. There are only the ratios
    to the baseline if `is_fixed`.
    """

    rows: tuple[Row, ...]
    measures: tuple[Measure, ...]
    baseline: int
    n_epochs: int
    is_fixed: bool


def overview(
    results: Results, engines: Sequence[EngineSummary], headline: Headline | None
) -> Overview:
    """Return the overview of a run."""
    ordered = sorted(engines, key=_place)
    chosen = looks({contestant.name: contestant.spec for contestant in results.plan.engines})
    rounds = ranked_rounds(results.cells)
    rows = tuple(Row(e, chosen[e.name], e.name in rounds) for e in ordered)
    names = [row.engine.name for row in rows]
    baseline = names.index(headline.fast.name) if headline else 0
    is_fixed = len(rounds) > MOST_BASELINES
    n_epochs = common_epochs(engines)
    comparisons = _comparisons(results, names, baseline if is_fixed else None)
    amounts = {
        "warm": [Amount(e.timing.epoch_s, e.timing.epoch_s_low, e.timing.epoch_s_high)
                 for e in ordered],
        "cold": [Amount(e.start.total_s + n_epochs * e.timing.epoch_s) for e in ordered],
        "cpu": [_cpu(e.name, results.cells) for e in ordered],
    }  # fmt: skip
    ratios = {
        "warm": comparisons.within(rounds),
        "cold": comparisons.of_amounts(amounts["cold"], set(rounds)),
        "cpu": comparisons.within({n: cpu_rounds(n, results.cells) for n in rounds}),
    }
    published = [e.published_epoch_s for e in ordered]
    measures = tuple(
        Measure(
            name=name,
            label=label,
            meaning=meaning.format(n_epochs=n_epochs, epochs="epochs" if n_epochs > 1 else "epoch"),
            axis=axis_for(_ends(amounts[name], published if name == "warm" else [])),
            amounts=tuple(amounts[name]),
            ratios=ratios[name],
        )
        for name, label, meaning in _MEASURES
    )
    return Overview(rows, measures, baseline, n_epochs, is_fixed)


_MEASURES = (
    (
        "warm",
        "An epoch, warm",
        "The median epoch after the first: every step, forward, loss, backward and update.",
    ),
    (
        "cold",
        "From a cold start",
        (
            "From import to a trained model: import, build, the first step (in which some engines "
            "compile) and {n_epochs} {epochs} at the warm pace."
        ),
    ),
    (
        "cpu",
        "Processor time",
        "The processor time of the same epochs: it leaves out waiting, and counts every thread.",
    ),
)


def common_epochs(engines: Sequence[EngineSummary]) -> int:
    """Return for how many epochs all engines with the collector as shipped were to train."""
    return min(
        (e.epochs_planned for e in engines if e.status == "ok" and e.is_as_shipped), default=1
    )


def _place(engine: EngineSummary) -> tuple[float, float]:
    """Return what rows are sorted by: ranked engines by their ratio, the rest by their time."""
    ratio, epoch_s = engine.times_fastest.ratio, engine.timing.epoch_s
    return (
        math.inf if math.isnan(ratio) else ratio,
        math.inf if math.isnan(epoch_s) else epoch_s,
    )


def _cpu(name: str, cells: Sequence[Cell]) -> Amount:
    """Return the processor time of the epochs that stand for the rounds of an engine."""
    chosen = [selection(cell) for cell in cells if cell.engine == name and cell.epochs]
    calm = [each for each in chosen if not each.is_disturbed] or chosen
    times = [epoch.cpu_s for each in calm for epoch in each.epochs]
    if not times:
        return Amount(math.nan)
    low, median, high = np.quantile(times, [0.25, 0.5, 0.75]).tolist()
    return Amount(median, low, high)


def _ends(amounts: Sequence[Amount], published: Sequence[float]) -> list[float]:
    return [*published, *(end for a in amounts for end in (a.value, a.low, a.high))]


@dataclass(frozen=True)
class _Comparisons:
    """What is said of each row against each baseline; against only one if `only` names it."""

    names: Sequence[str]
    disturbed: Mapping[str, frozenset[int]]
    n_engines: int
    only: int | None

    def within(self, rounds: Mapping[str, Mapping[int, float]]) -> tuple[tuple[str, ...], ...]:
        """Return the ratios that are taken within rounds, with their intervals."""
        found: dict[tuple[int, int], Estimate] = {}
        for i, j in self._pairs():
            before, after = self.names[i], self.names[j]
            if before in rounds and after in rounds:
                in_both = self.disturbed[before] | self.disturbed[after]
                ratio = paired(rounds[before], rounds[after], in_both, self.n_engines)
                found[i, j], found[j, i] = ratio, _inverse(ratio)
        return self._texts(found, set(rounds))

    def of_amounts(
        self, amounts: Sequence[Amount], ranked: set[str]
    ) -> tuple[tuple[str, ...], ...]:
        """Return the ratios of single amounts, which have no intervals."""
        found = {}
        for i, j in self._pairs():
            if self.names[i] in ranked and self.names[j] in ranked:
                ratio = per(amounts[j].value, amounts[i].value)
                found[i, j] = Estimate(ratio, math.nan, math.nan, 0)
                found[j, i] = _inverse(found[i, j])
        return self._texts(found, ranked)

    def _pairs(self) -> list[tuple[int, int]]:
        every = range(len(self.names))
        if self.only is not None:
            return [(self.only, j) for j in every if j != self.only]
        return [(i, j) for i in every for j in every if i < j]

    def _texts(
        self, found: Mapping[tuple[int, int], Estimate], ranked: set[str]
    ) -> tuple[tuple[str, ...], ...]:
        every = range(len(self.names))
        return tuple(
            tuple(
                "baseline" if i == j and self.names[j] in ranked else _in_words(found.get((i, j)))
                for j in every
            )
            if self.only in (None, i)
            else ()
            for i in every
        )


def _comparisons(results: Results, names: Sequence[str], only: int | None) -> _Comparisons:
    return _Comparisons(
        names, disturbed_by_engine(results.cells), n_compared(ranked_rounds(results.cells)), only
    )


def _inverse(ratio: Estimate) -> Estimate:
    """Return the estimate of the other engine against this one."""
    return replace(
        ratio,
        ratio=per(1.0, ratio.ratio),
        low=per(1.0, ratio.high),
        high=per(1.0, ratio.low),
    )


def _in_words(ratio: Estimate | None) -> str:
    if ratio is None:
        return formats.UNKNOWN
    text = formats.compared(ratio.ratio, ratio.low, ratio.high)
    return f"{text}, disturbed" if ratio.is_disturbed else text


@dataclass(frozen=True)
class Samples:
    """Every epoch of an engine as a point of a path: how many times its median it took.

    Rounds lie below one another. The paths are in a box of 1000 by `height`.
    """

    engine: EngineSummary
    look: Look
    n_epochs: int
    undisturbed: str
    disturbed: str
    first: str
    height: int


@dataclass(frozen=True)
class Distribution:
    """The epochs of all engines, each relative to its engine's median, on one axis."""

    engines: tuple[Samples, ...]
    axis: Axis


_WIDTH = 1000
_LEVELS = 8  # rounds below one another; more share a level
_FURTHEST = 16.0  # times the median, and a part of it: what lies beyond is drawn at the edge


def distribution(results: Results, shown: Overview) -> Distribution:
    """Return every epoch of every engine that has a median."""
    timed = [row for row in shown.rows if row.engine.timing.epoch_s > 0.0]
    cells = {row.engine.name: [c for c in results.cells if c.engine == row.engine.name]
             for row in timed}  # fmt: skip
    factors = [
        min(max(epoch.seconds / row.engine.timing.epoch_s, 1 / _FURTHEST), _FURTHEST)
        for row in timed
        for cell in cells[row.engine.name]
        for epoch in cell.epochs
    ]
    axis = axis_for([*factors, 0.5, 2.0], "{} ×")
    return Distribution(tuple(_samples(row, cells[row.engine.name], axis) for row in timed), axis)


def _samples(row: Row, cells: Sequence[Cell], axis: Axis) -> Samples:
    points: dict[str, dict[tuple[int, int], None]] = {
        "undisturbed": {}, "disturbed": {}, "first": {},
    }  # fmt: skip
    levels = sorted({cell.round for cell in cells if cell.epochs})
    for cell in cells:
        for i, epoch in enumerate(cell.epochs):
            factor = epoch.seconds / row.engine.timing.epoch_s
            x = round(_WIDTH * axis.share(min(max(factor, 1 / _FURTHEST), _FURTHEST)))
            y = 3 + 5 * (levels.index(cell.round) % _LEVELS)
            kind = "undisturbed" if is_undisturbed(epoch) else "disturbed"
            points["first" if i == 0 else kind][x, y] = None
    paths = {
        kind: "".join(f"M{x} {y}h0" for x, y in dict.fromkeys(sorted(own)))
        for kind, own in points.items()
    }
    n_epochs = sum(len(cell.epochs) for cell in cells)
    height = 1 + 5 * min(len(levels), _LEVELS)
    return Samples(row.engine, row.look, n_epochs, height=height, **paths)
