"""Who takes part in which round, and when there were rounds enough for a precision."""

import pytest

from benchgrad.benchmarks.analysis.rounds import (
    MOST_ROUNDS,
    number_of_cells,
    participants,
    precision,
    rotated,
)
from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.records import Cell, Epoch


def plan(*engines, **fields):
    return Plan("t", tuple(e if isinstance(e, Contestant) else Contestant(e) for e in engines),
                **{"precision": 0.02} | fields)  # fmt: skip


def cells(engine, *walls, status="ok", whole_s=1.0, begin=0):
    """Return a cell a round, each with one epoch of that time."""
    return [
        Cell(engine, round, status, 1, epochs=[Epoch(wall_s, wall_s, 0.0, [0.5], 0.5, 0.5)],
             whole_s=whole_s)
        for round, wall_s in enumerate(walls, start=begin)
    ]  # fmt: skip


def names(plan, cells, round):
    return [contestant.name for contestant in participants(plan, cells, round)]


STEADY = cells("a", *[1.0] * 6)
CLOSE = cells("b", 1.3, 1.31, 1.3, 1.29, 1.3, 1.3)
WIDE = cells("c", 1.3, 1.5, 1.2, 1.4, 1.3, 1.3)


def test_without_a_precision_all_run_in_as_many_rounds_as_the_plan_has():
    fixed = plan("a", "b", precision=None, rounds=2)
    assert [names(fixed, [], round) for round in range(3)] == [["a", "b"], ["a", "b"], []]


def test_an_engine_takes_part_in_as_many_rounds_as_the_plan_gives_it():
    fixed = plan(
        Contestant("a", rounds=1), "b", Contestant("c", rounds=9), precision=None, rounds=3
    )
    found = [names(fixed, [], round) for round in range(4)]
    assert found == [["a", "b", "c"], ["b", "c"], ["b", "c"], []]
    assert number_of_cells(fixed) == "7"


def test_with_a_precision_too():
    once = plan(Contestant("slow", rounds=1), "a", "b")
    first = cells("slow", 60.0) + [cell for cell in STEADY + CLOSE if cell.round == 0]
    assert names(once, first, 1) == ["a", "b"]
    assert number_of_cells(once) == "about 11 or more"
    missed = precision(once, STEADY + CLOSE + cells("slow", 60.0)).missed
    assert missed == {"slow": "no interval after 1 round, the plan lets slow take part in no more"}


def test_nobody_leaves_before_there_are_rounds_enough_for_a_verdict():
    few = cells("a", *[1.0] * 5) + cells("b", *[2.0] * 5)
    assert names(plan("a", "b"), few, 5) == ["a", "b"]  # enough in this one, not in the one before
    assert names(plan("a", "b", rounds=7), STEADY + CLOSE, 6) == ["a", "b"]


def test_the_run_ends_when_every_ratio_is_known_well_enough():
    assert names(plan("a", "b"), STEADY + CLOSE, 6) == []
    assert names(plan("a", "b", precision=0.005), STEADY + CLOSE, 6) == ["a", "b"]
    assert precision(plan("a", "b"), STEADY + CLOSE).missed == {}


def test_the_fastest_goes_on_with_those_whose_ratio_is_not_known_well_enough():
    assert names(plan("c", "b", "a"), STEADY + CLOSE + WIDE, 6) == ["c", "a"]
    found = precision(plan("c", "b", "a"), STEADY + CLOSE + WIDE)
    assert (found.asked, found.n_rounds, list(found.missed)) == (0.02, 6, ["c"])


@pytest.mark.parametrize(("budget_s", "expected"), [(7.0, ["a", "c"]), (6.9, [])])
def test_nobody_begins_a_round_that_would_take_it_beyond_its_budget(budget_s, expected):
    for whose in ("a", "c"):
        engines = [Contestant(n, budget_s=budget_s if n == whose else None) for n in "ac"]
        assert names(plan(*engines), STEADY + WIDE, 6) == expected
    missed = precision(plan(*engines), STEADY + WIDE).missed
    assert missed["c"] == (
        "±15.4 % after 6 rounds" + ("" if expected else ", its budget of 6.9 s is used up")
    )


