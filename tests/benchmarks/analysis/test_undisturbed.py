"""Which epochs stand for a round: by what the system counted, whatever time they took."""

import pytest

from benchgrad.benchmarks.analysis.statistics import round_seconds
from benchgrad.benchmarks.analysis.undisturbed import (
    disturbed_rounds,
    is_undisturbed,
    selection,
    steady,
)
from benchgrad.benchmarks.records import Cell, Epoch


def epoch(wall_s=1.0, cpu=1.0, **counted):
    return Epoch(wall_s, cpu * wall_s, 0.0, [0.5], 0.5, 0.5, **counted)


def cell(*epochs, round=0):
    return Cell("x", round, "ok", len(epochs), epochs=list(epochs))


WARM_UP = epoch(9.0, waited_s=0.0)


def calm(wall_s=1.0):
    return epoch(wall_s, waited_s=0.0)


def hit(wall_s=2.0):
    return epoch(wall_s, waited_s=0.5 * wall_s)


@pytest.mark.parametrize(
    ("counted", "expected"),
    [
        ({"waited_s": 0.019}, True),
        ({"waited_s": 0.021}, False),
        ({"waited_s": 0.0, "stolen_s": 0.059}, True),
        ({"waited_s": 0.0, "stolen_s": 0.061}, False),
        ({"stolen_s": 0.061}, False),
        ({"waited_s": 0.0, "pressure_s": 1.0}, True),  # some other process waited
    ],
)
def test_what_the_system_counted_decides(counted, expected):
    assert is_undisturbed(epoch(**counted)) == expected


def test_a_tick_of_stolen_time_is_no_proof_against_a_short_epoch():
    assert is_undisturbed(epoch(0.001, waited_s=0.0, stolen_s=0.01))
    assert not is_undisturbed(epoch(0.001, waited_s=0.0, stolen_s=0.02))


def test_an_engine_may_wait_for_its_own_reasons_and_use_more_processors():
    assert is_undisturbed(epoch(cpu=0.1, waited_s=0.0))
    assert is_undisturbed(epoch(cpu=3.9, waited_s=0.0))
    assert is_undisturbed(epoch(cpu=3.9))


@pytest.mark.parametrize(("cpu", "expected"), [(0.951, True), (0.949, False)])
def test_old_records_have_the_processor_time_only(cpu, expected):
    assert is_undisturbed(epoch(cpu=cpu)) == expected


def test_the_undisturbed_epochs_stand_for_a_round():
    found = selection(cell(WARM_UP, calm(1.0), hit(), calm(1.2), hit(), hit(), calm(1.1)))
    assert [e.wall_s for e in found.epochs] == [1.0, 1.2, 1.1]
    assert (found.n_undisturbed, found.n_steady, found.is_disturbed) == (3, 6, False)
    assert round_seconds([cell(WARM_UP, hit(), calm(1.0), calm(1.2), calm(1.1))]) == {0: 1.1}


def test_where_they_are_too_few_all_steady_epochs_do():
    found = selection(cell(WARM_UP, calm(), hit(3.0), calm(), hit(4.0)))
    assert [e.wall_s for e in found.epochs] == [1.0, 3.0, 1.0, 4.0]
    assert (found.n_undisturbed, found.n_steady, found.is_disturbed) == (2, 4, True)


def test_of_few_steady_epochs_all_must_be_undisturbed():
    assert not selection(cell(WARM_UP, calm(), calm())).is_disturbed
    assert selection(cell(WARM_UP, calm(), hit())).is_disturbed
    assert not selection(cell(calm())).is_disturbed
    assert selection(cell(hit())).is_disturbed


def test_a_cell_without_epochs_is_not_disturbed():
    assert selection(cell()).epochs == []
    assert not selection(cell()).is_disturbed


def test_a_slow_epoch_counts_if_nothing_disturbed_it():
    """The rule never looks at the time itself, which is what is to be found out."""
    assert selection(cell(WARM_UP, calm(), calm(50.0), calm())).n_undisturbed == 3


def test_rounds_are_named_in_which_too_few_were_undisturbed():
    cells = [cell(WARM_UP, hit(), hit(), round=3), cell(WARM_UP, calm(), round=4)]
    assert disturbed_rounds(cells) == {3}


def test_the_first_epoch_is_steady_only_if_there_is_no_other():
    assert steady([WARM_UP]) == [WARM_UP]
    assert steady([WARM_UP, calm()]) == [calm()]
    assert steady([]) == []
