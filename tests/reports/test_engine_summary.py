"""What is said about engines, worked out with pencil and paper from results built by hand."""

import math
from dataclasses import astuple

import msgspec
import pytest

from benchgrad.benchmarks.plan import Contestant
from benchgrad.benchmarks.records import GraphCounts, Reference, Usage
from benchgrad.reports.engine_summary import summaries


@pytest.fixture(scope="module")
def full(full_run):
    """Return the engines of the full run by name."""
    return {engine.name: engine for engine in summaries(full_run)}


@pytest.fixture
def only(by_hand):
    """Return a function that summarises the one engine that cells are of."""

    def only(*cells, **plan):
        (found,) = summaries(by_hand.results([Contestant(cells[0].engine)], cells, **plan))
        return found

    return only


@pytest.fixture
def in_rounds(by_hand):
    """Return a function that summarises engines by name, given the epoch of every round."""

    def in_rounds(**seconds):
        return {engine.name: engine for engine in summaries(by_hand.rounds(**seconds))}

    return in_rounds


def near(expected):
    return pytest.approx(expected, nan_ok=True)


NAN = math.nan


@pytest.mark.parametrize(
    ("name", "status", "done", "planned"),
    [
        ("micrograd", "ok", 3, 3),
        ("scalar", "ok", 4, 5),
        ("tensor", "ok", 4, 4),
        ("numpy", "ok", 1, 1),
        ("bad<i>.py", "crashed", 1, 3),
        ("wrong", "invalid", 2, 2),
        ("absent", "missing", 0, 2),
    ],
)
def test_status_and_epochs(full, name, status, done, planned):
    found = full[name]
    assert (found.status, found.epochs_done, found.epochs_planned) == (status, done, planned)
    assert found.rounds == (2 if done else 0)


def test_engines_are_in_the_order_of_the_plan(full, full_run):
    assert list(full) == [contestant.name for contestant in full_run.plan.engines]


def test_an_engine_has_the_reason_of_its_failure_and_its_note(full, by_hand):
    assert full["bad<i>.py"].reason == by_hand.reason
    assert full["wrong"].reason.startswith("losses differ from numpy")
    assert full["absent"].reason == "absent needs the package nothere"
    assert full["tensor"].reason == ""
    assert full["micrograd"].note == "it makes cycles"


@pytest.mark.parametrize(
    ("name", "low", "median", "high"),
    [
        ("micrograd", 0.375, 0.45, 0.525),  # 0.3 0.4 0.5 0.6
        ("scalar", 2.0, 3.0, 4.0),  # 2 2 2 4 4 4
        ("tensor", 0.002, 0.0025, 0.003),  # 1 2 2 3 3 4 ms
        ("numpy", 0.00045, 0.0005, 0.00055),  # 0.4 0.6 ms: each round has one epoch only
        ("bad<i>.py", 0.7, 0.7, 0.7),
        ("wrong", 0.0001, 0.0001, 0.0001),
    ],
)
def test_seconds_per_epoch_leave_out_the_first_of_each_round(full, name, low, median, high):
    found = full[name].timing
    assert (found.epoch_s_low, found.epoch_s, found.epoch_s_high) == near((low, median, high))


@pytest.mark.parametrize(
    ("name", "measured", "total"),
    [
        ("micrograd", 1.7, 1.7),
        ("scalar", 7.5, 7.5 + 2.0),
        ("tensor", (0.086 + 0.099) / 2, (0.086 + 0.099) / 2),
        ("numpy", 0.0005, 0.0005),
        ("wrong", 0.0003, 0.0003),
        ("bad<i>.py", 0.7, NAN),
    ],
)
def test_totals_count_the_first_epoch_and_forecast_the_remaining_ones(full, name, measured, total):
    found = full[name].timing
    assert (found.measured_s, found.total_s) == near((measured, total))
    assert found.is_forecast == (name == "scalar")  # the one that its budget stopped


@pytest.mark.parametrize("status", ["crashed", "timeout", "out_of_memory", "interrupted"])
def test_an_engine_that_failed_half_way_is_not_forecast(only, by_hand, status):
    """No budget ended it, so nobody can say how long it would have taken."""
    found = only(by_hand.cell("x", (1.0, 2.0), planned=5, status=status, reason="it broke"))
    assert not found.timing.is_forecast
    assert math.isnan(found.timing.total_s)


