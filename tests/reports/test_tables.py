"""The tables of results that were built by hand, worked out with pencil and paper."""

import math

import msgspec
import numpy as np
import pandas as pd
import pytest

from benchgrad.benchmarks.plan import Contestant, Published
from benchgrad.benchmarks.records import Usage
from benchgrad.reports.tables import comparison, drift, tables

PUBLISHED = {"slow": Published(epochs=20, total_s=651.86), "fast": Published(100, 2.36)}


@pytest.fixture(scope="module")
def derived(full_run):
    return tables(full_run)


@pytest.fixture(scope="module")
def row(derived):
    """Return a function that gives the row of an engine in the full run."""
    return derived.engines.set_index("engine").loc.__getitem__


@pytest.fixture
def only(by_hand):
    """Return a function that gives the row of the one engine that cells are of."""

    def only(*cells, **contestant):
        run = by_hand.results([Contestant(cells[0].engine, **contestant)], cells)
        (found,) = tables(run).engines.to_dict("records")
        return found

    return only


def test_epochs_have_a_row_for_each_epoch_of_each_cell(derived, full_run):
    expected = [
        (cell.engine, cell.round, i + 1, epoch.wall_s)
        for cell in full_run.cells
        for i, epoch in enumerate(cell.epochs)
    ]
    columns = ["engine", "round", "epoch", "wall_s"]
    assert list(derived.epochs[columns].itertuples(index=False, name=None)) == expected
    assert len(expected) == 26


def test_epochs_hold_what_was_measured(derived):
    epochs = derived.epochs
    second = epochs[(epochs["engine"] == "tensor") & (epochs["round"] == 1)].iloc[1]
    assert second["wall_s"] == 0.002
    assert second["cpu_s"] == 0.001
    assert second["collector_s"] == pytest.approx(0.0002)
    assert second["loss"] == pytest.approx((1.0 + 0.5) / 2)
    assert second["train_accuracy"] == 0.5
    assert second["test_accuracy"] == 0.25


def test_elapsed_time_starts_again_with_each_engine_and_round(derived):
    elapsed = derived.epochs.groupby(["engine", "round"])["elapsed_s"].apply(list)
    assert elapsed["tensor", 0] == pytest.approx([0.08, 0.081, 0.083, 0.086])
    assert elapsed["tensor", 1] == pytest.approx([0.09, 0.092, 0.095, 0.099])
    assert elapsed["micrograd", 1] == pytest.approx([0.7, 1.3, 1.7])


def test_a_loss_that_is_not_finite_is_nan_and_leaves_the_others_alone(by_hand):
    cell = by_hand.cell("numpy", (0.1, 0.1), status="invalid", reason="the loss is nan at step 4")
    epochs = [cell.epochs[0], by_hand.epoch(0.1, (0.5, None))]
    run = by_hand.results([Contestant("numpy")], [msgspec.structs.replace(cell, epochs=epochs)])
    loss = tables(run).epochs["loss"]
    assert loss[0] == 0.75
    assert math.isnan(loss[1])


def test_engines_are_in_the_order_of_the_plan(derived, full_run):
    assert list(derived.engines["engine"]) == [c.name for c in full_run.plan.engines]


@pytest.mark.parametrize(
    ("engine", "status", "done", "planned"),
    [
        ("micrograd", "ok", 3, 3),
        ("scalar", "ok", 2, 5),
        ("tensor", "ok", 4, 4),
        ("numpy", "ok", 1, 1),
        ("bad<i>.py", "crashed", 1, 3),
        ("wrong", "invalid", 2, 2),
        ("absent", "missing", 0, 2),
    ],
)
def test_status_and_epochs(row, engine, status, done, planned):
    found = row(engine)
    assert found["status"] == status
    assert (found["epochs_done"], found["epochs_planned"]) == (done, planned)
    assert found["rounds"] == (2 if done else 0)


def test_an_engine_has_the_reason_of_its_failure_and_its_note(row, by_hand):
    assert row("bad<i>.py")["reason"] == by_hand.reason
    assert row("wrong")["reason"].startswith("losses differ from numpy")
    assert row("absent")["reason"] == "absent needs the package nothere"
    assert row("tensor")["reason"] == ""
    assert row("micrograd")["note"] == "it makes cycles"
    assert (row("tensor")["kind"], row("tensor")["version"]) == ("tensor", "1.2")


