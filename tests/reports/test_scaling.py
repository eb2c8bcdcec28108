"""What a report says of a sweep, from records made by hand."""

import math

import msgspec
import pandas as pd
import pytest
from conftest import cell, results

from benchgrad.benchmarks.analysis.accuracy import studies
from benchgrad.benchmarks.analysis.points import BEGUN_ONLY, HERE, refinements
from benchgrad.benchmarks.analysis.scaling import overtakings
from benchgrad.benchmarks.analysis.which import answer
from benchgrad.benchmarks.axes import At, Axes
from benchgrad.benchmarks.plan import Contestant, DataPlan, ModelPlan, TrainingPlan
from benchgrad.benchmarks.records import Host, Point, PointData, RecordError
from benchgrad.reports.findings import why_no_headline
from benchgrad.reports.page import render_report
from benchgrad.reports.scaling import axis_table, in_a_sentence, map_table, sweep_context
from benchgrad.reports.terminal import summary

WIDTHS, BATCHES = (4, 16, 64), (1, 8)


def seconds(engine, width, batch):
    """Python pays for each call, the other for each element: they are equal at 16 of batch 1."""
    return 16e-3 if engine == "calls" else 1e-3 * width * batch


def sweep(hosts=(HERE,), lost=()):
    """Return a sweep over width and batch, whose plan itself is width 4 in batches of 1."""
    base = results(
        (Contestant("calls"), Contestant("elements")),
        [cell(name, [1.0, seconds(name, 4, 1)]) for name in ("calls", "elements")],
        model=ModelPlan(hidden=(4,)),
        data=DataPlan(n_samples=40),
        training=TrainingPlan(batch_size=1),
        axes=Axes(width=WIDTHS, batch=BATCHES, grid=("width", "batch")),
    )
    points = [
        Point(
            at,
            hosts[i % len(hosts)],
            PointData(2, 4, 2, 2),
            100,
            [
                cell(name, [1.0, seconds(name, at.width or 4, at.batch or 1)])
                for name in ("calls", "elements")
            ],
            lost=list(lost) if i == 0 else [],
        )
        for i, at in enumerate(base.plan.points())
    ]
    machines = {name: Host(base.environment) for name in hosts}
    return msgspec.structs.replace(base, points=points, hosts=machines)


def test_a_line_has_its_points_in_order_and_its_exponent():
    table = axis_table(sweep())
    line = table[(table["axis"] == "width") & (table["engine"] == "elements")]
    assert list(line["value"]) == [4, 16, 64]
    assert set(line["quantity"]) == {"time of an epoch"}  # no cell knows its memory
    assert line["label"].iloc[0] == "elements: 1.00 (1.00 to 1.00)"
    flat = table[(table["axis"] == "width") & (table["engine"] == "calls")]
    assert flat["label"].iloc[0].startswith("calls: 0.00")


def test_the_map_has_the_fastest_of_each_point_and_where_it_changes():
    table = map_table(sweep())
    best = {(r.x, r.y): r.engine for r in table.itertuples() if r.part == "point"}
    assert best[4, 1] == "elements"
    assert best[64, 1] == best[64, 8] == "calls"
    assert len(best) == len(WIDTHS) * len(BATCHES)
    crossing = [each for each in overtakings(sweep()) if each.axis == "width"]
    assert [round(each.value) for each in crossing if each.place == 1] == [16]


def test_a_point_counts_with_its_quickest_round():
    run = sweep()
    slow = [
        msgspec.structs.replace(
            point,
            cells=[
                *point.cells,
                *(cell("elements", [9.0, k * point.cells[1].epochs[1].wall_s], round=k)
                  for k in (8, 9)),
            ],
        )
        for point in run.points
    ]  # fmt: skip
    disturbed = msgspec.structs.replace(run, points=slow)
    pd.testing.assert_frame_equal(map_table(disturbed), map_table(run))


def test_a_grid_is_refined_between_neighbours_whose_fastest_engines_differ():
    # 4 × 1 has another fastest engine than 16 × 1 and 4 × 8, and nobody else differs
    assert refinements(sweep()) == [At(width=8), At(batch=3)]


def test_which_answers_from_a_measured_point_or_says_that_it_cannot():
    run = sweep()
    said = in_a_sentence(answer(run, {"width": 64, "batch": 8}))
    assert said.startswith("At width 64, depth 1 and batches of 8, calls is the fastest: 16.0 ms")
    assert "32.0 × as long with elements (measured in 1 round)" in said
    with pytest.raises(RecordError, match="has no axes"):
        answer(msgspec.structs.replace(run, points=[]), {})
    with pytest.raises(RecordError, match="too few points"):
        answer(msgspec.structs.replace(run, points=run.points[:1]), {"width": 1000})