def test_a_forecast_has_an_interval_and_is_that_of_the_longest_round(full, only, by_hand):
    found = full["scalar"].timing
    assert (found.total_s_low, found.total_s_high) == near((7.5 + 2.0 * 0.98, 7.5 + 2.0 * 1.02))
    assert found.no_forecast == ""
    longest = only(
        by_hand.cell("x", (1.0, 1.0), planned=9, budget_s=2.0),
        by_hand.cell("x", (2.0, 2.0, 2.0, 2.0), planned=9, budget_s=8.0, round=1),
    )
    assert (longest.timing.measured_s, longest.timing.total_s) == near((8.0, 18.0))


@pytest.mark.parametrize(
    ("walls", "why"),
    [
        ((1.0, 1.0, 1.0), "it takes 3 epochs after the first, the budget left 2"),
        ((1.0, 1.0, 1.05, 1.1025, 1.1576), "its epochs take +5.0 % from one to the next"),
    ],
)
def test_where_nobody_can_say_there_is_no_forecast(only, by_hand, walls, why):
    found = only(by_hand.cell("x", walls, planned=20, budget_s=3.0))
    assert math.isnan(found.timing.total_s)
    assert math.isnan(found.cold_s)
    assert (found.timing.is_forecast, found.timing.no_forecast) == (False, why)


def test_a_round_that_trained_to_the_end_gives_the_total(only, by_hand):
    found = only(
        by_hand.cell("x", (2.0, 1.0), planned=4, budget_s=3.0),
        by_hand.cell("x", (1.0, 1.0, 1.0), planned=4, budget_s=3.0, round=1),
        by_hand.cell("x", (0.5, 0.25, 0.25, 0.5), planned=4, budget_s=3.0, round=2),
    )
    # After the first epochs: 1, 1, 1, 0.25, 0.25, 0.5, so 0.75 in the middle.
    assert found.timing.epoch_s == 0.75
    assert found.timing.epoch_mean_s == pytest.approx(4.0 / 6)
    assert (found.timing.measured_s, found.timing.total_s) == (1.5, 1.5)
    assert not found.timing.is_forecast
    assert found.epochs_done == 2


def test_a_budget_that_was_not_used_up_is_no_forecast(only, by_hand):
    found = only(by_hand.cell("x", (1.0, 1.0), budget_s=60.0)).timing
    assert (found.total_s, found.is_forecast) == (2.0, False)


def test_an_only_epoch_counts_and_a_first_of_several_does_not(only, by_hand):
    assert only(by_hand.cell("x", (9.0,))).timing.epoch_s == 9.0
    assert only(by_hand.cell("x", (9.0, 1.0))).timing.epoch_s == 1.0


def test_an_engine_without_epochs_has_no_figures(full):
    found = full["absent"]
    *seconds, is_forecast, no_forecast, uneven_share = astuple(found.timing)
    assert (no_forecast, uneven_share, found.calm.steady) == ("", 0.0, 0)
    figures = [*seconds, *astuple(found.start), *astuple(found.graph), *astuple(found.process)[1:]]
    figures += [*astuple(found.differences)[1:], found.test_accuracy, found.times_fastest.ratio]
    assert [figure for figure in figures if not math.isnan(figure)] == []
    assert (found.differences.steps_compared, is_forecast) == (0, False)


def test_engines_are_ranked_by_the_fastest_that_is_ok(full):
    """The ratios within the two rounds, and the middle of both: a ratio too, so of logarithms."""
    for name, first, second in (
        ("numpy", 1.0, 1.0),
        ("tensor", 5.0, 5.0),
        ("micrograd", 0.4 / 0.0004, 0.5 / 0.0006),
        ("scalar", 2.0 / 0.0004, 4.0 / 0.0006),
    ):
        assert full[name].times_fastest.ratio == pytest.approx(math.sqrt(first * second))


def test_engines_that_are_not_ok_have_no_rank(full):
    """The invalid one would be the fastest of all."""
    assert full["wrong"].timing.epoch_s < full["numpy"].timing.epoch_s
    for name in ("wrong", "bad<i>.py", "absent"):
        assert math.isnan(full[name].times_fastest.ratio)