@pytest.mark.parametrize(
    ("engine", "low", "median", "high"),
    [
        ("micrograd", 0.375, 0.45, 0.525),  # 0.3 0.4 0.5 0.6
        ("scalar", 2.5, 3.0, 3.5),  # 2 4
        ("tensor", 0.002, 0.0025, 0.003),  # 1 2 2 3 3 4 ms
        ("numpy", 0.00045, 0.0005, 0.00055),  # 0.4 0.6 ms: each round has one epoch only
        ("bad<i>.py", 0.7, 0.7, 0.7),
        ("wrong", 0.0001, 0.0001, 0.0001),
    ],
)
def test_seconds_an_epoch_leave_out_the_first_of_each_round(row, engine, low, median, high):
    found = row(engine)
    assert found["epoch_s_low"] == pytest.approx(low)
    assert found["epoch_s"] == pytest.approx(median)
    assert found["epoch_s_high"] == pytest.approx(high)


@pytest.mark.parametrize(
    ("engine", "measured", "total"),
    [
        ("micrograd", 1.7, 1.7),
        ("scalar", (3.5 + 5.1) / 2, (3.5 + 3 * 3.0 + 5.1 + 3 * 3.0) / 2),
        ("tensor", (0.086 + 0.099) / 2, (0.086 + 0.099) / 2),
        ("numpy", 0.0005, 0.0005),
        ("wrong", 0.0003, 0.0003),
    ],
)
def test_totals_count_the_first_epoch_and_forecast_what_is_left(row, engine, measured, total):
    assert row(engine)["measured_s"] == pytest.approx(measured)
    assert row(engine)["total_s"] == pytest.approx(total)


def test_a_forecast_is_what_a_budget_ended(row):
    forecast = [e for e in ("micrograd", "scalar", "tensor", "numpy", "wrong", "absent")
                if row(e)["is_forecast"]]  # fmt: skip
    assert forecast == ["scalar"]


@pytest.mark.parametrize("status", ["crashed", "timeout", "out_of_memory", "interrupted"])
def test_an_engine_that_failed_half_way_is_not_forecast(only, by_hand, status):
    """No budget ended it, so nobody can say how long it would have taken."""
    found = only(by_hand.cell("x", (1.0, 2.0), planned=5, status=status, reason="it broke"))
    assert not found["is_forecast"]


def test_rounds_that_a_budget_ended_at_different_epochs(only, by_hand):
    found = only(
        by_hand.cell("x", (2.0, 1.0), planned=4, budget_s=3.0),
        by_hand.cell("x", (1.0, 1.0, 1.0), planned=4, budget_s=3.0, round=1),
        by_hand.cell("x", (0.5, 0.25, 0.25, 0.5), planned=4, budget_s=3.0, round=2),
    )
    # After the first epochs: 1, 1, 1, 0.25, 0.25, 0.5, so 0.75 in the middle.
    assert found["epoch_s"] == 0.75
    assert found["total_s"] == pytest.approx(np.median([3.0 + 2 * 0.75, 3.0 + 0.75, 1.5]))
    assert found["epochs_done"] == 2
    assert found["is_forecast"]


def test_a_budget_that_was_not_used_up_is_no_forecast(only, by_hand):
    found = only(by_hand.cell("x", (1.0, 1.0), budget_s=60.0))
    assert not found["is_forecast"]
    assert found["total_s"] == 2.0


def test_an_only_epoch_counts_and_a_first_of_several_does_not(only, by_hand):
    assert only(by_hand.cell("x", (9.0,)))["epoch_s"] == 9.0
    assert only(by_hand.cell("x", (9.0, 1.0)))["epoch_s"] == 1.0


def test_an_engine_without_epochs_has_no_figures(row):
    found = row("absent")
    unknown = ["epoch_s", "epoch_s_low", "epoch_s_high", "total_s", "measured_s", "times_fastest"]
    unknown += ["import_s", "build_s", "first_step_s", "peak_bytes", "added_bytes", "loss"]
    unknown += ["test_accuracy", "loss_difference", "collector_share", "cpu_per_wall"]
    assert [name for name in unknown if not math.isnan(found[name])] == []
    assert found["steps_compared"] == 0


