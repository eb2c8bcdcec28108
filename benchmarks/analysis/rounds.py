"""Which engines take part in a round, and when there have been enough rounds.

Pure functions of the plan and the cells so far, so that a resumed run makes the same decisions
and `verify` can repeat them. No cell is run here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchgrad.benchmarks.analysis.statistics import (
    MIN_VERDICT_ROUNDS,
    Estimate,
    against_fastest,
    disturbed_by_engine,
    n_compared,
    paired,
    ranked_rounds,
)
from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.records import Cell

MOST_ROUNDS = 100  # of a plan with a precision that its budgets do not end earlier


@dataclass(frozen=True)
class Precision:
    """Whether a run reached the precision that its plan asks for.

    `missed` names the ranked engines whose ratio is less certain than that, with how certain it is
    and why. With fewer than two ranked engines there is no ratio. `n_rounds` counts the rounds in
    which something was measured.
    """

    asked: float
    n_rounds: int
    n_ratios: int
    missed: dict[str, str]
    is_interrupted: bool


def participants(plan: Plan, cells: Sequence[Cell], round: int) -> tuple[Contestant, ...]:
    """Return who runs in a round, in the plan's order; nobody if the run is complete.

    An engine takes part in no more rounds than the plan gives it. Without a precision that is all:
    a plan has a fixed number of rounds. With one, every ranked engine runs in
    as many rounds as the plan and a verdict need. After that the fastest goes on with each engine
    whose ratio to it is not known well enough both with their last common round and without it: an
    interval is sometimes narrow by luck, but rarely twice in a row. An engine sits a round out if
    another cell as long as its earlier ones would exceed its budget. Without the fastest, or with
    nobody beside it, the run ends.

    Args:
        plan: what is run.
        cells: the cells of all rounds before.
        round: the number of the round, from 0.
    """
    if plan.precision is None:
        return tuple(c for c in plan.engines if plan.takes_part(c, round))
    if round == 0:
        return plan.engines
    if round >= _most_rounds(plan) or any(cell.status == "interrupted" for cell in cells):
        return ()
    fastest, widths = _half_widths(cells)
    few = round < least_rounds(plan)
    needed = {name for name, width in widths.items() if few or width > plan.precision}
    wanted = [c for c in plan.engines if c.name in needed | {fastest}]
    able = [c for c in wanted if plan.takes_part(c, round) and not _is_spent(c, cells)]
    goes_on = len(able) > 1 and fastest in {c.name for c in able}
    return tuple(able) if goes_on else ()


def round_name(round: int) -> str:
    """Return what readers call a round: they count from 1, the records from 0."""
    return f"round {round + 1}"


def rotated(contestants: tuple[Contestant, ...], round: int) -> tuple[Contestant, ...]:
    """Return the contestants in the order of a round; each round begins with another one."""
    k = round % len(contestants)
    return contestants[k:] + contestants[:k]


def least_rounds(plan: Plan) -> int:
    """Return how many rounds a plan has; with a precision, how many at least."""
    return plan.rounds if plan.precision is None else max(plan.rounds, MIN_VERDICT_ROUNDS)


def number_of_cells(plan: Plan) -> str:
    """Return how many cells a plan has, as text: with a precision nobody can know."""
    least = least_rounds(plan)
    n = sum(min(contestant.rounds or least, least) for contestant in plan.engines)
    return str(n) if plan.precision is None else f"about {n} or more"


def precision(plan: Plan, cells: Sequence[Cell]) -> Precision | None:
    """Return whether a run reached its plan's precision, None if it asks for none."""
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
    """Return what ended an engine's rounds; empty if it was an interruption."""
    for contestant in plan.engines:
        if contestant.name in (name, fastest) and _is_spent(contestant, cells):
            whose = "its budget" if contestant.name == name else f"the budget of {fastest},"
            return f", {whose} of {contestant.budget_s:g} s is used up"
        if contestant.name in (name, fastest) and contestant.rounds == _n_rounds(contestant, cells):
            return f", the plan lets {contestant.name} take part in no more"
    most = _most_rounds(plan)
    return f", {most} are the most" if max(cell.round for cell in cells) + 1 >= most else ""


def _n_rounds(contestant: Contestant, cells: Sequence[Cell]) -> int:
    return len({cell.round for cell in cells if cell.engine == contestant.name})


def _most_rounds(plan: Plan) -> int:
    return max(MOST_ROUNDS, plan.rounds)


def _half_widths(cells: Sequence[Cell]) -> tuple[str, dict[str, float]]:
    """Return the fastest, and for each other engine how uncertain its ratio to the fastest is.

    That is the half width of the interval, with the last common round or without it, whichever is
    larger.
    """
    rounds = ranked_rounds(cells)
    disturbed = disturbed_by_engine(cells)
    fastest, ratios = against_fastest(rounds, disturbed)
    widths = {}
    for name, ratio in ratios.items():
        common = sorted(rounds[name].keys() & rounds[fastest].keys())
        before = {round: rounds[name][round] for round in common[:-1]}
        in_both = disturbed[name] | disturbed[fastest]
        earlier = paired(rounds[fastest], before, in_both, n_compared(rounds))
        widths[name] = max(_half_width(ratio), _half_width(earlier))
    return fastest, widths


def _half_width(ratio: Estimate) -> float:
    """Return how far the interval of a ratio reaches from it, as a share of it.

    It is infinite with fewer rounds than a verdict needs.
    """
    if ratio.n_rounds < MIN_VERDICT_ROUNDS:
        return math.inf
    return max(ratio.high / ratio.ratio, ratio.ratio / ratio.low) - 1.0


def _is_spent(contestant: Contestant, cells: Sequence[Cell]) -> bool:
    """Return whether one more cell, as long as those so far, would exceed an engine's budget."""
    spent_s = [cell.whole_s or 0.0 for cell in cells if cell.engine == contestant.name]
    if contestant.budget_s is None or not spent_s:
        return False
    return sum(spent_s) * (len(spent_s) + 1) / len(spent_s) > contestant.budget_s
