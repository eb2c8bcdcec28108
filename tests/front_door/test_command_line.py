"""The command line: what it shows and lists, and how it answers a user's mistake."""

import json
import shutil
import subprocess
import sys

import pytest
from commands import BENCHGRAD, benchgrad

from benchgrad.benchmarks.records import read_results


def test_quick_runs_from_end_to_end(quick):
    out, stdout = quick
    assert stdout.strip().endswith("report: reports/out/quick/index.html")
    assert "published: 1,381 ×" in stdout
    written = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    plots = ("epoch_seconds", "loss_by_epoch", "loss_by_seconds", "accuracy_by_seconds",
             "decision_boundary", "ladder")  # fmt: skip
    assert written == {
        "journal.jsonl", "results.json", "timings.csv", "accuracy.csv", "summary.md", "index.html",
        "manifest.json", "card.png", "snippet.md",
        *(f"plots/{name}.{extension}" for name in plots for extension in ("png", "svg")),
    }  # fmt: skip


def test_every_engine_of_quick_did_the_same_work(quick):
    cells = {cell.engine: cell for cell in read_results(quick[0]).cells}
    again = {"micrograd, collector paused", "scalar, collector running"}
    rungs = {"scalar-dot", "tensor-replay", "tensor, one row at a time"}
    assert set(cells) == {"micrograd", "scalar", "tensor", "numpy"} | again | rungs
    assert cells.pop("tensor, one row at a time").status == "ok"  # other batches, other losses
    losses = [loss for epoch in cells["numpy"].epochs for loss in epoch.losses]
    for name, cell in cells.items():
        assert cell.status == "ok", (name, cell.reason)
        own = [loss for epoch in cell.epochs for loss in epoch.losses]
        assert own == pytest.approx(losses[: len(own)], abs=1e-9, rel=0)
        n = len(cell.epochs)
        assert cell.epochs[-1].test_accuracy == cells["numpy"].epochs[n - 1].test_accuracy


def test_too_few_epochs_for_a_forecast_are_said_wherever_a_total_is_shown(quick):
    out, stdout = quick
    (micrograd,) = [c for c in read_results(out).cells if c.engine == "micrograd"]
    assert len(micrograd.epochs) < micrograd.epochs_planned
    (line,) = [line for line in stdout.splitlines() if line.startswith("micrograd ")]
    assert "no forecast" in line
    why = "it takes 3 epochs after the first, the budget left none"
    assert f"no forecast, {why}" in (out / "summary.md").read_text()
    assert f"no forecast</span>, {why}" in (out / "index.html").read_text()


def test_a_report_renders_again_to_the_same_bytes_in_a_folder_with_brackets(quick, tmp_path):
    out, _ = quick
    folder = tmp_path / "x[bold]y[" / "[/red]"
    shutil.copytree(out, folder)
    (folder / "index.html").unlink()
    done = benchgrad("report", folder, cwd=tmp_path, drawn=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"report: {folder}/index.html\n"
    before, after = (
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in (out, folder)
    )
    assert after == before


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


def test_the_installed_command_answers_as_the_module_does(tmp_path):
    command = [BENCHGRAD, "run", "headlin"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("benchgrad: there is no plan 'headlin'; did you mean 'headline'?")
    assert done.stderr.count("\n") == 1


LISTS = {
    "engines": ["micrograd", "numpy", "scalar", "tensor", "ready"],
    "datasets": ["moons", "digits", "file.csv"],
    "plans": ["headline", "quick", "full"],
    "--help": ["run", "engines", "datasets", "plans", "report"],
}
ALL_IN_ONE_PROCESS = """
import contextlib, io, json, sys
from benchgrad.command_line.main import main

printed = {}
for command in sys.argv[1:]:
    sys.argv = ["benchgrad", command]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            main()
        except SystemExit as end:
            assert not end.code, end.code
    printed[command] = out.getvalue()
    heavy = {"matplotlib", "pandas", "sklearn", "scipy"} & set(sys.modules)
    assert not heavy, (command, heavy)
print(json.dumps(printed))
"""


def test_the_lists_are_complete_and_import_nothing_heavy(tmp_path):
    command = [sys.executable, "-P", "-c", ALL_IN_ONE_PROCESS, *LISTS]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    for name, words in LISTS.items():
        assert [word for word in words if word not in printed[name]] == []


def test_engines_are_listed_with_what_would_install_them():
    done = benchgrad("engines", cwd=".")
    assert done.returncode == 0, done.stderr
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert "ready" in lines["tensor"]
    assert "no sigmoid, tanh" in lines["micrograd"]
    assert "its classifier only" in lines["numpy"]
    torch = lines["torch"]
    assert "ready" in torch or "pip install 'benchgrad[torch]'" in torch