def test_engines_are_ranked_by_the_fastest_that_is_ok(row):
    """The ratios within the two rounds, and the middle of both: a ratio too, so of logarithms."""
    for engine, first, second in (
        ("numpy", 1.0, 1.0),
        ("tensor", 5.0, 5.0),
        ("micrograd", 0.4 / 0.0004, 0.5 / 0.0006),
        ("scalar", 2.0 / 0.0004, 4.0 / 0.0006),
    ):
        assert row(engine)["times_fastest"] == pytest.approx(math.sqrt(first * second))


def test_engines_that_are_not_ok_have_no_rank(row):
    """The invalid one would be the fastest of all."""
    assert row("wrong")["epoch_s"] < row("numpy")["epoch_s"]
    for engine in ("wrong", "bad<i>.py", "absent"):
        assert math.isnan(row(engine)["times_fastest"])


@pytest.fixture
def in_rounds(by_hand):
    """Return a function that gives the rows of engines, each with the epoch of every round."""

    def in_rounds(**seconds):
        cells = [
            by_hand.cell(name, (9.0, wall_s), round=i)
            for name, walls in seconds.items()
            for i, wall_s in enumerate(walls)
        ]
        run = by_hand.results(map(Contestant, seconds), cells)
        return tables(run).engines.set_index("engine").loc

    return in_rounds


def test_from_three_rounds_on_ranks_are_paired_by_round_and_have_an_interval(in_rounds):
    """Medians of 2 s and 4 s are 2 ×; within the rounds it is 1.5, 2.5 and 2.6 ×."""
    rows = in_rounds(a=(2.0, 1.6, 4.0), b=(3.0, 4.0, 10.4))
    columns = ["times_fastest", "ratio_low", "ratio_high"]
    assert rows["b", columns].tolist() == pytest.approx([2.5, 1.5, 2.6])
    assert rows["a", "times_fastest"] == 1.0
    assert rows["a", columns[1:]].isna().all()


def test_with_fewer_rounds_ranks_have_no_interval(in_rounds):
    rows = in_rounds(a=(2.0, 1.0), b=(3.0, 5.0))
    assert rows["b", "times_fastest"] == pytest.approx(math.sqrt(1.5 * 5.0))
    assert math.isnan(rows["b", "ratio_low"])


def test_the_fastest_is_who_is_faster_in_common_rounds(in_rounds):
    """The machine slows down after the fifth round, in which b is known well enough."""
    rows = in_rounds(a=(1.0,) * 5 + (1.3,) * 6, b=(1.05,) * 5, c=(2.0,) * 5 + (2.6,) * 6)
    assert rows["a", "times_fastest"] == 1.0
    assert rows["b", "times_fastest"] == pytest.approx(1.05)
    assert rows["c", "times_fastest"] == pytest.approx(2.0)


def test_from_five_rounds_on_engines_that_are_no_different_are_named(in_rounds):
    rows = in_rounds(a=(1.0,) * 5, b=(0.99, 1.01, 1.0, 1.02, 1.001), c=(1.2,) * 5)
    assert [rows[name, "is_alike"] for name in "abc"] == [False, True, False]
    assert not in_rounds(a=(1.0,) * 4, b=(1.0,) * 4)["b", "is_alike"]


def test_an_engine_that_failed_has_no_interval(by_hand):
    cells = [
        by_hand.cell(name, (1.0, wall_s), round=i, status=status, reason="why")
        for i in range(4)
        for name, wall_s, status in (("a", 1.0, "ok"), ("b", 2.0, "ok"), ("c", 0.5, "invalid"))
    ]
    rows = tables(by_hand.results(map(Contestant, "abc"), cells)).engines.set_index("engine").loc
    assert rows["b", "times_fastest"] == pytest.approx(2.0)
    assert math.isnan(rows["c", "times_fastest"])
    assert math.isnan(rows["c", "ratio_low"])


@pytest.mark.parametrize("n", [0, 1])
def test_one_round_that_failed_is_enough_to_fail(only, by_hand, n):
    cells = [by_hand.cell("x", (1.0, 1.0), round=i) for i in range(2)]
    cells[n] = msgspec.structs.replace(cells[n], status="invalid", reason="other work")
    found = only(*cells)
    assert (found["status"], found["reason"]) == ("invalid", "other work")
    assert math.isnan(found["times_fastest"])


