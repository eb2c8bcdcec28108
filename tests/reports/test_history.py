"""Runs over time: neighbours of the same work are compared, and their steps marked."""

import io
import re

import msgspec
import pandas as pd
import pytest
from commands import benchgrad
from test_forest import HOSTILE, run

from benchgrad.benchmarks.analysis.history import history
from benchgrad.benchmarks.records import write_results
from benchgrad.reports import history as shown

FACTORS = {1: 1.0, 2: 1.0, 3: 1.2, 4: 1.2, 5: 1.0}


def changed(results, **fields):
    return msgspec.structs.replace(results, **fields)


@pytest.fixture(scope="module")
def runs():
    return [(f"day-{day}", run(day, factor=factor)) for day, factor in FACTORS.items()]


def steps(found):
    (series,) = found
    return {
        engine: {m.run: m.change.verdict for m in moments if m.is_step}
        for engine, moments in series.moments.items()
    }


def test_steps_are_where_the_time_changed(runs):
    assert steps(history(runs)) == {"tensor": {"day-3": "slower", "day-5": "faster"}, HOSTILE: {}}


def test_few_rounds_and_other_machines_make_no_step(runs):
    (name, slow) = runs[2]
    few = changed(slow, cells=[cell for cell in slow.cells if cell.round < 4])
    elsewhere = changed(
        slow, environment=msgspec.structs.replace(slow.environment, processor="another")
    )
    for other, why in ((few, "too few rounds (4)"), (elsewhere, "other machine (processor)")):
        (series,) = history([runs[0], (name, other)])
        moment = series.moments["tensor"][1]
        assert not moment.is_step
        assert why in moment.change.reason


def test_other_work_is_another_series(runs):
    slow = runs[2][1]
    wider = changed(slow, plan=slow.plan.replace(title="wider", threads=2))
    found = history([runs[0], ("wide", wider), runs[1]])
    assert [series.title for series in found] == ["nightly", "wider"]
    assert found[0].runs == ("day-1", "day-2")
    assert found[1].moments["tensor"][0].change is None


def test_the_csv_has_a_row_for_each_engine_in_each_run(runs):
    frame = pd.read_csv(io.BytesIO(shown.csv(history(runs))), keep_default_na=False)
    assert list(frame["run"]) == [f"day-{day}" for day in FACTORS for _ in range(2)]
    step = frame[(frame["run"] == "day-3") & (frame["engine"] == "tensor")].iloc[0]
    assert step["verdict"] == "slower"
    assert float(step["ratio"]) == pytest.approx(1.2, rel=0.01)
    assert float(step["low_s"]) < float(step["epoch_s"]) < float(step["high_s"])
    assert frame["ratio"][0] == ""


def test_the_page_draws_every_run_and_rings_the_steps(runs):
    page = shown.page(history(runs), ["<b>: damaged"], "here").decode()
    assert page.count('class="step"') == 2
    assert page.count("1.20 × slower") >= 2  # on the chart, in its sentence, in its table
    assert page.count('class="range-bar"') == 10
    assert page.count('class="path"') == 8
    assert "<script" not in page
    assert "Left out: &lt;b&gt;: damaged" in page
    assert not re.search(r'(?:src|href)="(?!#|data:)', page)


def test_the_command_finds_runs_however_deep_in_the_order_of_their_time(tmp_path, runs):
    for i, (name, results) in enumerate(reversed(runs)):
        folder = tmp_path / "all" / f"{i}" / name
        folder.mkdir(parents=True)
        write_results(results, folder)
    broken = tmp_path / "all" / "broken"
    broken.mkdir()
    (broken / "results.json").write_text("{")
    done = benchgrad("history", "all", "--out", "new/nightly.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    left_out, last = done.stdout.splitlines()
    assert left_out.startswith("left out: all/broken/results.json is damaged")
    assert last == "5 runs, 2 steps: new/nightly.html and new/nightly.csv"
    frame = pd.read_csv(tmp_path / "new" / "nightly.csv")
    assert list(dict.fromkeys(frame["run"])) == [f"{4 - i}/day-{i + 1}" for i in range(5)]
    assert b"day-3" in (tmp_path / "new" / "nightly.html").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["empty"], "there is no run below 'empty' that can be read; a run leaves a results.json"),
        (["none"], "'none' is no folder"),
        (["empty", "--out", "x.txt"], "name a file that ends in .html"),
    ],
)
def test_a_mistake_gets_one_line(tmp_path, arguments, complaint):
    (tmp_path / "empty").mkdir()
    done = benchgrad("history", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_compare_takes_any_number_of_runs_and_writes_a_page(tmp_path, runs):
    for name, results in runs[:3]:
        (tmp_path / name).mkdir()
        write_results(results, tmp_path / name)
    names = [name for name, _ in runs[:3]]
    done = benchgrad("compare", *names, "--fail-above", "1.1", "--out", "c.html", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    page = (tmp_path / "c.html").read_text()
    assert "day-3: tensor is 1.20 × slower" in page
    done = benchgrad("compare", *names, "--format", "json", cwd=tmp_path)
    first, second = msgspec.json.decode(done.stdout)
    assert (first["new"]["path"], second["new"]["path"]) == ("day-2", "day-3")
    done = benchgrad("compare", names[0], cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "benchgrad: name two runs or more: OLD NEW...\n")
