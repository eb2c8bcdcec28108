"""What the page opens with: an identity that is exact in what it shows, and a picture to scale."""

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from benchgrad.benchmarks.plan import Contestant
from benchgrad.benchmarks.records import GraphCounts
from benchgrad.reports import formats
from benchgrad.reports.engine_summary import summaries
from benchgrad.reports.findings import headline
from benchgrad.reports.opening import (
    Identity,
    agreement,
    choice,
    identity,
    nodes_picture,
    number,
    quotient,
)

NODES = st.integers(1, 10**6)
SECONDS = st.floats(1e-9, 1.0)


def opened(run):
    """Return the headline of a run, and its identity."""
    found = headline(run, summaries(run))
    return found, identity(run, found)


def counted(run, **nodes):
    """Return a run whose engines have graphs of so many nodes, for steps of two rows."""
    cells = [
        msgspec.structs.replace(cell, counts=GraphCounts(2, {"node": nodes[cell.engine]}, 1, 1, 1))
        if cell.engine in nodes
        else cell
        for cell in run.cells
    ]
    return msgspec.structs.replace(run, cells=cells)


@given(NODES, NODES, SECONDS, SECONDS)
def test_the_figures_that_are_shown_give_each_other(slow_nodes, fast_nodes, slow_s, fast_s):
    few, many = sorted((slow_nodes, fast_nodes))
    exact = Identity(many, few, slow_s, fast_s)
    assume(exact.ratio > 1e-3)  # the slow engine is the one that takes longer, but for noise
    shown = exact.shown
    nodes, cost = number(shown.nodes), number(shown.cost)
    assert nodes == pytest.approx(many / few, rel=0.005)
    assert shown.is_exact
    assert shown.ratio == formats.ratio(exact.ratio)
    ratio = nodes / cost if shown.is_costlier else nodes * cost
    assert formats.ratio(ratio) == shown.ratio
    digits = next(d for d in range(3, 14) if formats.significant(cost, d) == shown.cost)
    assert quotient((shown.slow_node, shown.fast_node), shown.is_costlier, digits) == shown.cost


def test_the_figures_of_the_published_comparison():
    shown = Identity(76_064, 9, 934e-9, 9.83e-6).shown
    assert (shown.nodes, shown.cost, shown.ratio) == ("8,452", "10.52", "803 ×")
    assert (shown.slow_node, shown.fast_node) == ("934.0 ns", "9.830 µs")


@pytest.mark.parametrize("n_rounds", [1, 2, 3, 4, 5])
def test_the_ratio_of_the_identity_is_that_of_the_headline(by_hand, n_rounds):
    """The median of the ratios is no quotient of medians: here the rounds of the two differ."""
    slow, fast = [8.0, 9.0, 3.0, 7.0, 5.0], [0.2, 0.1, 0.3, 0.5, 0.4]
    run = by_hand.rounds(slow=slow[:n_rounds], fast=fast[:n_rounds])
    found, exact = opened(counted(run, slow=1000, fast=10))
    assert exact.ratio == pytest.approx(found.ratio.ratio, rel=1e-12)
    assert exact.shown.ratio == formats.ratio(found.ratio.ratio)


def test_without_counts_of_the_same_rows_there_is_no_identity(by_hand):
    run = by_hand.rounds(slow=(8.0,), fast=(0.5,))
    assert opened(run)[1] is None
    assert opened(counted(run, slow=1000))[1] is None
    cells = [
        msgspec.structs.replace(cell, counts=GraphCounts(rows, {"node": 10}, 1, 1, 1))
        for cell, rows in zip(run.cells, (1, 2), strict=True)
    ]
    assert opened(msgspec.structs.replace(run, cells=cells))[1] is None


def test_there_is_a_dot_for_each_node_and_areas_are_times():
    exact = Identity(76_064, 9, 934e-9, 9.83e-6)
    picture = nodes_picture(exact)
    assert sum(box.width * box.height for box in picture.dots) == 76_064
    assert len(picture.squares) == 9
    of_dots = 76_064 * picture.dot**2
    of_squares = sum(box.width * box.height for box in picture.squares)
    assert of_dots / of_squares == pytest.approx(exact.ratio, rel=0.002)
    assert max(box.y + box.height for box in picture.squares) <= picture.height
    assert max(box.x + box.width for box in picture.squares) <= picture.width


@pytest.mark.parametrize(
    "exact",
    [
        None,
        Identity(2**53, 6, 1e-9, 1e-9),
        Identity(10**5, 10**4, 1e-9, 1e-9),
        Identity(6, 9, 1e-9, 1e-9),
        Identity(100, 6, 1e-9, 1.0),
    ],
)
def test_what_a_page_cannot_show_is_not_drawn(exact):
    assert nodes_picture(exact) is None


def test_how_many_engines_agree_and_how_closely(full_run):
    found = agreement(summaries(full_run))
    assert (found.n_judged, found.n_agreeing, found.others) == (5, 4, ("wrong",))
    assert found.within == "1e-14"  # 5e-15 is the largest


@pytest.mark.parametrize(
    ("loss", "within"),
    [(0.9e-15, "1e-14"), (4e-13, "1e-12"), (1e-9, "1e-9")],
)
def test_the_power_of_ten_is_not_exceeded(by_hand, loss, within):
    """The other differences are 2e-15 and 3e-15."""
    cell = by_hand.cell("a", (1.0,), equality=by_hand.equality(loss=loss))
    run = by_hand.results([Contestant("a")], [cell])
    assert agreement(summaries(run)).within == within


def test_nothing_is_said_of_engines_that_were_not_compared(by_hand):
    assert agreement(summaries(by_hand.rounds(a=(1.0,), b=(2.0,)))) is None


def test_each_reason_to_choose_has_its_engine(by_hand):
    start = {"import_s": 0.0, "build_s": 0.0}
    cells = [
        by_hand.cell("compiled", (1.0, 1.0), first_step_s=50.0, peak_bytes=300, **start),
        by_hand.cell("eager", (2.0, 2.0), first_step_s=1.0, peak_bytes=200, **start),
        by_hand.cell("small", (9.0, 9.0), first_step_s=1.0, peak_bytes=100, **start),
    ]
    run = by_hand.results([Contestant(cell.engine) for cell in cells], cells)
    soon, late = (choice(summaries(run), n) for n in (20, 100))
    names = [(c.fastest.name, c.soonest.name, c.smallest.name) for c in (soon, late)]
    assert names == [("compiled", "eager", "small"), ("compiled", "compiled", "small")]
