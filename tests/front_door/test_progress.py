"""A run while it goes: the estimate of its end knows rounds and budgets, no letter is cut."""

import io
import math

import pytest
from rich.cells import cell_len
from rich.console import Console

from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.records import Cell, Epoch
from benchgrad.command_line.board import Board
from benchgrad.command_line.console import RunConsole
from benchgrad.command_line.progress import RunProgress, sparkline

LONG = "an-engine-with-a-very-long-name/that/is/a/path.py"


def cell(engine, *, round=0, n_epochs=10, epoch_s=2.0, other_s=1.0, status="ok", **fields):
    epochs = [Epoch(epoch_s, epoch_s, 0.0, [0.5], None, None)] * n_epochs
    whole_s = n_epochs * epoch_s + other_s
    return Cell(engine, round, status, 10, epochs=epochs, whole_s=whole_s, **fields)


def plan(*engines, **changes):
    return Plan(title="t", engines=engines, epochs=10, rounds=3, **changes)


def test_every_cell_takes_as_long_as_the_engines_last_ones():
    progress = RunProgress(plan(Contestant("a"), Contestant("b")), [cell("a"), cell("b")])
    assert progress.left(0.0).seconds == pytest.approx(2 * 2 * 21.0)
    progress.started("a", 10, now_s=100.0)
    assert progress.left(105.0).seconds == pytest.approx(4 * 21.0 - 5.0)
    progress.finished(cell("a", round=1))
    assert progress.left(121.0).seconds == pytest.approx(3 * 21.0)


def test_a_budget_ends_a_cell_with_the_epoch_that_reaches_it_and_in_later_rounds_sooner():
    slow = Contestant("a", budget_s=9.0, later_budget_s=3.0)
    progress = RunProgress(plan(slow), [cell("a", n_epochs=5)])
    assert progress.left(0.0).seconds == pytest.approx(2 * (3.0 + 2.0 + 1.0))
    patient = Contestant("a", budget_s=3.0, least_epochs=4)
    assert RunProgress(plan(patient), [cell("a")]).left(0.0).seconds == pytest.approx(2 * 9.0)
    fewer = RunProgress(plan(Contestant("a", rounds=2)), [cell("a")])
    assert fewer.left(0.0).seconds == pytest.approx(21.0)


def test_what_nobody_can_know_yet_is_named():
    progress = RunProgress(plan(Contestant("a"), Contestant("b", budget_s=30.0)))
    left = progress.left(0.0)
    assert (left.seconds, left.unknown) == (3 * 32.0, ("a",))
    progress.started("a", 10, now_s=0.0)
    progress.epochs_done(2)
    left = progress.left(6.0)  # three seconds an epoch
    assert left.unknown == ()
    assert left.seconds == pytest.approx(3 * 32.0 - 6.0 + 3 * 32.0)
    assert RunProgress(plan(*map(Contestant, "ab"), precision=0.02)).left(0.0).unknown[-1] == (
        "the number of rounds"
    )


def test_the_reference_counts_once_a_round_and_is_no_engines_progress():
    progress = RunProgress(plan(Contestant("a")))
    progress.started("a as the reference", 10, now_s=0.0)
    progress.epochs_done(10)
    progress.heard([0.5])
    assert progress.engines["a"].losses == []
    progress.started("a", 10, now_s=4.0)
    progress.finished(cell("a"))
    assert progress.left(25.0).seconds == pytest.approx(2 * 21.0 + 2 * 4.0)


def test_an_engine_that_failed_does_not_hold_up_the_estimate():
    fails = cell("a", n_epochs=0, other_s=0.5, status="crashed")
    assert RunProgress(plan(Contestant("a")), [fails]).left(0.0).seconds == pytest.approx(1.0)
    killed = cell("a", status="timeout")
    assert RunProgress(plan(Contestant("a")), [killed]).left(0.0).seconds == 0.0


def test_a_sparkline_falls_with_the_loss_and_shows_the_last_one():
    assert sparkline([8.0, 4.0, 2.0, 1.0], 16) == "█▆▃▁"
    assert sparkline([math.nan, 1.0], 16) == "▁"
    assert sparkline([], 16) == ""
    found = sparkline([2.0**-i for i in range(100)], 16)
    assert len(found) <= 16
    assert found[-1] == "▁"


@pytest.mark.parametrize("width", [40, 80, 100, 140])
def test_columns_go_where_there_is_no_room_and_letters_never(width):
    engines = [Contestant(LONG), Contestant("b")]
    cells = [cell(e.name, round=r) for e in engines for r in range(3)]
    progress = RunProgress(plan(*engines), cells)
    progress.engines["b"].losses = [4.0, 2.0, 1.0]
    console = Console(file=io.StringIO(), width=width, height=24, force_terminal=True)
    board = Board(progress, console)
    progress.engines[LONG].ratio = "1,489 × (1,028 to 1,549)"
    console = Console(file=io.StringIO(), width=width, height=24)
    console.print(board.rendered())
    text = console.file.getvalue()
    assert all(cell_len(line.rstrip()) <= width for line in text.splitlines())
    assert "…" not in text
    assert LONG in text or width < len(LONG)
    assert set(LONG) <= set(text)
    assert ("1,489 × (1,028 to 1,549)" in text) == (width >= 100)
    assert ("█▅▁" in text) == (width >= 120)


def test_more_engines_than_lines_are_counted_and_the_running_one_is_shown():
    names = [f"e{i}" for i in range(50)]
    progress = RunProgress(plan(*map(Contestant, names)))
    progress.started("e49", 10, now_s=0.0)
    console = Console(file=io.StringIO(), width=80, height=20)
    console.print(Board(progress, console).rendered())
    text = console.file.getvalue()
    assert "e49" in text
    assert "and 34 more" in text
    assert len(text.splitlines()) <= 20


def test_in_a_pipe_a_line_says_how_each_cell_ended(capsys):
    with RunConsole(plan(Contestant("a"), Contestant("b"))) as console:
        console.cell_finished(cell("a"))
        trace = "Traceback (most recent call last):\n  File"
        console.cell_finished(cell("b", status="crashed", reason="KeyError: 1", trace=trace))
    assert capsys.readouterr().err.splitlines() == [
        "[1/6] a: ok, 10 of 10 epochs in 20.00 s",
        "[2/6] b: crashed, 10 of 10 epochs in 20.00 s (KeyError: 1)",
    ]
