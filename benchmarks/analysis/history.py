"""Figures over time: runs in the order of their beginning, each compared with the one before.

Two neighbours are compared by the rules for two runs (`analysis.compare`). It renders nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec
import numpy as np

from benchgrad.benchmarks.analysis.compare import EngineComparison, compare
from benchgrad.benchmarks.analysis.statistics import countable, round_seconds
from benchgrad.benchmarks.records import Cell, Results, Status


@dataclass(frozen=True)
class Moment:
    """One engine in one run. `low_s` and `high_s` are its fastest and its slowest round.

    `change` compares it with the run before that did the same work; None for the first one.
    """

    started_at: str
    run: str
    benchgrad: str
    engine: str
    version: str
    source: str
    status: Status
    rounds: int
    epoch_s: float | None
    low_s: float | None
    high_s: float | None
    change: EngineComparison | None

    @property
    def is_step(self) -> bool:
        """Whether the time changed beyond what two runs can differ by chance."""
        return self.change is not None and self.change.verdict in ("slower", "faster")


@dataclass(frozen=True)
class Series:
    """Runs of one piece of work: the same data, model, training, threads and allocator."""

    title: str
    runs: tuple[str, ...]
    moments: dict[str, tuple[Moment, ...]]  # of each engine


def history(runs: Iterable[tuple[str, Results]]) -> list[Series]:
    """Return the figures of runs, each with its path, in the order of their beginning.

    They may be read one after the other: only the last run of each work is kept.
    """
    before: dict[bytes, tuple[str, Results]] = {}
    series: dict[bytes, Series] = {}
    for path, results in runs:
        work = _work(results)
        found = series.get(work) or Series(results.plan.title, (), {})
        moments = dict(found.moments)
        for moment in _moments(path, results, before.get(work)):
            moments[moment.engine] = (*moments.get(moment.engine, ()), moment)
        series[work] = Series(found.title, (*found.runs, path), moments)
        before[work] = (path, results)
    return list(series.values())


def _work(results: Results) -> bytes:
    """Return a key that is the same for runs whose epochs are the same work."""
    plan = results.plan
    return msgspec.json.encode(
        (plan.data, plan.model, plan.training, plan.threads, plan.allocator, results.data)
    )


def _moments(path: str, results: Results, last: tuple[str, Results] | None) -> Iterator[Moment]:
    rows = compare(last, (path, results)).rows if last else []
    changes = {row.engine: row for row in rows}
    for contestant in results.plan.engines:
        cells = countable(cell for cell in results.cells if cell.engine == contestant.name)
        if cells:
            source = results.sources.get(contestant.name, results.environment.commit)
            change = changes.get(contestant.name)
            yield _moment(path, results, cells, source, change)


def _moment(
    path: str, results: Results, cells: list[Cell], source: str, change: EngineComparison | None
) -> Moment:
    worst = next((cell for cell in cells if cell.status != "ok"), cells[0])
    rounds = list(round_seconds(cells).values())
    return Moment(
        started_at=results.started_at,
        run=path,
        benchgrad=results.environment.benchgrad,
        engine=worst.engine,
        version=worst.version,
        source=source,
        status=worst.status,
        rounds=len(rounds),
        epoch_s=float(np.median(rounds)) if rounds else None,
        low_s=min(rounds, default=None),
        high_s=max(rounds, default=None),
        change=change,
    )
