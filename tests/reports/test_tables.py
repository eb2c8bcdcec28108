"""The tables of results that were built by hand, worked out with pencil and paper."""

import math

import msgspec
import pandas as pd
import pytest

from benchgrad.benchmarks.plan import Contestant
from benchgrad.reports import tables as module
from benchgrad.reports.engine_summary import summaries


def tables(results):
    return module.tables(results, summaries(results))


@pytest.fixture(scope="module")
def derived(full_run):
    return tables(full_run)


def test_epochs_have_a_row_for_each_epoch_of_each_cell(derived, full_run):
    expected = [
        (cell.engine, cell.round, i + 1, epoch.wall_s)
        for cell in full_run.cells
        for i, epoch in enumerate(cell.epochs)
    ]
    columns = ["engine", "round", "epoch", "wall_s"]
    assert list(derived.epochs[columns].itertuples(index=False, name=None)) == expected
    assert len(expected) == 30


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


def test_points_are_the_grid_and_the_test_rows_of_each_engine_that_finished(derived):
    points = derived.points
    assert list(points["engine"].unique()) == ["micrograd", "scalar, tensor", "numpy", "wrong"]
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


def test_engines_have_a_row_each_with_the_values_of_the_columns(derived, full_run):
    engines = derived.engines.set_index("engine")
    assert list(engines.index) == [contestant.name for contestant in full_run.plan.engines]
    columns = ["status", "epoch_s", "times_fastest", "published_epoch_s"]
    assert engines.loc["tensor", columns].tolist() == pytest.approx(["ok", 0.0025, 5.0, 0.0236])
    assert engines.loc["absent", columns[1:]].isna().all()


def test_a_run_of_which_all_engines_failed_has_tables(failed_run):
    found = tables(failed_run)
    assert len(found.epochs) == 0
    assert list(found.engines["status"]) == ["crashed", "missing"]
    assert found.engines[["epoch_s", "times_fastest"]].isna().all(axis=None)


def test_a_table_is_a_data_frame_with_an_engine_in_every_row(derived):
    for table in (derived.epochs, derived.engines, derived.points):
        assert isinstance(table, pd.DataFrame)
        assert table["engine"].notna().all()
