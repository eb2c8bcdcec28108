"""The command line in processes of its own, as a user runs it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from benchgrad.benchmarks.records import read_results

BENCHGRAD = Path(sys.executable).with_name("benchgrad")


def with_lock(arguments, cwd):
    """Return the arguments with a lock of the test's own: tests run side by side."""
    takes_one = arguments[0] == "run" and "--lock" not in arguments
    own = ("--lock", str(cwd / ".lock")) if takes_one else ()
    return [BENCHGRAD, *arguments, *own]


def benchgrad(*arguments, cwd):
    return subprocess.run(
        with_lock(arguments, cwd), cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """Run the plan quick once, in an empty folder."""
    folder = tmp_path_factory.mktemp("quick")
    return folder, benchgrad("run", "quick", cwd=folder)


def test_quick_runs_from_end_to_end(quick):
    folder, done = quick
    out = folder / "reports" / "out" / "quick"
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("report: reports/out/quick/index.html")
    assert "published: 1,381 ×" in done.stdout
    written = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    plots = ("epoch_seconds", "loss_by_epoch", "loss_by_seconds", "accuracy_by_seconds",
             "decision_boundary")  # fmt: skip
    assert written == {
        "journal.jsonl", "results.json", "timings.csv", "accuracy.csv", "summary.md", "index.html",
        *(f"plots/{name}.{extension}" for name in plots for extension in ("png", "svg")),
    }  # fmt: skip


def test_every_engine_of_quick_did_the_same_work(quick):
    cells = {cell.engine: cell for cell in read_results(quick[0] / "reports/out/quick").cells}
    assert set(cells) == {"micrograd", "scalar", "tensor", "numpy"}
    losses = [loss for epoch in cells["numpy"].epochs for loss in epoch.losses]
    for name, cell in cells.items():
        assert cell.status == "ok", (name, cell.reason)
        own = [loss for epoch in cell.epochs for loss in epoch.losses]
        assert own == pytest.approx(losses[: len(own)], abs=1e-9, rel=0)
        n = len(cell.epochs)
        assert cell.epochs[-1].test_accuracy == cells["numpy"].epochs[n - 1].test_accuracy


def test_a_forecast_is_called_one_wherever_it_stands(quick):
    folder, done = quick
    out = folder / "reports/out/quick"
    (micrograd,) = [c for c in read_results(out).cells if c.engine == "micrograd"]
    assert len(micrograd.epochs) < micrograd.epochs_planned
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("micrograd")]
    assert "(forecast)" in line
    assert "(forecast, " in (out / "summary.md").read_text()
    assert "forecast</span>" in (out / "index.html").read_text()


