"""The files of a report, held against what the records give."""

import shutil

import pytest

from benchgrad.benchmarks.records import read_results
from benchgrad.reports import page
from benchgrad.reports.verify import problems


@pytest.fixture
def folder(deep_folder, tmp_path):
    """Return a copy of a report that a test may damage."""
    return shutil.copytree(deep_folder, tmp_path / "run")


@pytest.fixture(scope="module")
def rendered(deep_run):
    return page.render_report(deep_run)


@pytest.fixture
def found(folder, rendered, monkeypatch):
    """Return a function that gives the problems of the copy, against one rendering for all."""
    monkeypatch.setattr("benchgrad.reports.verify.render_report", lambda _: rendered)
    results = read_results(folder)
    return lambda: [p for p in problems(folder, results) if not p.startswith("note: ")]


def test_a_report_as_it_was_written_has_no_problems(folder):
    assert problems(folder, read_results(folder)) == []


@pytest.mark.parametrize(
    ("name", "change", "shown"),
    [
        ("summary.md", ("By hand", "By Hand"), "in line 1: '# By Hand', expected '# By hand'"),
        ("index.html", ("10.0 ×", "11.0 ×"), ", first in line "),
        ("timings.csv", ("tensor,0,1,0.02", "tensor,0,1,0.04"), "in line 2: 'or,0,1,0.04,0.0,0.01"),
        ("accuracy.csv", ("0.375", "0.875"), ", first in line "),
        ("plots/epoch_seconds.svg", ("</svg>", "</svg> "), ""),
    ],
)
def test_a_changed_figure_is_found_in_any_file(folder, found, name, change, shown):
    was, now = change
    text = (folder / name).read_text("utf-8")
    assert was in text
    (folder / name).write_text(text.replace(was, now, 1), "utf-8")
    (problem,) = found()
    assert problem.startswith(f"{name} differs from what the records give")
    assert shown in problem


def test_a_file_that_is_missing_shorter_or_left_over_is_found(folder, found):
    (folder / "summary.md").unlink()
    timings = (folder / "timings.csv").read_text("utf-8").splitlines(keepends=True)
    (folder / "timings.csv").write_text("".join(timings[:-1]), "utf-8")
    (folder / "plots" / "of_old.svg").write_text("<svg/>")
    where = f"first in line {len(timings)}: '', expected {timings[-1].strip()[:40]!r}"
    assert found() == [
        f"timings.csv differs from what the records give, {where}",
        "summary.md cannot be read: No such file or directory",
        "plots/of_old.svg does not belong to this report",
    ]


def test_other_libraries_are_noted_beside_a_difference(folder, rendered, monkeypatch):
    monkeypatch.setattr("benchgrad.reports.verify.render_report", lambda _: rendered)
    (folder / "summary.md").write_text("nothing")
    first, *notes = problems(folder, read_results(folder))
    assert first.startswith("summary.md differs from what the records give, first in line 1: ")
    assert any(p.startswith("note: numpy was 2.0.0 ") and "in the run and is " in p for p in notes)
