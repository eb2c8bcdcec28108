"""Which engines take part in a round, and when there were rounds enough.

Functions of the plan and of the cells so far and of nothing else, so that a run that goes on
after its death, and one that is verified, comes to the same. How a cell is run is not told here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchgrad.benchmarks.analysis.statistics import (
    MIN_VERDICT_ROUNDS,
    Estimate,
    against_fastest,
    paired,
    ranked_rounds,
)
from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.records import Cell

MOST_ROUNDS = 100  # where a plan asks for a precision that its budgets do not keep from


@dataclass(frozen=True)
class Precision:
    """What became of the precision that a plan asks for.

    `missed` says of each ranked engine whose ratio is not known as well as that, how well it is
    and why not better. Where one engine has a rank or none, there is no ratio. `n_rounds` counts
    the rounds in which something was measured.
    """

    asked: float
    n_rounds: int
    n_ratios: int
    missed: dict[str, str]
    is_interrupted: bool


def participants(plan: Plan, cells: Sequence[Cell], round: int) -> tuple[Contestant, ...]:
    """Return who runs in a round, in the plan's order; nobody: the rounds before were enough.

    A plan without a precision has its number of rounds. With one, the engines that have a rank run
    in as many rounds as it says and a verdict needs; after that the fastest runs, and those whose
    ratio to it was not known well enough after their last round with it and the one before: an
    interval that ends a run is narrow by luck more often than others, twice in a row less so.
    Nobody begins a round that would take it beyond its budget, if it takes as long as the rounds
    before; without the fastest, or with nobody beside it, there is no further round.

    Args:
        plan: what is run.
        cells: those of the rounds before.
        round: the number of the round, from 0.
    """
    if plan.precision is None:
        return plan.engines if round < plan.rounds else ()
    if round == 0:
        return plan.engines
    if round >= _most_rounds(plan) or any(cell.status == "interrupted" for cell in cells):
        return ()
    fastest, widths = _half_widths(cells)
    few = round < least_rounds(plan)
    needed = {name for name, width in widths.items() if few or width > plan.precision}
    able = [c for c in plan.engines if c.name in needed | {fastest} and not _is_spent(c, cells)]
    goes_on = len(able) > 1 and fastest in {c.name for c in able}
    return tuple(able) if goes_on else ()


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
    rounds = ranked_rounds(cells)
    missed = {
        name: _known_to(width, len(rounds[name].keys() & rounds[fastest].keys()))
        + _why_not_better(name, fastest, plan, cells)
        for name, width in widths.items()
        if width > plan.precision
    }
    return Precision(
        asked=plan.precision,
        n_rounds=len({cell.round for cell in cells if cell.epochs}),
        n_ratios=len(widths),
        missed=missed,
        is_interrupted=any(cell.status == "interrupted" for cell in cells),
    )


def _known_to(width: float, n_rounds: int) -> str:
    rounds = f"{n_rounds} round" + ("s" if n_rounds != 1 else "")
    known = f"±{100 * width:.1f} %" if math.isfinite(width) else "no interval"
    return f"{known} after {rounds}"


def _why_not_better(name: str, fastest: str, plan: Plan, cells: Sequence[Cell]) -> str:
    """Return what kept an engine from further rounds, nothing where that was an interruption."""
    for contestant in plan.engines:
        if contestant.name in (name, fastest) and _is_spent(contestant, cells):
            whose = "its budget" if contestant.name == name else f"the budget of {fastest},"
            return f", {whose} of {contestant.budget_s:g} s is used up"
    most = _most_rounds(plan)
    return f", {most} are the most" if max(cell.round for cell in cells) + 1 >= most else ""


def _most_rounds(plan: Plan) -> int:
    return max(MOST_ROUNDS, plan.rounds)


def _half_widths(cells: Sequence[Cell]) -> tuple[str, dict[str, float]]:
    """Return the fastest, and how well the ratio of each other to it is known.

    That is the half width of its interval, with their last common round or without it: the larger.
    """
    rounds = ranked_rounds(cells)
    fastest, ratios = against_fastest(rounds)
    widths = {}
    for name, ratio in ratios.items():
        common = sorted(rounds[name].keys() & rounds[fastest].keys())
        before = {round: rounds[name][round] for round in common[:-1]}
        widths[name] = max(_half_width(ratio), _half_width(paired(rounds[fastest], before)))
    return fastest, widths


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
