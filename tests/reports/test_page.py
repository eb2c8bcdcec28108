"""A rendered report: its files, its page, its summary, and what is done with bad records."""

import ast
import base64
import csv
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import msgspec
import pytest

from benchgrad.benchmarks.plan import Contestant
from benchgrad.benchmarks.records import GraphCounts, RecordError, write_results
from benchgrad.reports import formats
from benchgrad.reports.page import write_report
from benchgrad.reports.tables import tables

VOID = {"meta", "br", "img", "link", "input", "hr", "base", "source", "embed"}
RENDER = """
import sys
from pathlib import Path
from benchgrad.reports.page import write_report

write_report(Path(sys.argv[1]))
print([name for name in sys.modules if name.startswith(("benchgrad", "matplotlib.pyplot"))])
"""


class Page(HTMLParser):
    """A page in parts: its tags with their attributes, its texts, and its tables."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.styles, self.open = [], [], []
        self.text = ""
        self.tables = []  # of rows of cells
        self.feed(path.read_text("utf-8"))
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag in ("span", "br") and self.cell:
            self.tables[-1][-1][-1] += " "

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        if "style" in self.open:
            self.styles.append(data)
            return
        self.text += data
        if self.cell:
            self.tables[-1][-1][-1] += data

    @property
    def cell(self):
        return "td" in self.open or "th" in self.open

    def rows(self, heading):
        """Return the rows of the table of which a column has this heading, by engine."""
        for header, *rows in self.tables:
            if heading in [" ".join(cell.split()) for cell in header]:
                return {row[0]: [" ".join(cell.split()) for cell in row[1:]] for row in rows}
        raise AssertionError(f"there is no table with a column {heading!r}")


def markdown_rows(text, heading):
    """Return the rows of the table under a heading of the summary, by engine."""
    section = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    assert {len(row) for row in rows} == {len(rows[0])}
    return {row[0].strip("`"): row[1:] for row in rows[2:]}


def contents(folder):
    """Return every file of a folder with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def page(full_folder):
    return Page(full_folder / "index.html")


@pytest.fixture(scope="module")
def summary(full_folder):
    return (full_folder / "summary.md").read_text("utf-8")