def test_without_a_budget_there_is_an_end_all_the_same():
    many = cells("a", *[1.0] * MOST_ROUNDS) + cells("b", *[1.0, 1.5] * (MOST_ROUNDS // 2))
    asked = plan("a", "b", precision=0.001)
    last = [cell for cell in many if cell.round < MOST_ROUNDS - 1]
    assert names(asked, last, MOST_ROUNDS - 1) == ["a", "b"]
    assert names(asked, many, MOST_ROUNDS) == []
    assert precision(asked, many).missed["b"].endswith("after 100 rounds, 100 are the most")


def test_an_engine_that_has_used_its_budget_in_one_round_is_measured_once():
    once = Contestant("slow", budget_s=60.0)
    slow = cells("slow", 60.0, whole_s=61.0)
    first = [cell for cell in STEADY + CLOSE if cell.round == 0]
    assert names(plan(once, "a", "b"), [], 0) == ["slow", "a", "b"]
    assert names(plan(once, "a", "b"), first + slow, 1) == ["a", "b"]
    missed = precision(plan(once, "a", "b"), STEADY + CLOSE + slow).missed
    assert missed == {"slow": "no interval after 1 round, its budget of 60 s is used up"}


def test_without_the_fastest_nobody_goes_on():
    fast = Contestant("a", budget_s=1.5)
    first = [cell for cell in STEADY + CLOSE + WIDE if cell.round == 0]
    assert names(plan(fast, "b", "c"), first, 1) == []
    missed = precision(plan(fast, "b", "c"), first).missed
    assert missed["b"] == "no interval after 1 round, the budget of a, of 1.5 s is used up"


def test_more_rounds_than_the_most_are_run_if_the_plan_says_so():
    n = MOST_ROUNDS + 1
    many = cells("a", *[1.0] * (n - 1)) + cells("b", *[1.5] * (n - 1))
    assert names(plan("a", "b", rounds=n), many, n - 1) == ["a", "b"]


def test_an_engine_alone_has_nothing_to_be_compared_with():
    slow = Contestant("slow", budget_s=60.0)
    first = cells("slow", 60.0, whole_s=61.0) + cells("a", 1.0)
    assert names(plan(slow, "a"), first, 1) == []


def test_an_engine_without_a_rank_runs_once_and_keeps_no_run_going():
    first = cells("a", 1.0) + cells("b", 1.3) + cells("d", 1.0, status="crashed")
    assert names(plan("a", "b", "d"), first, 1) == ["a", "b"]
    crashed = cells("d", *[1.0] * 6, status="crashed")
    assert names(plan("a", "b", "d"), STEADY + CLOSE + crashed, 6) == []
    assert precision(plan("a", "b", "d"), STEADY + CLOSE + crashed).missed == {}
    assert names(plan("d", "e"), crashed + cells("e", *[1.0] * 6, status="invalid"), 6) == []


def test_an_interrupted_run_has_no_further_round():
    ended = cells("c", 1.0, status="interrupted", begin=6)
    assert names(plan("a", "c"), STEADY + WIDE, 6) == ["a", "c"]
    assert names(plan("a", "c"), STEADY + WIDE + cells("a", 1.0, begin=6) + ended, 7) == []
    found = precision(plan("a", "c"), STEADY + WIDE + ended)
    assert (found.n_rounds, found.is_interrupted) == (7, True)
    assert found.missed == {"c": "±15.4 % after 6 rounds"}


def test_an_interrupted_round_makes_no_ratio_better_known():
    """In the last round of both the interval was narrow, without it too wide."""
    once = cells("a", *[1.0] * 6) + cells("b", 1.3, 1.3, 1.2, 1.4, 1.3, 1.3)
    missed = precision(plan("a", "b", precision=0.05), once).missed
    none = [Cell(name, 6, "interrupted", 1, reason="why") for name in "ab"]
    assert missed
    assert precision(plan("a", "b", precision=0.05), once + none).missed == missed


def test_each_round_begins_with_another_engine():
    assert [rotated(("a", "b", "c"), round)[0] for round in range(4)] == ["a", "b", "c", "a"]
