"""The race: what every engine had reached at every moment of its training, for all to be replayed.

It derives and draws nothing: the page and the animation show it. Moments are seconds of training.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np

from benchgrad.benchmarks.records import Cell, Results
from benchgrad.reports.engine_summary import EngineSummary, RowStatus
from benchgrad.reports.formats import count, duration
from benchgrad.reports.shapes import Shape, Shapes

_MOST_LANES = 12  # a page with a thousand engines shows the fastest
_MOST_EPOCHS = 400  # of a lane: as many as there are pixels


@dataclass(frozen=True)
class Moment:
    """What an engine had reached: finished epochs, and their last loss and test accuracy."""

    n_epochs: int
    loss: float
    accuracy: float
    shape: int | None


@dataclass(frozen=True)
class Lane:
    """One engine in the first round, over its finished epochs.

    `ends_s[i]` is when `epochs[i]` epochs had taken their time, all of it spent in the engine;
    losses are means over the steps of an epoch. `regions` has numbers of epochs, and which of the
    race's shapes shows the regions after them. `forecast_s` is the forecast of the whole training,
    nan unless a budget ended it. `place` counts from 1, None for an engine that is not ranked.
    """

    name: str
    status: RowStatus
    batch_size: int
    n_planned: int
    epochs: tuple[int, ...]
    ends_s: tuple[float, ...]
    losses: tuple[float, ...]
    accuracies: tuple[float, ...]
    regions: tuple[tuple[int, int], ...]
    forecast_s: float
    place: int | None = None

    @property
    def ending(self) -> str:
        """How its training ended, in a few words."""
        some = f"after {count(self.n_done)} of {_epochs(self.n_planned)}"
        if self.status != "ok":
            return f"{self.status} {some}"
        if self.n_done == self.n_planned:
            return f"{_epochs(self.n_done)} in {duration(self.end_s)}"
        whole = f"; all {count(self.n_planned)}: {duration(self.forecast_s)} (forecast)"
        return f"stopped by its budget {some}{'' if math.isnan(self.forecast_s) else whole}"

    @property
    def end_s(self) -> float:
        """When its last epoch ended."""
        return self.ends_s[-1]

    @property
    def n_done(self) -> int:
        """How many epochs it finished."""
        return self.epochs[-1]

    @property
    def epoch_s(self) -> float:
        """What an epoch took on average, the first one with its warm-up included."""
        return self.end_s / self.n_done

    def at(self, moment_s: float) -> Moment:
        """Return what it had reached after so much training."""
        return self._after(bisect_right(self.ends_s, moment_s))

    def after(self, n_epochs: int) -> Moment:
        """Return what it had reached after so many epochs, or all it has."""
        return self._after(bisect_right(self.epochs, n_epochs))

    def _after(self, n_kept: int) -> Moment:
        n_epochs = self.epochs[n_kept - 1] if n_kept else 0
        shapes = [shape for n, shape in self.regions if n <= n_epochs]
        shape = shapes[-1] if shapes else None
        if not n_kept:
            return Moment(0, math.nan, math.nan, shape)
        return Moment(n_epochs, self.losses[n_kept - 1], self.accuracies[n_kept - 1], shape)


@dataclass(frozen=True)
class Race:
    """All lanes, in the plan's order.

    Who is ranked gets a place, by the average time of its epochs. `n_common` is the most epochs
    that all ranked engines have; `unseen` of the engines with an epoch are not shown.
    """

    lanes: tuple[Lane, ...]
    shapes: tuple[Shape, ...]
    n_common: int
    unseen: int

    @property
    def end_s(self) -> float:
        """When everybody's last epoch has ended."""
        return max(lane.end_s for lane in self.lanes)

    @property
    def finishers(self) -> list[Lane]:
        """The lanes with a place, the first one first."""
        placed = [lane for lane in self.lanes if lane.place]
        return sorted(placed, key=lambda lane: lane.place or 0)

    @property
    def work(self) -> str:
        """Who did the same work, as the subject of a sentence."""
        if len({lane.batch_size for lane in self.finishers}) > 1:
            return "Those with the same batches"
        return "All" if len(self.finishers) == len(self.lanes) else "The ranked ones"

    @property
    def telling_s(self) -> float:
        """The moment that tells most: when the first engine has all its epochs."""
        return min(lane.end_s for lane in self.finishers or self.lanes)

    @property
    def moments_s(self) -> tuple[float, float, float]:
        """Three moments to compare the engines at: the telling one, the end, and between them."""
        return self.telling_s, math.sqrt(self.telling_s * self.end_s), self.end_s

    @property
    def done(self) -> list[Lane]:
        """Who has all its epochs at the telling moment."""
        return [lane for lane in self.finishers if lane.end_s <= self.telling_s]

    @property
    def behind(self) -> list[Lane]:
        """Who has not finished its first epoch at the telling moment."""
        return [lane for lane in self.lanes if lane.ends_s[0] > self.telling_s]