def test_a_round_that_failed_before_its_first_epoch_counts_as_none_done(only, by_hand):
    found = only(
        by_hand.cell("x", (1.0, 1.0)),
        by_hand.cell("x", planned=2, round=1, status="crashed", reason="it broke"),
    )
    assert found["status"] == "crashed"
    assert found["epochs_done"] == 0


def test_the_three_clocks_are_medians_and_memory_is_the_largest(row):
    found = row("tensor")
    assert found["import_s"] == pytest.approx(0.2)
    assert found["build_s"] == pytest.approx(0.003)
    assert found["first_step_s"] == pytest.approx(0.04)
    assert found["peak_bytes"] == 60 * 2**20
    assert found["added_bytes"] == 20 * 2**20


def test_shares_are_of_the_wall_time_of_the_epochs(row):
    assert row("tensor")["collector_share"] == pytest.approx(0.1)
    assert row("tensor")["cpu_per_wall"] == pytest.approx(0.5)


def test_accuracy_and_loss_are_those_of_the_last_epoch_of_the_first_round(only, by_hand):
    found = only(by_hand.cell("x", (1.0,) * 3), by_hand.cell("x", (1.0,) * 5, round=1))
    assert found["test_accuracy"] == 3 / 8
    assert found["train_accuracy"] == 5 / 8
    assert found["loss"] == pytest.approx(0.75 / 3)


def test_differences_are_the_largest_and_steps_are_summed(row):
    found = row("tensor")
    assert found["loss_difference"] == 5e-15
    assert found["parameter_difference"] == 2e-15
    assert found["logit_difference"] == 3e-15
    assert found["limit"] == 1e-9
    assert found["steps_compared"] == 10
    assert row("wrong")["loss_difference"] == 0.5


def test_published_figures_are_those_of_the_plan(row):
    found = row("scalar")
    assert (found["published_epochs"], found["published_total_s"]) == (20, 651.86)
    assert found["published_epoch_s"] == pytest.approx(32.593)
    assert math.isnan(row("numpy")["published_epoch_s"])


def test_points_are_the_grid_and_the_test_rows_of_each_engine_that_finished(derived):
    points = derived.points
    assert list(points["engine"].unique()) == ["micrograd", "scalar", "tensor", "numpy", "wrong"]
    for _, own in points.groupby("engine"):
        assert own["part"].value_counts().to_dict() == {"grid": 9, "test": 4}
    own = points[points["engine"] == "numpy"]
    columns = ["x", "y", "label"]
    grid = own.loc[own["part"] == "grid", columns].to_numpy().tolist()
    assert grid == [
        [-1, -2, 0], [0, -2, 0], [1, -2, 1],
        [-1, 0, 0], [0, 0, 1], [1, 0, 1],
        [-1, 2, 0], [0, 2, 1], [1, 2, 1],
    ]  # fmt: skip
    test = own.loc[own["part"] == "test", columns].to_numpy().tolist()
    assert test == [[-1, -1, 0], [-0.5, 0.5, 0], [0.5, -0.5, 1], [1, 1, 1]]


def test_two_features_have_no_confusion_and_others_no_points(derived, deep_run):
    assert len(derived.confusion) == 0
    assert len(tables(deep_run).points) == 0


def test_confusion_counts_true_classes_against_predicted_ones(deep_run):
    confusion = tables(deep_run).confusion
    counts = confusion.pivot(index=["engine", "label"], columns="predicted", values="count")
    # True labels 0 0 0 1 1 2 2; tensor predicts 0 0 1 1 1 2 0.
    assert counts.loc["tensor"].to_numpy().tolist() == [[2, 1, 0], [0, 2, 0], [1, 0, 1]]
    assert counts.loc["numpy"].to_numpy().tolist() == [[3, 0, 0], [0, 2, 0], [0, 0, 2]]


def test_confusion_has_a_row_for_classes_that_are_never_met(by_hand):
    data = msgspec.structs.replace(by_hand.deep_data(), test_labels=[0] * 7)
    cell = by_hand.cell("numpy", (1.0,), final=by_hand.final([1] * 7, []))
    confusion = tables(by_hand.results([Contestant("numpy")], [cell], data)).confusion
    assert len(confusion) == 9
    assert confusion.query("label == 0 and predicted == 1")["count"].tolist() == [7]
    assert confusion["count"].sum() == 7


