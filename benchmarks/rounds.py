"""Which engines take part in a round, and when there were rounds enough.

Functions of the plan and of the cells so far and of nothing else, so that a run that goes on
after its death, and one that is verified, comes to the same. How a cell is run is not told here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.records import Cell
from benchgrad.benchmarks.statistics import (
    MIN_VERDICT_ROUNDS,
    Estimate,
    against_fastest,
    paired,
    ranked_rounds,
)

MOST_ROUNDS = 100  # where a plan asks for a precision that its budgets do not keep from


@dataclass(frozen=True)
class Precision:
    """What became of the precision that a plan asks for.

    `missed` says of each ranked engine whose ratio is not known as well as that, why not. Where
    there is one engine with a rank or none, there is no ratio.
    """

    asked: float
    n_rounds: int
    n_ratios: int
    missed: dict[str, str]


def participants(plan: Plan, cells: Sequence[Cell], round: int) -> tuple[Contestant, ...]:
    """Return who runs in a round, in the plan's order; nobody: the rounds before were enough.

    A plan without a precision has its number of rounds. With one, all engines run in as many
    rounds as it says and a verdict needs; after that the fastest runs, and those whose ratio to it
    was not known well enough after the last round and the one before: an interval that ends a run
    is narrow by luck more often than others, twice in a row less so. Nobody begins a round that
    would take it beyond its budget, if it takes as long as the rounds before.

    Args:
        plan: what is run.
        cells: those of the rounds before.
        round: the number of the round, from 0.
    """
    if plan.precision is None:
        return plan.engines if round < plan.rounds else ()
    if round >= MOST_ROUNDS or any(cell.status == "interrupted" for cell in cells):
        return ()
    able = tuple(c for c in plan.engines if not _is_spent(c, cells))
    if round >= least_rounds(plan):
        fastest, widths = _half_widths(cells)
        needed = {name for name, width in widths.items() if width > plan.precision}
        able = tuple(c for c in able if c.name in needed | {fastest})
        if fastest not in {c.name for c in able}:
            return ()
    return able if len(able) > 1 or round == 0 else ()


def rotated(contestants: tuple[Contestant, ...], round: int) -> tuple[Contestant, ...]:
    """Return the contestants, beginning with another one each round."""
    k = round % len(contestants)
    return contestants[k:] + contestants[:k]


def least_rounds(plan: Plan) -> int:
    """Return how many rounds a plan has, or with a precision has at least."""
    return plan.rounds if plan.precision is None else max(plan.rounds, MIN_VERDICT_ROUNDS)


def number_of_cells(plan: Plan) -> str:
    """Return how many cells a plan has, in words where that is not known before."""
    n = len(plan.engines) * least_rounds(plan)
    return str(n) if plan.precision is None else f"about {n} or more"


def precision(plan: Plan, cells: Sequence[Cell]) -> Precision | None:
    """Return what became of the precision that a plan asks for, None if it asks for none."""
    if plan.precision is None:
        return None
    fastest, widths = _half_widths(cells)
    rounds = {name: len(own) for name, own in ranked_rounds(cells).items()}
    missed = {
        name: f"{_known_to(width, rounds[name])}, {_why_not_better(name, fastest, plan, cells)}"
        for name, width in widths.items()
        if width > plan.precision
    }
    return Precision(plan.precision, len({cell.round for cell in cells}), len(widths), missed)


def _known_to(width: float, n_rounds: int) -> str:
    rounds = f"{n_rounds} round" + ("s" if n_rounds != 1 else "")
    known = f"±{100 * width:.1f} %" if math.isfinite(width) else "no interval"
    return f"{known} after {rounds}"


def _why_not_better(name: str, fastest: str, plan: Plan, cells: Sequence[Cell]) -> str:
    """Return what kept an engine from further rounds."""
    if any(cell.status == "interrupted" for cell in cells):
        return "when the run was interrupted"
    for contestant in plan.engines:
        if contestant.name in (name, fastest) and _is_spent(contestant, cells):
            whose = "its budget" if contestant.name == name else f"the budget of {fastest},"
            return f"within {whose} of {contestant.budget_s:g} s"
    return "the most that are run"


def _half_widths(cells: Sequence[Cell]) -> tuple[str, dict[str, float]]:
    """Return the fastest, and how well the ratio of each other to it is known.

    That is the half width of its interval, after the last round or without it: the larger.
    """
    rounds = ranked_rounds(cells)
    last = max((cell.round for cell in cells), default=0)
    before = {
        name: {round: s for round, s in own.items() if round < last} for name, own in rounds.items()
    }
    fastest, ratios = against_fastest(rounds)
    return fastest, {
        name: max(_half_width(ratio), _half_width(paired(before[fastest], before[name])))
        for name, ratio in ratios.items()
    }


def _half_width(ratio: Estimate) -> float:
    """Return how far the interval of a ratio reaches from it, as a share of it.

    It is infinite where there are fewer rounds than a verdict needs.
    """
    if ratio.n_rounds < MIN_VERDICT_ROUNDS:
        return math.inf
    return max(ratio.high / ratio.ratio, ratio.ratio / ratio.low) - 1.0


def _is_spent(contestant: Contestant, cells: Sequence[Cell]) -> bool:
    """Return whether one more cell would take an engine beyond its budget."""
    spent_s = [cell.whole_s or 0.0 for cell in cells if cell.engine == contestant.name]
    if contestant.budget_s is None or not spent_s:
        return False
    return sum(spent_s) * (len(spent_s) + 1) / len(spent_s) > contestant.budget_s