def race(results: Results, engines: Sequence[EngineSummary]) -> Race | None:
    """Return the race of a run, None if no engine finished an epoch with a time and a loss."""
    shapes = Shapes(results.data)
    batch_sizes = {each.name: results.plan.batch_size_of(each) for each in results.plan.engines}
    first = {cell.engine: cell for cell in results.cells if cell.round == 0 and cell.epochs}
    lanes = [
        _lane(first[engine.name], engine, batch_sizes[engine.name], shapes)
        for engine in engines
        if engine.is_as_shipped and engine.name in first
    ]
    lanes = [lane for lane in lanes if lane.ends_s[0] > 0.0]
    if not lanes:
        return None
    ranked = [lane for lane in lanes if lane.status == "ok"]
    n_common = min((lane.n_done for lane in ranked), default=0)
    order = sorted(ranked, key=lambda lane: lane.epoch_s)
    places = {lane.name: place for place, lane in enumerate(order, start=1)}
    placed = [replace(lane, place=places.get(lane.name)) for lane in lanes]
    shown = sorted(placed, key=lambda lane: lane.place or math.inf)[:_MOST_LANES]
    return Race(
        lanes=tuple(lane for lane in placed if lane in shown),
        shapes=shapes.found,
        n_common=n_common,
        unseen=len(placed) - len(shown),
    )


def _lane(cell: Cell, engine: EngineSummary, batch_size: int, shapes: Shapes) -> Lane:
    ends_s = list(accumulate(epoch.seconds for epoch in cell.epochs))
    kept = _thinned(len(ends_s))
    return Lane(
        name=engine.name,
        status=engine.status,
        batch_size=batch_size,
        n_planned=cell.epochs_planned,
        epochs=tuple(kept),
        ends_s=tuple(ends_s[i - 1] for i in kept),
        losses=tuple(_mean(cell.epochs[i - 1].losses) for i in kept),
        accuracies=tuple(_known(cell.epochs[i - 1].test_accuracy) for i in kept),
        regions=tuple((each.n_epochs, shapes.index(each)) for each in cell.regions),
        forecast_s=engine.timing.total_s if engine.timing.is_forecast else math.nan,
    )


def _thinned(n_epochs: int) -> list[int]:
    """Return which epochs to keep: all of a few, of many those that a log axis can show."""
    if n_epochs <= _MOST_EPOCHS:
        return list(range(1, n_epochs + 1))
    spaced = np.geomspace(1, n_epochs, _MOST_EPOCHS).round().astype(int)
    return sorted({*spaced.tolist(), n_epochs})


def _mean(losses: Iterable[float | None]) -> float:
    """Return the mean of the losses of an epoch; a training that diverged may overflow it."""
    with np.errstate(over="ignore"):
        return float(np.mean(np.array(list(losses), np.float64)))


def _epochs(n_epochs: int) -> str:
    return f"{count(n_epochs)} epoch{'s' if n_epochs != 1 else ''}"


def _known(number: float | None) -> float:
    return math.nan if number is None else number