def test_only_the_first_round_is_counted_in_confusion(by_hand):
    cells = [
        by_hand.cell("numpy", (1.0,), final=by_hand.final([k] * 7, []), round=round)
        for round, k in ((0, 1), (1, 2))
    ]
    confusion = tables(by_hand.results([Contestant("numpy")], cells, by_hand.deep_data())).confusion
    assert confusion.groupby("predicted", observed=True)["count"].sum().to_dict() == {
        0: 0,
        1: 7,
        2: 0,
    }


def test_a_run_of_which_all_engines_failed_has_tables(failed_run):
    found = tables(failed_run)
    assert len(found.epochs) == 0
    assert list(found.engines["status"]) == ["crashed", "missing"]
    assert list(found.engines["epochs_done"]) == [0, 0]
    assert found.engines["epoch_s"].isna().all()
    assert found.engines["times_fastest"].isna().all()
    assert not found.engines["is_forecast"].any()
    assert comparison(failed_run, found.engines) is None


def test_the_published_pair_is_compared_before_faster_and_slower_ones(full_run, derived):
    found = comparison(full_run, derived.engines)
    assert (found.slow, found.fast) == ("scalar", "tensor")
    assert found.ratio == pytest.approx(math.sqrt(2.0 / 0.002 * 4.0 / 0.003))
    assert found.published_ratio == pytest.approx(1381.06, abs=0.005)
    assert found.is_forecast


@pytest.fixture
def compare(by_hand):
    """Return a function that compares engines, given as (name, seconds an epoch, status)."""

    def compare(*engines, published=PUBLISHED):
        contestants = [Contestant(name, published=published.get(name)) for name, *_ in engines]
        cells = [
            by_hand.cell(name, (epoch_s, epoch_s), status=status, reason="why")
            for name, epoch_s, status in engines
        ]
        results = by_hand.results(contestants, cells)
        return comparison(results, tables(results).engines)

    return compare


def test_the_order_of_the_pair_is_that_of_the_published_figures(compare):
    """Also if it is the other way round here: the two ratios must be of the same pair."""
    found = compare(("fast", 2.0, "ok"), ("slow", 1.0, "ok"))
    assert (found.slow, found.fast, found.ratio) == ("slow", "fast", 0.5)
    assert found.published_ratio == pytest.approx(1381.06, abs=0.005)
    assert not found.is_forecast


def test_without_the_published_pair_the_slowest_and_the_fastest_are_compared(compare):
    found = compare(("a", 2.0, "ok"), ("b", 8.0, "ok"), ("c", 4.0, "ok"))
    assert (found.slow, found.fast, found.ratio) == ("b", "a", 4.0)
    assert math.isnan(found.published_ratio)


def test_of_several_rounds_the_pair_is_compared_within_each(by_hand):
    """As in the table: one report does not give two ratios for the same pair."""
    cells = [
        by_hand.cell(name, (9.0, wall_s), round=i)
        for name, walls in (("a", (1.0, 2.0, 4.0)), ("b", (3.0, 4.0, 20.0)))
        for i, wall_s in enumerate(walls)
    ]
    results = by_hand.results([Contestant("a"), Contestant("b")], cells)
    found = comparison(results, tables(results).engines)
    assert (found.slow, found.fast) == ("b", "a")
    assert (found.ratio, found.low, found.high) == pytest.approx((3.0, 2.0, 5.0))


def test_what_an_interruption_cut_off_does_not_count(by_hand):
    cells = [
        by_hand.cell("a", (1.0, 1.0), round=0),
        by_hand.cell("a", (5.0,), planned=2, round=1, status="interrupted", reason="why"),
        by_hand.cell("b", (), planned=2, round=0, status="interrupted", reason="why"),
    ]
    table = tables(by_hand.results([Contestant("a"), Contestant("b")], cells)).engines
    assert list(table["status"]) == ["ok", "interrupted"]
    first = table.iloc[0]
    assert (first["rounds"], first["epochs_done"], first["epoch_s"]) == (1, 2, 1.0)


