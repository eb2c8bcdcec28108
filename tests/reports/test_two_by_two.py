"""The two-by-two: which engines are its corners, and what the factors between them are."""

import pytest

from benchgrad.benchmarks.plan import Contestant, Corner, PlanError
from benchgrad.reports.engine_summary import summaries
from benchgrad.reports.terminal import summary
from benchgrad.reports.two_by_two import two_by_two

SECONDS = {
    "slow": (8.0, 16.0, 8.0),
    "compiled": (1.0, 1.0, 1.0),
    "wide": (0.1, 0.1, 0.2),
    "both": (0.05, 0.05, 0.05),
}


def found(run):
    return two_by_two(run, summaries(run))


def test_each_edge_has_the_median_of_the_ratios_within_a_round(by_hand):
    four = found(by_hand.corners(SECONDS))
    edges = [(edge.cause, edge.slow.name, edge.fast.name) for edge in four.edges]
    assert edges == [
        ("granularity", "slow", "wide"),
        ("granularity", "compiled", "both"),
        ("interpreter", "slow", "compiled"),
        ("interpreter", "wide", "both"),
    ]
    # In the rounds: 80, 160, 40; 20 always; 8, 16, 8; 2, 2, 4.
    assert [edge.factor.ratio for edge in four.edges] == pytest.approx([80, 20, 8, 2])
    bounds = [bound for edge in four.edges for bound in (edge.factor.low, edge.factor.high)]
    assert bounds == pytest.approx([40, 160, 20, 20, 8, 16, 2, 4])
    assert (four.whole.ratio, four.whole.low, four.whole.high) == pytest.approx((160, 160, 320))


def test_the_interpreters_share_is_what_machine_code_takes_away_in_each_round(by_hand):
    share = found(by_hand.corners(SECONDS)).interpreter_share
    assert (share.ratio, share.low, share.high) == pytest.approx((4, 2, 8))  # 80, 160, 40 by 20


def test_the_names_of_the_engines_do_not_matter_but_their_corners_do(by_hand):
    run = by_hand.corners(SECONDS)
    turned = [
        Contestant(c.name, corner=Corner(c.corner.nodes, "machine code"))
        if c.corner.run_by == "Python"
        else Contestant(c.name, corner=Corner(c.corner.nodes, "Python"))
        for c in run.plan.engines
    ]
    four = found(by_hand.results(turned, run.cells))
    assert (four.python.slow.name, four.machine_code.slow.name) == ("compiled", "slow")
    assert four.numbers.factor.ratio == pytest.approx(1 / 8)


@pytest.mark.parametrize("name", SECONDS)
@pytest.mark.parametrize("status", ["invalid", "missing", "timeout"])
def test_without_one_of_the_corners_there_is_none(by_hand, name, status):
    run = by_hand.corners(SECONDS)
    others = [cell for cell in run.cells if cell.engine != name]
    failed = by_hand.cell(name, (1.0, 1.0), status=status, reason="why")
    assert found(by_hand.results(run.plan.engines, [*others, failed])) is None
    assert found(by_hand.results(run.plan.engines, others)) is None


def test_engines_without_corners_are_none_and_do_not_disturb_the_others(by_hand):
    assert found(by_hand.rounds(**SECONDS)) is None
    run = by_hand.corners(SECONDS)
    more = [by_hand.cell("numpy", (1.0, 1.0), round=i) for i in range(3)]
    with_more = by_hand.results([*run.plan.engines, Contestant("numpy")], [*run.cells, *more])
    assert found(with_more).edges[0].factor == found(run).edges[0].factor


def test_engines_that_never_met_in_a_round_have_no_factor(by_hand):
    run = by_hand.corners(SECONDS)
    cells = [cell for cell in run.cells if (cell.engine == "both") == (cell.round == 0)]
    assert found(by_hand.results(run.plan.engines, cells)) is None


def test_two_engines_cannot_have_one_corner(by_hand):
    plan = by_hand.corners(SECONDS).plan
    with pytest.raises(PlanError, match="two of them have the same corner"):
        plan.with_each(corner={"nodes": "arrays", "run_by": "Python"})


def test_the_terminal_says_both_sentences(by_hand):
    run = by_hand.corners(SECONDS)
    said = [part for part in summary(run) if isinstance(part, str)]
    assert said[-4:-2] == list(found(run).sentences)
    assert not [part for part in summary(by_hand.rounds(a=(1.0,))) if "interpreter" in str(part)]
