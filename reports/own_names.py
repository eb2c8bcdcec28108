"""Records in which an engine that was loaded from a file goes by the name that it gives itself."""

from __future__ import annotations

from collections import Counter

import msgspec

from benchgrad.benchmarks.plan import Contestant
from benchgrad.benchmarks.records import Cell, Results
from benchgrad.reports.style import SHIPPED

_replaced = msgspec.structs.replace


def with_own_names(results: Results) -> Results:
    """Return the records with the engines' own names, and where each was loaded from in its note.

    An engine keeps the name of its file if another of the run has its name already, or if an engine
    that comes with benchgrad does.
    """
    names = _own_names(results)
    if not names:
        return results
    engines = tuple(_renamed(contestant, names) for contestant in results.plan.engines)
    return _replaced(
        results,
        plan=_replaced(results.plan, engines=engines),
        cells=[_noted(cell, names) for cell in results.cells],
        instructions=[
            _replaced(each, engine=names.get(each.engine, each.engine))
            for each in results.instructions
        ],
        sources={names.get(name, name): source for name, source in results.sources.items()},
    )


def _own_names(results: Results) -> dict[str, str]:
    """Return the own name of each engine that is to be known by it."""
    known = {cell.engine: cell.own_name for cell in results.cells if cell.own_name}
    found = {
        each.name: known[each.name]
        for each in results.plan.engines
        if each.name in known and each.engine is None and _is_place(each.name)
    }
    taken = Counter([*found.values(), *(each.name for each in results.plan.engines), *SHIPPED])
    return {name: own for name, own in found.items() if taken[own] == 1}


def _is_place(name: str) -> bool:
    return name.endswith(".py") or ":" in name


def _renamed(contestant: Contestant, names: dict[str, str]) -> Contestant:
    improves = names.get(contestant.improves or "", contestant.improves)
    if own := names.get(contestant.name):
        return _replaced(contestant, name=own, engine=contestant.name, improves=improves)
    return _replaced(contestant, improves=improves)


def _noted(cell: Cell, names: dict[str, str]) -> Cell:
    own = names.get(cell.engine)
    if own is None:
        return cell
    note = "; ".join(filter(None, (cell.note, f"loaded from {cell.engine}")))
    return _replaced(cell, engine=own, note=note)