def test_from_three_rounds_on_ranks_are_paired_by_round_and_have_an_interval(in_rounds):
    """Medians of 2 s and 4 s are 2 ×; within the rounds it is 1.5, 2.5 and 2.6 ×."""
    found = in_rounds(a=(2.0, 1.6, 4.0), b=(3.0, 4.0, 10.4))
    assert astuple(found["b"].times_fastest)[:3] == near((2.5, 1.5, 2.6))
    assert astuple(found["a"].times_fastest)[:3] == near((1.0, NAN, NAN))


def test_with_fewer_rounds_ranks_have_no_interval(in_rounds):
    found = in_rounds(a=(2.0, 1.0), b=(3.0, 5.0))["b"]
    assert astuple(found.times_fastest)[:3] == near((math.sqrt(1.5 * 5.0), NAN, NAN))


def test_the_fastest_is_who_is_faster_in_common_rounds(in_rounds):
    """The machine slows down after the fifth round, in which b is known well enough."""
    found = in_rounds(a=(1.0,) * 5 + (1.3,) * 6, b=(1.05,) * 5, c=(2.0,) * 5 + (2.6,) * 6)
    assert [e.times_fastest.ratio for e in found.values()] == near([1.0, 1.05, 2.0])


def test_from_five_rounds_on_engines_that_are_no_different_are_alike(in_rounds):
    found = in_rounds(a=(1.0,) * 5, b=(0.99, 1.01, 1.0, 1.02, 1.001), c=(1.2,) * 5)
    assert [engine.is_alike for engine in found.values()] == [False, True, False]
    assert not in_rounds(a=(1.0,) * 4, b=(1.0,) * 4)["b"].is_alike


def test_an_engine_that_failed_has_no_interval(by_hand):
    cells = [
        by_hand.cell(name, (1.0, wall_s), round=i, status=status, reason="why")
        for i in range(4)
        for name, wall_s, status in (("a", 1.0, "ok"), ("b", 2.0, "ok"), ("c", 0.5, "invalid"))
    ]
    _, b, c = summaries(by_hand.results(map(Contestant, "abc"), cells))
    assert b.times_fastest.ratio == pytest.approx(2.0)
    assert astuple(c.times_fastest)[:3] == near((NAN, NAN, NAN))


@pytest.mark.parametrize("n", [0, 1])
def test_one_round_that_failed_is_enough_to_fail(only, by_hand, n):
    cells = [by_hand.cell("x", (1.0, 1.0), round=i) for i in range(2)]
    cells[n] = msgspec.structs.replace(cells[n], status="invalid", reason="other work")
    found = only(*cells)
    assert (found.status, found.reason) == ("invalid", "other work")
    assert math.isnan(found.times_fastest.ratio)


def test_a_round_that_failed_before_its_first_epoch_counts_as_none_done(only, by_hand):
    found = only(
        by_hand.cell("x", (1.0, 1.0)),
        by_hand.cell("x", planned=2, round=1, status="crashed", reason="it broke"),
    )
    assert (found.status, found.epochs_done) == ("crashed", 0)


def test_what_an_interruption_cut_off_does_not_count(by_hand):
    cells = [
        by_hand.cell("a", (1.0, 1.0), round=0),
        by_hand.cell("a", (5.0,), planned=2, round=1, status="interrupted", reason="why"),
        by_hand.cell("b", (), planned=2, round=0, status="interrupted", reason="why"),
    ]
    a, b = summaries(by_hand.results([Contestant("a"), Contestant("b")], cells))
    assert (a.status, b.status) == ("ok", "interrupted")
    assert (a.rounds, a.epochs_done, a.timing.epoch_s) == (1, 2, 1.0)


def test_the_three_clocks_are_medians_and_memory_is_the_largest(full):
    found = full["tensor"]
    assert astuple(found.start) == near((0.2, 0.003, 0.04, 0.002))
    assert found.process.peak_bytes == 60 * 2**20
    assert found.process.added_bytes == 20 * 2**20


def test_shares_are_of_the_wall_time_of_the_epochs(full):
    found = full["tensor"].process
    assert (found.collector_share, found.cpu_per_wall) == near((0.1, 0.5))


def test_usage_is_the_median_over_rounds(only, by_hand):
    found = only(*(
        by_hand.cell("x", [1.0], round=i, usage=Usage(n, 0, 2 * n, 1, 1000), n_threads=n)
        for i, n in enumerate((5, 7, 90))
    )).process  # fmt: skip
    assert (found.minor_faults, found.voluntary_switches, found.n_threads) == (7, 14, 7)
    assert (found.major_faults, found.step_python_bytes) == (0, 1000)