@pytest.fixture(scope="module")
def again(full_folder, tmp_path_factory):
    """Render a copy with stale plots in a process of its own; return it and its modules."""
    folder = tmp_path_factory.mktemp("again") / "run"
    shutil.copytree(full_folder, folder)
    for name in ("confusion.png", "confusion.svg", "of_long_ago.png", "notes.txt"):
        (folder / "plots" / name).write_text("left behind")
    done = subprocess.run(
        [sys.executable, "-P", "-c", RENDER, str(folder)],
        env=os.environ | {"PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return folder, ast.literal_eval(done.stdout)


def test_a_report_is_a_page_a_summary_tables_and_plots(full_folder):
    files = set(contents(full_folder))
    assert files >= {"results.json", "timings.csv", "accuracy.csv", "summary.md", "index.html"}
    plots = {name for name in files if name.startswith("plots/")}
    assert files - plots == {
        "results.json",
        "timings.csv",
        "accuracy.csv",
        "summary.md",
        "index.html",
    }
    assert {name for name in plots if name.endswith(".png")}
    assert {name.replace(".png", ".svg") for name in plots} == {
        name for name in plots if name.endswith(".svg")
    }


def test_the_path_of_the_page_is_returned_and_records_stay(full_run, tmp_path, monkeypatch):
    monkeypatch.setattr("benchgrad.reports.page.all_plots", list)
    write_results(full_run, tmp_path)
    before = (tmp_path / "results.json").read_bytes()
    assert write_report(tmp_path) == tmp_path / "index.html"
    assert (tmp_path / "results.json").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("timings.csv", "engine round epoch wall_s cpu_s collector_s elapsed_s"),
        ("accuracy.csv", "engine round epoch loss train_accuracy test_accuracy"),
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
        assert (row["engine"], int(row["round"]), int(row["epoch"])) == (cell.engine, cell.round, i)
        for field in ("wall_s", "cpu_s", "collector_s", "train_accuracy", "test_accuracy"):
            if field in row:
                assert float(row[field]) == getattr(epoch, field)
        if "loss" in row:
            assert float(row["loss"]) == pytest.approx(sum(epoch.losses) / 2)
        else:
            elapsed_s = sum(e.wall_s for e in cell.epochs[:i])
            assert float(row["elapsed_s"]) == pytest.approx(elapsed_s)


def test_the_page_is_well_formed(page):
    assert page.open == []
    tags = [tag for tag, _ in page.tags]
    for once in ("html", "head", "body", "main", "title", "h1"):
        assert tags.count(once) == 1
    assert all(len({len(row) for row in table}) == 1 for table in page.tables)


def test_the_page_loads_nothing(page, full_folder):
    loading = {"script", "link", "iframe", "object", "embed", "base", "source"}
    assert not loading & {tag for tag, _ in page.tags}
    for _, attributes in page.tags:
        for key, value in attributes.items():
            assert not key.startswith("on")
            assert key not in ("srcset", "href", "data", "poster", "background", "action", "style")
            if key == "src":
                assert value.startswith("data:image/svg+xml;base64,")
    css = "".join(page.styles)
    assert "url(" not in css
    assert "@import" not in css
    assert not re.search("https?:", (full_folder / "index.html").read_text("utf-8"))


def test_the_page_shows_the_plots_that_lie_beside_it(page, full_folder):
    shown = [
        base64.b64decode(attributes["src"].partition("base64,")[2])
        for tag, attributes in page.tags
        if tag == "img"
    ]
    beside = {path.read_bytes() for path in (full_folder / "plots").glob("*.svg")}
    assert len(shown) == 5
    assert set(shown) == beside
    assert all(attributes.get("alt") for tag, attributes in page.tags if tag == "img")


def test_ratios_of_this_machine_and_as_published_are_shown(page, summary, full_folder):
    html = (full_folder / "index.html").read_text("utf-8")
    assert re.search(r"<strong>1,155 ×</strong>an epoch with <code>scalar</code>", html)
    assert re.search(r"<strong>1,381 ×</strong>as published", html)
    assert "a budget ended one of them early" in page.text
    assert "`scalar` 1,155 × as long as `tensor` on this machine; published: 1,381 ×" in summary
    assert "a budget ended one of the two early" in summary


def test_without_published_figures_there_is_one_ratio(deep_folder):
    page, summary = Page(deep_folder / "index.html"), (deep_folder / "summary.md").read_text()
    assert [tag for tag, _ in page.tags].count("strong") == 1
    assert "10.0 ×an epoch with tensor takes this many times as long as with numpy" in page.text
    assert "`tensor` 10.0 × as long as `numpy` on this machine.**" in summary
    assert "ublished" not in summary
    for text in (page.text, summary):
        assert "as published" not in text
        assert "Published beside measured" not in text
        assert "forecast" not in text
        assert "budget" not in text
        assert "nan" not in text


ENGINES = {
    "micrograd": (
        "ok", "3 of 3", "450 ms", "375 ms to 525 ms", "1.70 s", "913 ×", "37.5 %", "60.0 MiB",
    ),
    "scalar": (
        "ok", "2 of 5", "3.00 s", "2.50 s to 3.50 s", "13.3 s", "5,774 ×", "25.0 %", "60.0 MiB",
    ),
    "tensor": (
        "ok", "4 of 4", "2.50 ms", "2.00 ms to 3.00 ms", "92.5 ms", "5.00 ×", "50.0 %", "60.0 MiB",
    ),
    "numpy": (
        "ok", "1 of 1", "500 µs", "450 µs to 550 µs", "500 µs", "1.00 ×", "12.5 %", "60.0 MiB",
    ),
    "wrong": (
        "invalid", "2 of 2", "100 µs", "100 µs to 100 µs", "300 µs", "–", "25.0 %", "60.0 MiB",
    ),
    "absent": ("missing", "0 of 2", "–", "– to –", "–", "–", "–", "–"),
}  # fmt: skip


def spread(quartiles):
    """Return the quartiles as they are shown: not at all if there are none, or they are one."""
    low, high = quartiles.split(" to ")
    return "" if low == high else quartiles


def rounds_of(engine):
    return "0" if engine == "absent" else "2"


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_has_its_figures_on_the_page(page, engine):
    status, epochs, epoch, quartiles, total, times, accuracy, peak = ENGINES[engine]
    forecast = " forecast, 4.30 s measured" if engine == "scalar" else ""
    collector = "–" if engine == "absent" else "10.0 %"
    assert page.rows("peak memory")[engine] == [
        status, rounds_of(engine), epochs, f"{epoch} {spread(quartiles)}".strip(),
        total + forecast, times, accuracy, peak, collector,
    ]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_has_its_figures_in_the_summary(summary, engine):
    status, epochs, epoch, quartiles, total, times, accuracy, peak = ENGINES[engine]
    forecast = " (forecast)" if engine == "scalar" else ""
    assert markdown_rows(summary, "All engines")[engine] == [
        status, rounds_of(engine), epochs, f"{epoch} ({spread(quartiles)})".removesuffix(" ()"),
        total + forecast, times, accuracy, peak,
    ]  # fmt: skip


def test_engines_are_in_the_order_of_the_plan(page, summary, full_run):
    names = [contestant.name for contestant in full_run.plan.engines]
    assert list(page.rows("peak memory")) == names
    assert list(markdown_rows(summary, "All engines")) == names


def test_published_figures_stand_beside_those_of_here(page, summary):
    assert page.rows("published") == {
        "scalar": [
            "20 epochs in 652 s", "32.6 s", "5 epochs in 13.3 s forecast", "3.00 s", "0.0920 ×",
        ],
        "tensor": ["100 epochs in 2.36 s", "23.6 ms", "4 epochs in 92.5 ms", "2.50 ms", "0.106 ×"],
    }  # fmt: skip
    assert markdown_rows(summary, "Published beside measured") == {
        "scalar": [
            "20 epochs in 652 s (10 min 52 s)", "32.6 s",
            "5 epochs in 13.3 s (forecast)", "3.00 s", "0.0920 ×",
        ],
        "tensor": ["100 epochs in 2.36 s", "23.6 ms", "4 epochs in 92.5 ms", "2.50 ms", "0.106 ×"],
    }  # fmt: skip


def test_figures_are_those_of_the_tables_in_the_text_of_formats(page, summary, full_run):
    work = page.rows("steps compared")
    start = page.rows("memory added to the bare process")
    for row in tables(full_run).engines.to_dict("records"):
        differences = [
            formats.scientific(row[f"{what}_difference"]) for what in ("loss", "parameter", "logit")
        ]
        expected = [str(row["steps_compared"]), *differences, formats.scientific(row["limit"])]
        assert work[row["engine"]] == expected
        assert markdown_rows(summary, "Did they do the same work?")[row["engine"]] == expected
        clocks = [formats.seconds(row[name]) for name in ("import_s", "build_s", "first_step_s")]
        added = formats.mebibytes(row["added_bytes"])
        assert start[row["engine"]] == [*clocks, added]
        assert markdown_rows(summary, "Before the first epoch")[row["engine"]] == clocks
    assert work["tensor"] == ["10", "5.0e-15", "2.0e-15", "3.0e-15", "1.0e-09"]
    assert start["tensor"] == ["200 ms", "3.00 ms", "40.0 ms", "20.0 MiB"]


def test_a_forecast_total_says_so_wherever_it_stands(page, summary):
    on_page = [cell for table in page.tables for row in table for cell in row if "13.3 s" in cell]
    in_summary = [cell for cell in summary.split("|") if "13.3 s" in cell]
    assert len(on_page) == len(in_summary) == 2
    assert all("forecast" in cell for cell in (*on_page, *in_summary))
    assert "A total marked forecast was not measured to its end" in page.text
    assert 'A total marked "forecast" was not measured to its end' in summary


def test_what_was_measured_is_not_marked_as_forecast(page, summary):
    cells = [cell for table in page.tables for row in table for cell in row]
    marked = [cell for cell in (*cells, *summary.split("|")) if "forecast" in cell]
    assert all("13.3 s" in cell or "not measured to its end" in cell for cell in marked)


@pytest.mark.parametrize(
    ("engine", "status", "reason"),
    [
        ("bad<i>.py", "crashed", "ValueError: <script>alert('x')</script> & more"),
        ("wrong", "invalid", "losses differ from numpy by up to 0.5; the limit is 1e-09"),
        ("absent", "missing", "absent needs the package nothere"),
    ],
)
def test_failures_are_shown_with_their_status_and_reason(page, summary, engine, status, reason):
    assert f"{engine} is {status}: {reason}" in page.text
    assert page.rows("peak memory")[engine][0] == status
    assert page.rows("peak memory")[engine][5] == "–"
    shown = reason.replace("&", "&amp;").replace("<", "&lt;")
    assert f"- `{engine}` is **{status}**: {shown}" in summary
    assert markdown_rows(summary, "All engines")[engine][0] == status


def test_what_an_engine_is_called_and_says_is_text_and_never_markup(page, full_folder, by_hand):
    assert not {"script", "i"} & {tag for tag, _ in page.tags}
    html = (full_folder / "index.html").read_text("utf-8")
    for hostile in ("<script", "<i>", "& more"):
        assert hostile not in html
    assert by_hand.reason in page.text
    assert "bad<i>.py" in page.rows("peak memory")


def test_titles_descriptions_and_notes_are_text_too(by_hand, tmp_path, monkeypatch):
    monkeypatch.setattr("benchgrad.reports.page.all_plots", list)
    hostile = "<script>alert(1)</script>"
    cell = by_hand.cell("numpy", (1.0,), note=hostile, version=hostile, kind=hostile)
    run = by_hand.results([Contestant("numpy")], [cell])
    plan = run.plan.replace(title=hostile, description=hostile)
    data = msgspec.structs.replace(run.data, name=hostile)
    run = msgspec.structs.replace(run, plan=plan, command=hostile, data=data)
    write_results(run, tmp_path)
    page = Page(write_report(tmp_path))
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.text.count(hostile) >= 5


def test_the_conditions_of_the_run_are_on_the_page_and_in_the_summary(page, summary):
    facts = [
        "benchgrad run by-hand",
        "2026-01-02T03:04:05+00:00",
        "Imagined CPU",
        "2 CPUs",
        "CPython 3.11.0",
        "NumPy 2.0.0",
        "benchgrad 0.1.0",
        "openblas 0.3",
        "load 0.50",
        "2 training and 4 test rows",
        "layers 2, 32, 32, 2",
        "relu",
        "cross_entropy",
        "learning rate 0.05",
        "momentum 0.0",
        "weight decay 0.0",
        "atches of 32",
        "float64",
        "seed 0",
        "1 thread,",
        "2 rounds",
        "Figures that were made up.",
        "By hand",
        "it makes cycles",
    ]
    assert [fact for fact in facts if fact not in page.text] == []
    as_summary = [fact.replace("1 thread,", "1 thread;") for fact in facts]
    assert [fact for fact in as_summary if fact not in summary] == []


def test_plots_that_cannot_be_drawn_are_named_with_the_reason(page, deep_folder):
    assert (
        "Omitted: confusion matrices (the table confusion has no engine, label, predicted, count "
        "in this run)"
    ) in page.text
    deep = Page(deep_folder / "index.html").text
    assert "Omitted: decision boundaries (the table points has no engine, part, x, y, label" in deep
    assert "Omitted: the ladder (the table ladder is empty in this run)" in page.text
    assert (page.text.count("Omitted:"), deep.count("Omitted:")) == (2, 1)


def test_plots_of_an_earlier_rendering_are_removed_and_other_files_kept(again, full_folder):
    folder, _ = again
    names = {path.name for path in (folder / "plots").iterdir()}
    assert names == {path.name for path in (full_folder / "plots").iterdir()} | {"notes.txt"}


def test_rendering_again_gives_the_same_bytes(again, full_folder):
    folder, _ = again
    found, expected = contents(folder), contents(full_folder)
    found.pop("plots/notes.txt")
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
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_run_of_which_all_engines_failed_has_a_report(failed_run, report):
    folder = report(failed_run)
    page, summary = Page(folder / "index.html"), (folder / "summary.md").read_text("utf-8")
    for text in (page.text, summary):
        assert "Fewer than two engines finished" in text
        assert "killed by signal 9" in text
        assert "absent needs nothere" in text
    for rows in (page.rows("peak memory"), markdown_rows(summary, "All engines")):
        assert [row[:3] for row in rows.values()] == [
            ["crashed", "0", "0 of 2"], ["missing", "0", "0 of 2"],
        ]  # fmt: skip
    for plot in ("loss by epoch", "loss by seconds", "accuracy by seconds"):
        assert f"Omitted: {plot} (the table epochs is empty in this run)" in page.text
    assert (folder / "timings.csv").read_text().splitlines() == [
        "engine,round,epoch,wall_s,cpu_s,collector_s,elapsed_s"
    ]


DAMAGED = {
    "empty": b"",
    "cut off": b'{"schema_version": 1, "started_at": "20',
    "no JSON": b"epochs: 3",
    "not UTF-8": b'{"schema_version": 1, "command": "\xff"}',
    "a list": b"[]",
    "no version": b"{}",
    "version as text": b'{"schema_version": "1"}',
    "nothing but a version": b'{"schema_version": 1}',
    "unknown field": b'{"schema_version": 1, "surprise": true}',
    "nested too deeply": b'{"schema_version": 1, "x": ' + b"[" * 100_000,
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_damaged_records_are_refused_in_one_line(tmp_path, content):
    path = tmp_path / "results.json"
    path.write_bytes(content)
    with pytest.raises(RecordError) as caught:
        write_report(tmp_path)
    assert str(caught.value).startswith(f"{path} is damaged: ")
    assert len(str(caught.value).splitlines()) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_records_of_another_version_are_refused(tmp_path, full_run):
    write_results(msgspec.structs.replace(full_run, schema_version=2), tmp_path)
    with pytest.raises(RecordError, match="has schema version 2, this benchgrad reads 1") as caught:
        write_report(tmp_path)
    assert len(str(caught.value).splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


@pytest.mark.parametrize("folder", [".", "absent"])
def test_missing_records_are_refused(tmp_path, folder):
    with pytest.raises(RecordError, match=r"results\.json cannot be read: No such file") as caught:
        write_report(tmp_path / folder)
    assert len(str(caught.value).splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_one_damaged_value_deep_inside_is_named(tmp_path, full_run):
    write_results(full_run, tmp_path)
    path = tmp_path / "results.json"
    path.write_bytes(path.read_bytes().replace(b'"wall_s":0.9', b'"wall_s":"0.9"', 1))
    with pytest.raises(RecordError, match=r"Expected `float`, got `str` - at `\$\.cells\[0\]"):
        write_report(tmp_path)


def test_intervals_of_three_rounds_stand_on_the_page_and_in_the_summary(
    by_hand, tmp_path, monkeypatch
):
    monkeypatch.setattr("benchgrad.reports.page.all_plots", list)
    cells = [
        by_hand.cell(name, (9.0, wall_s), round=i)
        for name, walls in (("a", (1.0, 1.0, 1.0)), ("b", (1.27, 1.3, 1.33)))
        for i, wall_s in enumerate(walls)
    ]
    write_results(by_hand.results([Contestant("a"), Contestant("b")], cells), tmp_path)
    shown = Page(write_report(tmp_path))
    text = (tmp_path / "summary.md").read_text("utf-8")
    assert shown.rows("times the fastest")["b"][5] == "1.30 × (1.27 to 1.33)"
    assert markdown_rows(text, "All engines")["b"][5] == "1.30 × (1.27 to 1.33)"
    for words in (shown.text, text):
        assert "from 5 rounds on the 95 % bootstrap interval over rounds" in words


def test_without_intervals_nothing_is_said_of_them(page, summary):
    assert "bootstrap" not in page.text + summary


def test_a_graph_without_nodes_has_no_bytes_a_node(by_hand, tmp_path, monkeypatch):
    monkeypatch.setattr("benchgrad.reports.page.all_plots", list)
    cell = by_hand.cell("a", (1.0,), counts=GraphCounts(2, {}, 0, 0, 0))
    write_results(by_hand.results([Contestant("a")], [cell]), tmp_path)
    shown = Page(write_report(tmp_path)).rows("bytes a node")["a"]
    assert shown[5] == "–"