def test_the_map_is_that_of_one_host():
    table = map_table(sweep(hosts=("a", "b", "b", "b", "b")))
    assert len(table[table["part"] == "point"]) == 4


def test_a_report_shows_the_figures_of_a_sweep_and_the_points_that_were_lost():
    run = sweep(lost=["worker tcp://x died"])
    files = render_report(run)
    assert {"plots/along_width.png", "plots/along_batch.svg", "plots/crossover.png"} <= set(files)
    assert b"Measured again at width 16: worker tcp://x died" in files["index.html"]
    assert b"Measured again at width 16: worker tcp" in files["summary.md"]
    assert render_report(run) == files
    assert "measured again at width 16: worker tcp://x died" in list(summary(run))


def test_a_first_epoch_that_a_budget_left_alone_is_no_time_of_an_epoch():
    run = sweep()
    plan = run.plan.with_each(budget_s=0.5)
    first, *others = run.points
    alone = msgspec.structs.replace(first.cells[0], epochs=first.cells[0].epochs[:1])
    begun = msgspec.structs.replace(first, cells=[alone, *first.cells[1:]])
    cut = msgspec.structs.replace(run, plan=plan, points=[begun, *others])
    assert {(r.x, r.y) for r in map_table(cut).itertuples() if r.part == "point"} == {
        (r.x, r.y) for r in map_table(run).itertuples() if r.part == "point"
    }
    table = axis_table(cut)
    assert len(table[table["engine"] == alone.engine]) < len(
        axis_table(run)[axis_table(run)["engine"] == alone.engine]
    )
    assert sweep_context(cut).left_out == [f"{first.at}: {alone.engine}: {BEGUN_ONLY}"]


def test_a_cost_model_has_a_cell_for_each_of_its_costs():
    lines = render_report(sweep())["summary.md"].decode().splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith("| engine | an epoch"))
    assert {line.count("|") for line in lines[begin : begin + 4]} == {9}
    assert lines[begin + 2].startswith("| `calls` | 16.0 ms (")


def test_other_runs_do_not_miss_the_figures_of_sweeps():
    run = msgspec.structs.replace(sweep(), points=[], hosts={})
    assert sweep_context(run) is None
    assert b"fastest engine, size by size" not in render_report(run)["index.html"]


def a_study():
    base = results(
        (Contestant("a"), Contestant("b")),
        [cell("a", [1.0]), cell("b", [1.0, 1.0])],
        axes=Axes(seed=(1, 2, 3)),
        timed=False,
    )
    points = [
        Point(at, HERE, PointData(2, 4, 2, 2), 1, [cell("a", [1.0] * n), cell("b", [1.0] * n)])
        for at, n in zip(base.plan.points(), (2, 3, 4), strict=True)
    ]  # fmt: skip
    return msgspec.structs.replace(base, points=points)


def test_a_study_compares_the_engines_seed_by_seed():
    found = {each.engine: each for each in studies(a_study())}
    assert found["a"].n_seeds == 4
    assert found["a"].mean == pytest.approx((1 + 2 + 3 + 4) / 4 / 8)
    assert found["a"].apart == 0.0
    assert found["b"].apart == pytest.approx(1 / 8)
    reach = 3.182 * math.sqrt(5 / 3) / 8 / 2  # Student's t with 3 degrees of freedom
    assert found["a"].high - found["a"].mean == pytest.approx(reach, rel=1e-3)


def test_a_run_that_is_not_timed_has_no_ratio_and_says_what_its_seeds_say():
    run = a_study()
    files, words = render_report(run), why_no_headline(run)
    assert words.startswith("This run is not timed")
    assert "differ by at most 12.5 %" in words
    assert "deviate by up to 16.1 %" in words  # the deviation of 1, 2, 3 and 4, in eighths
    for name in ("summary.md", "index.html", "snippet.md"):
        assert words.encode() in files[name]
    assert b"**One epoch takes" not in files["summary.md"]
    for timed in (b"An epoch takes <b>", b"When does it not pay?", b"has the shortest epoch"):
        assert timed not in files["index.html"]
    assert words in list(summary(run))
    assert b"## From seed to seed" in files["summary.md"]


def test_the_interval_of_an_accuracy_ends_where_an_accuracy_does():
    for study in studies(a_study()):
        assert 0.0 <= study.low <= study.mean <= study.high <= 1.0