def test_accuracy_is_that_of_the_last_epoch_of_the_first_round(only, by_hand):
    found = only(by_hand.cell("x", (1.0,) * 3), by_hand.cell("x", (1.0,) * 5, round=1))
    assert found.test_accuracy == 3 / 8


def test_differences_are_the_largest_and_steps_are_summed(full):
    assert astuple(full["tensor"].differences) == (10, 5e-15, 2e-15, 3e-15, 1e-9)
    assert full["wrong"].differences.loss == 0.5


def test_a_difference_that_was_not_finite_is_infinite(only, by_hand):
    equality = msgspec.structs.replace(by_hand.equality(), logit_difference=None)
    found = only(by_hand.cell("x", (1.0,), equality=equality), by_hand.cell("x", (1.0,), round=1))
    assert (found.differences.loss, found.differences.logits) == (1e-15, math.inf)


def test_a_step_has_its_share_of_the_epoch_and_a_node_its_share_of_the_step(by_hand):
    """Two training rows in steps of one row: two steps in 0.5 s, with ten nodes each."""
    counts = GraphCounts(1, {"add": 4, "mul": 6}, 20, 900, 64)
    run = by_hand.results([Contestant("x")], [by_hand.cell("x", (9.0, 0.5), counts=counts)])
    environment = msgspec.structs.replace(run.environment, matmul_flops_per_s=1e4)
    run = msgspec.structs.replace(run, row_flops=100, environment=environment)
    (found,) = summaries(run)
    assert astuple(found.graph) == near((1, 10, 20, 900, 64, 90, 0.025))
    assert (found.flops_per_s, found.matmul_share) == near((400.0, 0.04))


def test_an_engine_is_set_against_the_floor_of_its_epochs(by_hand):
    """Two rows of two classes: 200 operations in 0.02 s, four exponentials in 0.08 s."""
    run = by_hand.results([Contestant("x")], [by_hand.cell("x", (9.0, 0.5))])
    assert math.isnan(summaries(run)[0].times_floor)
    rates = {"matmul_flops_per_s": 1e4, "exp_per_s": 50.0}
    environment = msgspec.structs.replace(run.environment, **rates)
    run = msgspec.structs.replace(run, row_flops=100, environment=environment)
    (found,) = summaries(run)
    assert found.times_floor == near(5.0)


def test_published_figures_are_those_of_the_plan(full):
    found = full["scalar"]
    assert (found.published.epochs, found.published.total_s) == (20, 651.86)
    assert (found.published_epoch_s, found.speedup) == near((32.593, 32.593 / 3.0))
    assert math.isnan(full["numpy"].published_epoch_s)


@pytest.mark.parametrize(
    ("cpu_s", "n_threads", "warning"),
    [
        (0.5, 1, ""),
        (1.05, 1, ""),
        (1.9, 1, "kept 1.90 CPUs busy but was allowed 1 thread; its times are not comparable"),
        (1.9, 2, ""),
        (3.0, 2, "kept 3.00 CPUs busy but was allowed 2 threads; its times are not comparable"),
    ],
)
def test_an_engine_that_used_more_processors_than_allowed_is_flagged(
    only, by_hand, cpu_s, n_threads, warning
):
    busy = msgspec.structs.replace(by_hand.epoch(1.0), cpu_s=cpu_s)
    cell = msgspec.structs.replace(by_hand.cell("scalar", [1.0]), epochs=[busy])
    assert only(cell, threads=n_threads).warnings == ((warning,) if warning else ())


def test_an_engine_that_its_budget_stopped_in_its_first_epoch_is_flagged(only, by_hand):
    cut, another = only(by_hand.cell("x", [1.0], planned=5)), by_hand.cell("y", [1, 1], planned=5)
    assert cut.warnings == ("reached its budget in its first epoch, which includes the warm-up",)
    assert only(another).warnings == ()


