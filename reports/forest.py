"""A comparison as a page: each ratio with its interval on one axis, run by run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from benchgrad.benchmarks.analysis.compare import EngineComparison, RunComparison, Side
from benchgrad.reports import compare, formats
from benchgrad.reports.axis import Axis, Tick, axis_for
from benchgrad.reports.style import Look, looks
from benchgrad.reports.templating import rendered

PAGE = "compare.html"
_WIDE = 5.0  # an axis longer than this has ticks at 1, 2, 5 and 10
_PLACES = (0.5, 0.67, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.25, 1.5, 2.0)
_GAP = 0.12  # of the width, between two ticks
_KINDS = {"slower": "slower", "faster": "faster", "no difference": "same"}


@dataclass(frozen=True)
class Branch:
    """One engine in one run, against the same engine in the baseline.

    Places are attributes of SVG. `band` is where a difference would be too small for a verdict.
    """

    engine: str
    run: str
    kind: str  # slower, faster, same, or none for want of a verdict
    said: str
    why: str
    times: str
    has_ratio: bool
    has_interval: bool
    x: str
    low: str
    high: str
    band: tuple[str, str]


@dataclass(frozen=True)
class Forest:
    """All branches, those of an engine together, in the order of the first comparison."""

    baseline: Side
    runs: tuple[Side, ...]
    engines: dict[str, tuple[Branch, ...]]
    looks: dict[str, Look]
    axis: Axis
    one: str
    answers: tuple[str, ...]


def page(found: Sequence[RunComparison]) -> bytes:
    """Return a page on comparisons with one baseline, the OLD of each."""
    notes = list(dict.fromkeys(note for each in found for note in compare.notes(each)))
    warnings = dict.fromkeys(
        f"{each.new.path}: {warning}" for each in found for warning in each.warnings
    )
    sides = [found[0].old, *(each.new for each in found)]
    known = {
        "forest": forest(found),
        "sides": sides,
        "notes": notes,
        "warnings": list(warnings),
        "fail_above": found[0].fail_above,
        "above": [
            f"{row.engine} ({each.new.path})" for each in found for row in each.rows if row.is_above
        ],
    }
    return rendered(PAGE, known)


def forest(found: Sequence[RunComparison]) -> Forest:
    """Return the branches of comparisons with one baseline."""
    rows = [row for each in found for row in each.rows]
    ends = [end for row in rows for end in (row.ratio, row.ratio_low, row.ratio_high) if end]
    least = max((row.minimal_effect for row in rows), default=1.0) ** 2
    axis = _with_ticks(axis_for([1.0 / least, least, *ends], "{} ×"))
    engines: dict[str, list[Branch]] = {}
    for each in found:
        for row in each.rows:
            engines.setdefault(row.engine, []).append(_branch(each, row, axis))
    return Forest(
        baseline=found[0].old,
        runs=tuple(each.new for each in found),
        engines={name: tuple(branches) for name, branches in engines.items()},
        looks=looks(list(engines)),
        axis=axis,
        one=axis.x(1.0),
        answers=tuple(_answers(found)),
    )


def _with_ticks(axis: Axis) -> Axis:
    """Return an axis with ticks near 1, where the ratios of two runs are, if it is short."""
    if axis.high / axis.low > _WIDE:
        return axis
    ticks: list[Tick] = []
    for place in sorted(_PLACES, key=lambda ratio: abs(math.log(ratio))):  # 1 comes first
        share = axis.share(place)
        if 0.0 < share < 1.0 and all(abs(share - tick.share) > _GAP for tick in ticks):
            ticks.append(Tick(share, f"{place:g} ×"))
    return replace(axis, ticks=tuple(ticks))


def _branch(found: RunComparison, row: EngineComparison, axis: Axis) -> Branch:
    ratio = row.ratio or math.nan
    low, high = row.ratio_low or math.nan, row.ratio_high or math.nan
    return Branch(
        engine=row.engine,
        run=found.new.path,
        kind=_KINDS.get(row.verdict, "none"),
        said=compare.verdict(row),
        why=compare.why(row),
        times=f"{formats.seconds(row.old_s)} → {formats.seconds(row.new_s)}",
        has_ratio=math.isfinite(ratio),
        has_interval=math.isfinite(low) and math.isfinite(high),
        x=axis.x(ratio),
        low=axis.x(low),
        high=axis.x(high),
        band=(axis.x(1.0 / row.minimal_effect), _width(axis, row.minimal_effect)),
    )


def _width(axis: Axis, effect: float) -> str:
    return f"{100 * (axis.share(effect) - axis.share(1.0 / effect)):.2f}%"


def _answers(found: Sequence[RunComparison]) -> Iterator[str]:
    """Yield a sentence for each run: what became slower, what faster, what nobody can tell."""
    for each in found:
        parts = []
        for verdict in ("slower", "faster"):
            of_it = [row for row in each.rows if row.verdict == verdict]
            parts += [f"{row.engine} is {compare.verdict(row)}" for row in of_it]
        n_same = sum(row.verdict == "no difference" for row in each.rows)
        n_unknown = len(each.rows) - n_same - len(parts)
        if n_same:
            parts.append(f"{_n(n_same)} {'shows' if n_same == 1 else 'show'} no difference")
        if n_unknown:
            parts.append(f"{_n(n_unknown)} cannot be judged")
        yield f"{each.new.path}: {', '.join(parts) or 'nothing to compare'}."


def _n(n: int) -> str:
    return f"{n} engine{'' if n == 1 else 's'}"
