"""When an engine with a slow start has caught up, worked out with pencil and paper."""

import pytest

from benchgrad.benchmarks.plan import Contestant
from benchgrad.reports.engine_summary import summaries
from benchgrad.reports.payoff import payoffs


@pytest.fixture
def after(by_hand):
    """Return a function of engines, as (start_s, seconds per epoch in each round) by name.

    It returns after how many epochs each has caught up with which others.
    """

    def after(**engines):
        cells = [
            by_hand.cell(
                name, (9.0, epoch_s), round=i, import_s=1.0, build_s=2.0, first_step_s=start_s - 3
            )
            for name, (start_s, *epochs_s) in engines.items()
            for i, epoch_s in enumerate(epochs_s)
        ]
        run = by_hand.results([Contestant(name) for name in engines], cells)
        return {found.engine: dict(found.after) for found in payoffs(run, summaries(run))}

    return after


def test_it_pays_when_the_saved_time_covers_the_later_start(after):
    found = after(eager=(3.0, 2.0), replay=(4.0, 1.5), compiled=(13.0, 0.5))
    # 1 s later and 0.5 s saved an epoch; 10 s and 1.5 s; 9 s and 1 s.
    assert found == {"replay": {"eager": 2}, "compiled": {"eager": 7, "replay": 9}}


def test_an_epoch_that_is_begun_must_be_finished(after):
    assert after(eager=(3.0, 2.0), compiled=(12.0, 0.0625))["compiled"] == {"eager": 5}  # 4.6


def test_a_start_is_that_of_the_round_that_compiled(by_hand):
    """Later rounds load what the first compiled; no median over both describes any start."""
    begun = {"import_s": 1.0, "build_s": 1.0}
    cells = [
        *(by_hand.cell("eager", (9.0, 2.0), round=i, first_step_s=0.0, **begun) for i in range(3)),
        by_hand.cell("compiled", (9.0, 1.0), round=0, first_step_s=8.0, **begun),
        *(
            by_hand.cell(
                "compiled", (9.0, 1.0), round=i, first_step_s=0.5, code_from_disk=True, **begun
            )
            for i in (1, 2)
        ),
    ]
    run = by_hand.results([Contestant("eager"), Contestant("compiled")], cells)
    (found,) = payoffs(run, summaries(run))
    assert (found.start_s, found.from_disk_s, found.after) == (10.0, 2.5, (("eager", 8),))


def test_who_catches_up_in_the_first_epoch_is_not_listed(after):
    assert after(eager=(3.0, 2.0), compiled=(4.0, 1.0)) == {}


def test_who_starts_first_or_runs_slower_never_has_to_catch_up(after):
    assert after(eager=(13.0, 2.0), compiled=(3.0, 1.0)) == {}
    assert after(eager=(3.0, 1.0), compiled=(13.0, 2.0)) == {}
    assert after(eager=(3.0, 1.0), compiled=(13.0, 1.0)) == {}


def test_a_difference_that_the_rounds_do_not_show_is_none(after):
    assert after(eager=(3.0, 2.0, 2.0, 2.0), compiled=(13.0, 1.0, 1.5, 3.0)) == {}
    assert after(eager=(3.0, 2.0), compiled=(13.0, 1.999)) == {}
    assert after(eager=(3.0, 2.0, 2.0, 2.0), compiled=(13.0, 1.0, 1.0, 1.5)) != {}


def test_an_engine_that_is_not_ranked_or_has_no_clock_is_left_out(by_hand):
    clocks = {"import_s": 1.0, "build_s": 1.0}
    cells = [
        by_hand.cell("eager", (2.0, 2.0), first_step_s=1.0, **clocks),
        by_hand.cell("wrong", (1.0, 1.0), first_step_s=9.0, status="invalid", **clocks),
        by_hand.cell("old", (1.0, 1.0), **clocks),
    ]
    run = by_hand.results([Contestant(name) for name in ("eager", "wrong", "old")], cells)
    assert payoffs(run, summaries(run)) == []
