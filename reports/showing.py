"""What can be shown of a run: a row that nobody foresaw costs itself, and no other.

Every number of the records has its bounds, and parts that do not fit together are refused before
(`benchmarks.run.misfits`). This is for the rest: facts of an engine that cannot be derived, or
cannot be written down.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import msgspec

from benchgrad.benchmarks.records import Results
from benchgrad.reports.escaping import visible

T = TypeVar("T")
_LONGEST = 300  # characters of a reason; an error may quote what it failed at


@dataclass(frozen=True)
class Shown:
    """The results of a run without the engines that cannot be shown, and why those cannot be."""

    results: Results
    reasons: Mapping[str, str] = field(default_factory=dict)


def showing(results: Results, show: Callable[[Shown], T], attempt: Callable[[Shown], object]) -> T:
    """Return what `show` makes of a run, if need be without the engines that it fails at.

    `attempt` does the same as `show` for less, to find those engines.

    Raises:
        Exception: whatever `show` raises, if no engine is to blame for it.
    """
    try:
        return show(Shown(results))
    except Exception:  # whatever an engine's facts lead to costs that engine's row alone
        reasons = _alone(results, attempt) or _beside_others(results, attempt)
        if not reasons:
            raise
        return show(replace(_without(results, reasons), reasons=reasons))


def _alone(results: Results, attempt: Callable[[Shown], object]) -> dict[str, str]:
    """Return the engines that cannot be shown even alone, each with the reason."""
    names = _names(results)
    found = {name: _why(attempt, _without(results, {*names} - {name})) for name in names}
    return {name: why for name, why in found.items() if why}


def _beside_others(results: Results, attempt: Callable[[Shown], object]) -> dict[str, str]:
    """Return the first engine without which the others can be shown, with the reason."""
    why = _why(attempt, Shown(results))
    for name in _names(results):
        if not _why(attempt, _without(results, {name})):
            return {name: f"beside the others, {why}"}
    return {}


def _names(results: Results) -> list[str]:
    return list(dict.fromkeys(cell.engine for cell in results.cells))


def _without(results: Results, names: Collection[str]) -> Shown:
    """Return a run without what it holds of some engines; the plan stays, with their colours."""
    return Shown(
        msgspec.structs.replace(
            results,
            cells=[cell for cell in results.cells if cell.engine not in names],
            instructions=[each for each in results.instructions if each.engine not in names],
        )
    )


def _why(attempt: Callable[[Shown], object], shown: Shown) -> str:
    """Return in one line why something cannot be shown; empty if it can."""
    try:
        attempt(shown)
    except Exception as error:  # whatever it is, it costs one row, and it is that row's reason
        return visible(f"{type(error).__name__}: {error}")[:_LONGEST]
    return ""