def test_a_published_engine_that_failed_is_not_compared(compare):
    found = compare(("slow", 9.0, "invalid"), ("fast", 1.0, "ok"), ("c", 4.0, "ok"))
    assert (found.slow, found.fast, found.ratio) == ("c", "fast", 4.0)
    assert math.isnan(found.published_ratio)


@pytest.mark.parametrize("status", ["invalid", "crashed", "timeout", "missing", "unsupported"])
def test_one_engine_that_is_ok_cannot_be_compared(compare, status):
    assert compare(("slow", 9.0, status), ("fast", 1.0, "ok")) is None
    assert compare(("a", 1.0, "ok")) is None
    assert compare(("a", 1.0, status)) is None


def test_a_table_is_a_data_frame_with_an_engine_in_every_row(derived):
    for table in (derived.epochs, derived.engines, derived.points):
        assert isinstance(table, pd.DataFrame)
        assert table["engine"].notna().all()


@pytest.mark.parametrize(
    ("cpu_s", "n_threads", "warning"),
    [
        (0.5, 1, ""),
        (1.05, 1, ""),
        (1.9, 1, "kept 1.90 CPUs busy, allowed was 1 thread; its times do not compare"),
        (1.9, 2, ""),
        (3.0, 2, "kept 3.00 CPUs busy, allowed were 2 threads; its times do not compare"),
    ],
)
def test_an_engine_that_used_more_processors_than_allowed_is_flagged(
    by_hand, cpu_s, n_threads, warning
):
    busy = msgspec.structs.replace(by_hand.epoch(1.0), cpu_s=cpu_s)
    cell = msgspec.structs.replace(by_hand.cell("scalar", [1.0]), epochs=[busy])
    run = by_hand.results([Contestant("scalar")], [cell], threads=n_threads)
    assert tables(run).engines["warning"].item() == warning


def test_a_quiet_machine_and_a_noisy_one(by_hand):
    def run(*controls):
        cells = [
            msgspec.structs.replace(by_hand.cell("scalar", [1.0], round=i), control_s=control)
            for i, control in enumerate(controls)
        ]
        return by_hand.results([Contestant("scalar")], cells, rounds=len(cells))

    quiet = drift(run([1.0, 1.01, 5.0], [1.0, 1.04, 1.05]))
    assert (quiet.median_s, quiet.n_cells, quiet.is_noisy) == (1.025, 2, False)
    assert quiet.spread == pytest.approx(0.9 * 0.03 / 1.025)
    noisy = drift(run([1.0], [1.0], [1.2]))
    assert (noisy.median_s, noisy.n_cells, noisy.is_noisy) == (1.0, 3, True)
    assert noisy.spread == pytest.approx(0.9 * 0.2)
    assert drift(run([1.0])) is None
    assert drift(run([], [])) is None


def test_usage_is_the_median_over_rounds(by_hand):
    cells = [
        msgspec.structs.replace(
            by_hand.cell("scalar", [1.0], round=i), usage=Usage(n, 0, 2 * n, 1, 1000), n_threads=n
        )
        for i, n in enumerate((5, 7, 90))
    ]
    run = by_hand.results([Contestant("scalar")], cells, rounds=3)
    (row,) = tables(run).engines.to_dict("records")
    assert (row["minor_faults"], row["voluntary_switches"], row["n_threads"]) == (7, 14, 7)
    assert (row["major_faults"], row["step_python_bytes"]) == (0, 1000)


def test_a_control_workload_without_a_time_is_no_drift(by_hand):
    cells = [
        msgspec.structs.replace(by_hand.cell("scalar", [1.0], round=i), control_s=[0.0])
        for i in range(2)
    ]
    assert drift(by_hand.results([Contestant("scalar")], cells, rounds=2)) is None


def test_an_engine_that_its_budget_ended_in_its_first_epoch_is_flagged(by_hand):
    cells = [by_hand.cell("x", [1.0], planned=5), by_hand.cell("y", [1.0, 1.0], planned=5)]
    table = tables(by_hand.results(map(Contestant, "xy"), cells)).engines
    assert table["is_forecast"].all()
    expected = ["was ended by its budget in its first epoch, which also warms up", ""]
    assert list(table["warning"]) == expected
