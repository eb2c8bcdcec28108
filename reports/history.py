"""Runs over time as a page and as CSV: a chart for each engine, with the steps marked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from benchgrad.benchmarks.analysis.history import Moment, Series
from benchgrad.reports import compare, formats
from benchgrad.reports.axis import Axis, axis_for
from benchgrad.reports.escaping import csv_cells
from benchgrad.reports.style import Look, looks
from benchgrad.reports.templating import rendered

PAGE = "history.html"
_HEIGHT = 110.0  # of a chart, in pixels, without the line for its labels
_MOST_DATES = 6
_ROOM = 1.1  # above and below, so that a change of a few percent looks like one


@dataclass(frozen=True)
class Point:
    """A run of an engine: its place on the chart, and what it says; `y` is nan without a time."""

    moment: Moment
    x: str
    y: float
    y_low: float
    y_high: float
    said: str
    previous: tuple[str, float] | None  # where the line comes from

    @property
    def factor(self) -> str:
        """How many times as fast or slow a step is, as 1.19 × slower."""
        change = self.moment.change
        return formats.speedup(1.0 / change.ratio) if change and change.ratio else ""

    @property
    def is_drawn(self) -> bool:
        """Whether the run has a time."""
        return math.isfinite(self.y)


@dataclass(frozen=True)
class Chart:
    """One engine over time."""

    engine: str
    look: Look
    points: tuple[Point, ...]
    low: str
    high: str
    ticks: tuple[tuple[float, str], ...]  # height and time
    dates: tuple[tuple[str, str, str], ...]  # place, anchor and date

    @property
    def steps(self) -> list[Point]:
        """The runs whose time is a step from that of the run before."""
        return [point for point in self.points if point.moment.is_step]

    @property
    def last(self) -> Point:
        """The newest run."""
        return self.points[-1]


def page(found: Sequence[Series], unread: Sequence[str], folder: str) -> bytes:
    """Return the page; `unread` says which records could not be read, and why."""
    named = looks(sorted({engine for series in found for engine in series.moments}))
    charts = [
        (series, [_chart(series, engine, named) for engine in series.moments]) for series in found
    ]
    known = {"folder": folder, "found": charts, "unread": unread, "height": _HEIGHT}
    return rendered(PAGE, known)


def csv(found: Sequence[Series]) -> bytes:
    """Return a row for each engine in each run."""
    rows = [_row(series, moment) for series in found for moment in _in_order(series)]
    content: str = csv_cells(pd.DataFrame(rows, columns=list(_COLUMNS))).to_csv(index=False)
    return content.encode()


_COLUMNS = (
    *("work", "run", "started_at", "benchgrad", "engine", "version", "source", "status", "rounds"),
    *("epoch_s", "low_s", "high_s", "ratio", "ratio_low", "ratio_high", "verdict", "reason"),
)


def _in_order(series: Series) -> Iterator[Moment]:
    order = {run: i for i, run in enumerate(series.runs)}
    moments = [moment for each in series.moments.values() for moment in each]
    yield from sorted(moments, key=lambda moment: order[moment.run])


def _row(series: Series, moment: Moment) -> dict[str, object]:
    change = moment.change
    known = {name: getattr(moment, name) for name in _COLUMNS if hasattr(moment, name)}
    return {
        "work": series.title,
        **known,
        "ratio": change and change.ratio,
        "ratio_low": change and change.ratio_low,
        "ratio_high": change and change.ratio_high,
        "verdict": change.verdict if change else "",
        "reason": change.reason if change else "",
    }


def _chart(series: Series, engine: str, named: dict[str, Look]) -> Chart:
    moments = series.moments[engine]
    ends = [end for m in moments for end in (m.low_s, m.high_s) if end]
    axis = axis_for([*ends, *(end * _ROOM for end in ends), *(end / _ROOM for end in ends)])
    shares = _shares(series)
    points: list[Point] = []
    previous: tuple[str, float] | None = None
    for moment in moments:
        point = _point(moment, shares[moment.run], axis, previous)
        points.append(point)
        if point.is_drawn:
            previous = (point.x, point.y)
    return Chart(
        engine=engine,
        look=named[engine],
        points=tuple(points),
        low=formats.seconds(min(ends, default=math.nan)),
        high=formats.seconds(max(ends, default=math.nan)),
        ticks=tuple((_HEIGHT * (1.0 - tick.share), tick.label) for tick in axis.ticks),
        dates=tuple(_dates(moments, shares)),
    )


def _shares(series: Series) -> dict[str, float]:
    """Return the place of each run: they are equally far from each other, whatever the dates."""
    n = len(series.runs)
    return {run: (i + 0.5) / n for i, run in enumerate(series.runs)}


def _point(moment: Moment, share: float, axis: Axis, previous: tuple[str, float] | None) -> Point:
    y, y_low, y_high = (
        _HEIGHT * (1.0 - axis.share(time)) if time else math.nan
        for time in (moment.epoch_s, moment.low_s, moment.high_s)
    )
    said = compare.verdict(moment.change) if moment.change else "the first run"
    return Point(moment, f"{100 * share:.2f}%", y, y_low, y_high, said, previous)


def _dates(moments: Sequence[Moment], shares: dict[str, float]) -> Iterator[tuple[str, str, str]]:
    """Yield the dates below a chart, few enough to be read."""
    every = math.ceil(len(moments) / _MOST_DATES)
    for moment in moments[::every]:
        yield f"{100 * shares[moment.run]:.2f}%", "middle", moment.started_at[:10]
