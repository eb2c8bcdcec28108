"""benchgrad in Python: the same runs as the command's, in one line what is wrong, and notebooks."""

import subprocess
import sys
import types

import numpy as np
import pandas as pd
import pytest
from commands import benchgrad as command

import benchgrad
from benchgrad.api import notebook
from benchgrad.benchmarks.run.journal import JOURNAL, JournalError
from benchgrad.command_line.console import RunConsole
from benchgrad.command_line.options import UsageError
from benchgrad.datasets import DatasetError
from benchgrad.engines import EngineError
from benchgrad.reports import page

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = np.where(X[:, 0] > X[:, 1], "more", "less")
SMALL = {"engines": ["tensor", "numpy"], "epochs": 3}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in a folder of its own, and draw no report's plots."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(page, "all_plots", list)
    return tmp_path


def test_importing_it_imports_nothing_else(here):
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import benchgrad\n"
        "print(benchgrad.__version__, *benchgrad.__all__)\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "assert not new & {'numpy', 'pandas', 'msgspec', 'typer', 'rich'}, new\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    version = command("--version", cwd=here).stdout
    assert version == f"benchgrad {done.stdout.split()[0]}\n"


def test_what_it_does_not_have_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'ran'"):
        benchgrad.ran  # noqa: B018


def test_arrays_train_as_the_same_rows_in_a_file_do(here, capsys):
    frame = pd.DataFrame(X, columns=list("abc")).assign(kind=Y)
    frame.to_csv("rows.csv", index=False)
    results = benchgrad.run("quick", dataset=(X, Y), out="arrays", **SMALL)
    assert "[2/2] numpy: ok, 3 of 3 epochs" in capsys.readouterr().err
    arguments = ["--engines", "tensor,numpy", "--epochs", 3, "--label", "kind"]
    done = command("run", "quick", "--dataset", "rows.csv", *arguments, "--out", "file", cwd=here)
    assert done.returncode == 0, done.stderr
    pd.testing.assert_frame_equal(results.accuracy, benchgrad.load("file").accuracy)
    assert results.ok
    verified = command("verify", "arrays", cwd=here)
    assert verified.returncode == 0, verified.stdout
    assert "not drawn again: they were given as arrays" in verified.stdout


def test_an_unfinished_run_of_arrays_goes_on_with_these_arrays_only(here):
    whole = benchgrad.run("quick", dataset=(X, Y), out="out", **SMALL)
    lines = (here / "out" / JOURNAL).read_bytes().splitlines(keepends=True)
    (here / "out" / JOURNAL).write_bytes(b"".join(lines[:2]))  # the header and a cell
    with pytest.raises(DatasetError, match=r"benchgrad\.run\(resume=folder, dataset=\(X, y\)\)"):
        benchgrad.run(resume="out")
    with pytest.raises(JournalError, match="name is 'arrays "):
        benchgrad.run(resume="out", dataset=(X + 1.0, Y))
    resumed = benchgrad.run(resume="out", dataset=(X, Y))
    pd.testing.assert_frame_equal(resumed.accuracy, whole.accuracy)
    assert resumed.records.resumed_at


def test_an_engine_that_fails_is_a_row(engine_file):
    engine = engine_file("raise ValueError('no good')")
    results = benchgrad.run("quick", engines=[engine, "numpy"], epochs=4)
    assert not results.ok
    row = results.engines.set_index("engine").loc[str(engine)]
    assert row.status == "crashed"
    assert "no good" in row.reason
    assert "crashed" in str(results)
    assert "no good" in results.engines.reason[0]


def test_an_interrupted_run_keeps_what_it_has_and_says_how_to_go_on(monkeypatch):
    monkeypatch.setattr(RunConsole, "stop_requested", lambda self: self._progress.n_finished > 0)
    with pytest.raises(KeyboardInterrupt) as caught:
        benchgrad.run("quick", out="half", **SMALL)
    assert "benchgrad.load('half')" in str(caught.value)
    assert "benchgrad.run(resume='half')" in str(caught.value)
    assert benchgrad.load("half").engines.set_index("engine").epochs_done["tensor"] == 3


@pytest.mark.parametrize(
    ("arguments", "error", "complaint"),
    [
        ({"engines": ["tensr"]}, EngineError, "did you mean 'tensor'"),
        ({"engines": [object()]}, UsageError, "write it into a file"),
        ({"dataset": {"x": 1}}, UsageError, "dataset: dict is neither a name"),
        ({"dataset": (X, Y), "label": "kind"}, UsageError, "goes with a frame or a CSV file"),
        ({"resume": "out", "out": "out"}, UsageError, "leave out overwrite and out"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(here, arguments, error, complaint):
    with pytest.raises(error, match=complaint) as caught:
        benchgrad.run("quick", **arguments)
    assert "\n" not in str(caught.value)
    assert list(here.iterdir()) == []


def test_html_is_escaped(judged):
    found = benchgrad.load(judged)
    shown = found._repr_html_()
    assert shown.count("<tr>") == 1 + len(found.engines)
    assert "<table>" in shown
    assert "<script" not in shown
    assert 'src="' not in shown


def test_a_check_that_finds_faults_shows_them(engine_file):
    engine = engine_file(top="Value.relu = lambda self: self * 1.0")
    found = benchgrad.check(engine, fast=True, only=["operations"])
    assert not found.passed
    assert len(found.faults) >= 1
    assert found.faults.heading[0] in str(found)
    assert found.headline in found._repr_html_().replace("&#39;", "'")
    with pytest.raises(EngineError, match="'classifer' is no group of checks"):
        benchgrad.check("tensor", only=["classifer"])


def test_a_notebook_shows_one_line_that_changes(monkeypatch):
    shown = []
    handle = types.SimpleNamespace(update=shown.append)
    display = types.ModuleType("IPython.display")
    display.HTML, display.display = str, lambda html, display_id: handle
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    from benchgrad.benchmarks.plan import load_plan

    plan = load_plan("quick").select(["tensor", "numpy"])
    with notebook.NotebookView(plan) as view:
        view.epoch_done("<b>", 3, 10)
        view.say("1 < 2")
    assert '[1/2] &lt;b&gt; <progress max="10" value="3"></progress>' in shown[0]
    assert shown[-1] == "1 &lt; 2"