def test_an_engine_that_trains_for_less_in_later_rounds_is_done_if_the_first_round_is(by_hand):
    engine = Contestant("x", later_budget_s=2.0)
    cells = [
        by_hand.cell("x", (1.0,) * 5),
        by_hand.cell("x", (1.0, 1.0), planned=5, budget_s=2.0, round=1),
    ]
    (found,) = summaries(by_hand.results([engine], cells, rounds=2, epochs=5))
    assert (found.epochs_done, found.epochs_planned, found.rounds) == (5, 5, 2)
    assert (found.timing.total_s, found.timing.is_forecast, found.warnings) == (5.0, False, ())


def epochs(by_hand, walls, waited=0.0, cpu=1.0):
    """Return epochs that waited for these shares of their time, the first none."""
    return [
        msgspec.structs.replace(
            by_hand.epoch(wall_s), waited_s=wall_s * waited * (i > 0), cpu_s=wall_s * cpu
        )
        for i, wall_s in enumerate(walls)
    ]


def of(by_hand, epochs, round=0):
    cell = by_hand.cell("x", [1.0] * len(epochs), round=round)
    return msgspec.structs.replace(cell, epochs=epochs)


def test_disturbed_rounds_and_epochs_are_counted_and_left_out(only, by_hand):
    calm, hit = epochs(by_hand, [9.0, 1.0, 1.0, 1.0]), epochs(by_hand, [9.0, 3.0, 3.0, 3.0], 0.5)
    found = only(of(by_hand, calm), of(by_hand, hit, 1), of(by_hand, [*calm, hit[1]], 2))
    assert (found.calm.undisturbed, found.calm.steady, found.calm.disturbed_rounds) == (6, 10, 1)
    assert found.calm.waited_share == pytest.approx(6.0 / (12 + 18 + 15))
    assert math.isnan(found.calm.stolen_share)
    assert (found.timing.epoch_s, found.timing.epoch_s_high) == (1.0, 1.0)
    assert only(of(by_hand, hit)).timing.epoch_s == 3.0


FIFTH = [1.0, *[1.0, 1.0, 1.0, 1.0, 2.0] * 4]


def test_an_engine_whose_every_fifth_epoch_is_slow_is_flagged(only, by_hand):
    slow = epochs(by_hand, FIFTH)
    found = only(*(of(by_hand, slow, round) for round in range(3)))
    assert found.timing.uneven_share == pytest.approx(1 - 1 / 1.2)
    assert "at least 17 % of its time in some slow epochs" in found.warnings[0]
    assert "its mean epoch takes 1.20 times its median one" in found.warnings[0]


def test_what_the_machine_did_is_not_the_engines_cost(only, by_hand):
    """By processor time all epochs are equal; or one round only; or only while it warmed up."""
    even = [msgspec.structs.replace(e, cpu_s=1.0) for e in epochs(by_hand, FIFTH)]
    assert only(of(by_hand, even)).warnings == ()
    calm = epochs(by_hand, [1.0] * 21)
    assert only(of(by_hand, epochs(by_hand, FIFTH)), of(by_hand, calm, 1)).warnings == ()
    late = epochs(by_hand, [1.0, 9.0, 9.0, *[1.0] * 18])
    assert only(of(by_hand, late)).warnings == ()


def test_cold_is_from_import_to_a_trained_model(full):
    assert full["tensor"].cold_s == pytest.approx(0.2 + 0.003 + 0.04 + 0.0925)
    assert math.isnan(full["absent"].cold_s)


@pytest.mark.parametrize(
    ("n_right", "is_told"), [(1, False), (49, False), (50, True), (99, True), (160, False)]
)
def test_an_engine_that_parts_late_is_told_of_unstable_trainings(by_hand, n_right, is_told):
    wrong = by_hand.cell(
        "wrong", (0.1,) * 80, status="invalid", reason="x", equality=by_hand.equality(n_steps=160)
    )
    losses = [loss for epoch in wrong.epochs for loss in epoch.losses]
    losses = [loss + 1e-6 * (i >= n_right) for i, loss in enumerate(losses)]
    pairs = [list(pair) for pair in zip(losses[::2], losses[1::2], strict=True)]
    run = by_hand.results([Contestant("wrong")], [wrong])
    reference = Reference("numpy", 0, run.plan.training.batch_size, pairs, [])
    (found,) = summaries(msgspec.structs.replace(run, references=[reference]))
    told = f"agrees with numpy in its first {n_right} of 160 steps"
    assert any(each.startswith(told) for each in found.warnings) == is_told
