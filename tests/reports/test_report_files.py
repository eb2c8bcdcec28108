"""The files of a report: which there are, and that bad records give none."""

import ast
import csv
import shutil
from dataclasses import replace

import pytest
from fresh_python import printed_by

from benchgrad.benchmarks.manifest import replace_files
from benchgrad.benchmarks.records import RecordError, write_results
from benchgrad.reports import page as module
from benchgrad.reports.page import render_report, write_report
from benchgrad.reports.plot import all_plots

RENDER = """
import sys
from pathlib import Path
from benchgrad.reports.page import write_report

write_report(Path(sys.argv[1]))
print([name for name in sys.modules if name.startswith(("benchgrad", "matplotlib.pyplot"))])
"""


def contents(folder):
    """Return every file of a folder with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def again(full_folder, tmp_path_factory):
    """Render a copy with stale plots in a process of its own; return it and its modules."""
    folder = tmp_path_factory.mktemp("again") / "run"
    shutil.copytree(full_folder, folder)
    for name in ("confusion.png", "confusion.svg", "of_long_ago.png"):
        replace_files(folder, {f"plots/{name}": b"left behind"})
    for name in ("notes.txt", "mine.png"):
        (folder / "plots" / name).write_text("somebody's own")
    return folder, ast.literal_eval(printed_by(RENDER, str(folder), PYTHONHASHSEED="1"))


def test_a_report_is_a_page_a_summary_tables_and_plots(full_folder):
    files = set(contents(full_folder))
    plots = {name for name in files if name.startswith("plots/")}
    pages = {"results.json", "timings.csv", "accuracy.csv", "summary.md", "index.html"}
    pages |= {"card.png", "snippet.md"}
    assert files - plots == pages | {"manifest.json"}
    assert {name for name in plots if name.endswith(".png")}
    assert {name.replace(".png", ".svg") for name in plots} == {
        name for name in plots if name.endswith(".svg")
    }


def test_the_path_of_the_page_is_returned_and_records_stay(full_run, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "all_plots", list)
    write_results(full_run, tmp_path)
    before = (tmp_path / "results.json").read_bytes()
    assert write_report(tmp_path) == tmp_path / "index.html"
    assert (tmp_path / "results.json").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        (
            "timings.csv",
            (
                "engine round epoch wall_s late_s cpu_s collector_s elapsed_s "
                "own_s witness_s waited_s stolen_s pressure_s status"
            ),
        ),
        ("accuracy.csv", "engine round epoch loss train_accuracy test_accuracy status"),
    ],
)
def test_the_csv_files_hold_every_epoch(full_folder, full_run, name, columns):
    with (full_folder / name).open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert reader.fieldnames == columns.split()
    cells = [(cell, i, e) for cell in full_run.cells for i, e in enumerate(cell.epochs, start=1)]
    assert len(rows) == len(cells)
    for row, (cell, i, epoch) in zip(rows, cells, strict=True):
        assert (row["status"] == "invalid") == (cell.engine == "wrong")
        assert (row["engine"], int(row["round"]), int(row["epoch"])) == (cell.engine, cell.round, i)
        for field in ("wall_s", "cpu_s", "collector_s", "train_accuracy", "test_accuracy"):
            if field in row:
                assert float(row[field]) == getattr(epoch, field)
        if "loss" in row:
            assert float(row["loss"]) == pytest.approx(sum(epoch.losses) / 2)
        else:
            elapsed_s = sum(e.wall_s for e in cell.epochs[:i])
            assert float(row["elapsed_s"]) == pytest.approx(elapsed_s)


def test_plots_of_an_earlier_rendering_are_removed_and_other_files_kept(again, full_folder):
    folder, _ = again
    names = {path.name for path in (folder / "plots").iterdir()}
    assert names == {path.name for path in (full_folder / "plots").iterdir()} | {
        *("notes.txt", "mine.png")
    }


def test_rendering_again_gives_the_same_bytes(again, full_folder):
    folder, _ = again
    found, expected = contents(folder), contents(full_folder)
    del found["plots/notes.txt"], found["plots/mine.png"]
    assert [name for name in expected if found[name] != expected[name]] == []
    assert set(found) == set(expected)


def test_a_report_needs_neither_engines_nor_data_sets(again):
    _, modules = again
    assert "benchgrad.reports.page" in modules
    for room in ("benchgrad.engines", "benchgrad.datasets", "matplotlib.pyplot"):
        assert [name for name in modules if name.startswith(room)] == []


def test_reports_are_imported_without_heavy_libraries():
    code = (
        "import sys, benchgrad.reports\n"
        "print(sorted({'pandas', 'matplotlib', 'numpy'} & set(sys.modules)))"
    )
    assert printed_by(code).strip() == "[]"


@pytest.mark.parametrize("content", [None, b'{"schema_version": 1, "started_at": "20'])
def test_records_that_cannot_be_read_are_refused_and_nothing_is_written(tmp_path, content):
    if content:
        (tmp_path / "results.json").write_bytes(content)
    before = contents(tmp_path)
    with pytest.raises(RecordError, match=r"results\.json (cannot be read|is damaged): "):
        write_report(tmp_path)
    assert contents(tmp_path) == before


def test_one_damaged_value_deep_inside_is_named(tmp_path, full_run):
    write_results(full_run, tmp_path)
    path = tmp_path / "results.json"
    path.write_bytes(path.read_bytes().replace(b'"wall_s":0.9', b'"wall_s":"0.9"', 1))
    with pytest.raises(RecordError, match=r"Expected `float`, got `str` - at `\$\.cells\[0\]"):
        write_report(tmp_path)


def test_a_two_by_two_is_rendered_again_with_the_same_bytes(by_hand):
    seconds = {"a": (8.0,) * 3, "b": (1.0, 2.0, 3.0), "c": (0.1, 0.2, 0.4), "d": (0.05,) * 3}
    run = by_hand.corners(seconds)
    first = render_report(run)
    assert render_report(run) == first
    assert {"plots/two_by_two.png", "plots/two_by_two.svg"} <= first.keys()


def test_a_plot_that_cannot_be_drawn_costs_itself_alone(full_run, monkeypatch):
    def fail(ax, frame, style):
        raise OverflowError("int too large\nto convert")

    broken, whole = [plot for plot in all_plots() if plot.table == "epochs"][:2]
    monkeypatch.setattr(module, "all_plots", lambda: [replace(broken, draw=fail), whole])
    contents = render_report(full_run)
    told = "it cannot be drawn: OverflowError: int too large to convert"
    assert told in contents["index.html"].decode()
    drawn = {name for name in contents if name.startswith("plots/")}
    assert drawn == {f"plots/{whole.name}.{extension}" for extension in ("png", "svg")}