def test_a_precision_takes_as_many_rounds_as_it_needs(tmp_path):
    arguments = ("quick", "--engines", "tensor,numpy", "--precision", "90%", "--out", "out")
    done = benchgrad("run", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "[12] " in done.stderr
    assert " rounds, until each ratio was known to ±90 %" in done.stdout
    assert "until each ratio was known to ±90 %" in (tmp_path / "out/summary.md").read_text()


def test_a_report_renders_again_to_the_same_bytes(quick):
    out = quick[0] / "reports/out/quick"
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    (out / "index.html").unlink()
    done = benchgrad("report", str(out), cwd=quick[0])
    assert done.returncode == 0, done.stderr
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["run", "--engines", "nope"], "there is no engine 'nope'"),
        (["run", "--engines", "tensr"], "did you mean 'tensor'?"),
        (["run", "--engines", "absent.py"], "absent.py': there is no such file"),
        (["run", "--engines", ","], "engines: there must be at least one"),
        (["run", "--dataset", "missing.csv"], "missing.csv': there is no such file"),
        (["run", "--dataset", "moon"], "did you mean 'moons'?"),
        (["run", "--dataset", "bad.csv"], "bad.csv, row 3, column 'x': 'three' is not a number"),
        (["run", "headlin"], "did you mean 'headline'?"),
        (["run", "typo.toml"], "unknown key 'epoch'; did you mean 'epochs'?"),
        (["run", "--engines", "os:"], "'os:': write package.module:attribute"),
        (["run", "--label", "kind"], "--label 'kind' goes with a CSV file"),
        (["run", "wild.toml"], "training.seed: Expected `int`"),
        (["run", "--epochs", "0"], "benchgrad: --epochs: Expected `int` >= 1"),
        (["run", "--budget", "soon"], "--budget 'soon' is no time"),
        (["run", "--precision", "100%"], "--precision '100%' is no share; write it as 2% or 0.02"),
        (["run", "--engines", "tensor", "--precision", "2%"], "--precision: it applies to ratios"),
        (["run", "--out", "file/below"], "'file/below' cannot be written: Not a directory"),
        (["run", "--out", "/proc/nowhere"], "'/proc/nowhere' cannot be written"),
        (["report", "nowhere"], "nowhere/results.json cannot be read"),
    ],
)
def test_a_users_mistake_gets_one_line_and_nothing_is_written(tmp_path, arguments, complaint):
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "bad.csv").write_text("x,label\n1,a\nthree,b\n")
    (tmp_path / "typo.toml").write_text('title = "t"\nepoch = 3\n[[engines]]\nname = "tensor"\n')
    (tmp_path / "wild.toml").write_text(
        'title = "w"\n[training]\nseed = 99999999999\n[[engines]]\nname = "tensor"\n'
    )
    before = sorted(tmp_path.rglob("*"))
    done = benchgrad(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert done.stderr.startswith("benchgrad: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_a_csv_of_the_users_own_runs(tmp_path):
    rows = "".join(f"{i % 7},{i % 5},{'ab'[i % 2]}\n" for i in range(40))
    (tmp_path / "mine.csv").write_text("x,y,kind\n" + rows)
    done = benchgrad(
        "run", "quick", "--engines", "tensor,numpy", "--dataset", "mine.csv", "--label", "kind",
        "--epochs", "2", "--out", "out", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert read_results(tmp_path / "out").data.class_names == ["a", "b"]


def test_an_engine_that_fails_makes_the_exit_code_one(tmp_path, engine_file):
    path = engine_file("raise ValueError('no')")
    done = benchgrad("run", "quick", "--engines", f"{path},tensor", "--out", "out", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "crashed" in done.stdout
    assert "ValueError: no" in (tmp_path / "out/summary.md").read_text()


def test_an_engine_that_was_asked_for_and_did_not_run_makes_the_exit_code_one(tmp_path):
    done = benchgrad("run", "quick", "--engines", "no_such_module:engine,numpy", cwd=tmp_path)
    assert done.returncode == 1
    assert "missing" in done.stdout


def test_other_data_than_the_plans_own_claim_no_published_figure(tmp_path):
    arguments = ("--engines", "scalar,tensor", "--dataset", "circles", "--epochs", "1")
    done = benchgrad("run", "quick", *arguments, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "published" not in done.stdout
    summary = (tmp_path / "out/summary.md").read_text()
    assert "1,381" not in summary
    assert "benchgrad run quick --engines scalar,tensor --dataset circles" in summary


def test_a_report_that_cannot_be_written_gets_one_line(tmp_path):
    (tmp_path / "out" / "index.html").mkdir(parents=True)
    done = benchgrad(
        "run", "quick", "--engines", "numpy", "--epochs", "1", "--out", "out", cwd=tmp_path
    )
    assert done.returncode == 2
    assert "cannot be written" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("*.partial"))


def workers_of(process):
    """Return the worker processes of a running benchgrad, with the engine each runs."""
    return [
        child
        for child in psutil.Process(process.pid).children(recursive=True)
        if "benchgrad.benchmarks.cell.worker" in child.cmdline()
    ]


def start(cwd, *arguments):
    pipe = subprocess.PIPE
    return subprocess.Popen(with_lock(arguments, cwd), cwd=cwd, stdout=pipe, stderr=pipe, text=True)


def let_it(process, cwd):
    """Let the patient engine go on; return what the run says on standard error."""
    (cwd / "go-on").touch()
    return process.communicate(timeout=120)[1]


def wait_for_file(path):
    """Return once a file is there."""
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def wait_for_line(process, text):
    """Return once standard error holds a line with this text."""
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(f"the run ended without {text!r}")


def test_a_worker_that_is_killed_is_a_crashed_cell_and_the_run_goes_on(tmp_path):
    process = start(tmp_path, "run", "quick", "--engines", "numpy,scalar,tensor", "--out", "out")
    wait_for_line(process, "numpy: ok")
    deadline = time.monotonic() + 30
    while not workers_of(process):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(workers_of(process)[0].pid, signal.SIGKILL)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 1, stderr
    cells = {cell.engine: cell for cell in read_results(tmp_path / "out").cells}
    assert {name: cell.status for name, cell in cells.items()} == {
        "numpy": "ok", "scalar": "crashed", "tensor": "ok",
    }  # fmt: skip
    assert "signal 9 (SIGKILL)" in cells["scalar"].reason
    assert "crashed" in stdout


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["engines"], ["micrograd", "numpy", "scalar", "tensor", "ready"]),
        (["datasets"], ["moons", "digits", "file.csv"]),
        (["plans"], ["headline", "quick", "full"]),
        (["--help"], ["run", "engines", "datasets", "plans", "report"]),
    ],
)
def test_the_lists_are_complete_and_import_nothing_heavy(tmp_path, arguments, shown):
    code = (
        "import sys, runpy\n"
        f"sys.argv = ['benchgrad', *{arguments!r}]\n"
        "try:\n"
        "    runpy.run_module('benchgrad.command_line.main', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        "heavy = {'matplotlib', 'pandas', 'sklearn', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert all(word in done.stdout for word in shown)


def test_brackets_in_a_path_are_printed_as_they_are(quick, tmp_path):
    folder = tmp_path / "x[bold]y[" / "[/red]"
    shutil.copytree(quick[0] / "reports/out/quick", folder)
    done = benchgrad("report", str(folder), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"report: {folder}/index.html\n"


def test_engines_are_listed_with_what_would_install_them():
    done = benchgrad("engines", cwd=".")
    assert done.returncode == 0, done.stderr
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert "ready" in lines["tensor"]
    assert "no sigmoid, tanh" in lines["micrograd"]
    assert "its classifier only" in lines["numpy"]
    torch = lines["torch"]
    assert "ready" in torch or "pip install 'benchgrad[torch]'" in torch
