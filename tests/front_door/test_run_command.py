"""`benchgrad run`: which data and rounds it takes, and its exit codes."""

import os
import re
import signal

import pytest
from commands import benchgrad

from benchgrad.benchmarks.records import read_results
from benchgrad.benchmarks.run.journal import read


@pytest.mark.usefixtures("workers_here")
def test_a_precision_takes_as_many_rounds_as_it_needs(tmp_path):
    arguments = ("quick", "--engines", "tensor,numpy", "--precision", "90%", "--out", "out")
    done = benchgrad("run", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "[12] " in done.stderr
    assert " rounds, until each ratio was known to ±90 %" in done.stdout
    assert "until each ratio was known to ±90 %" in (tmp_path / "out/summary.md").read_text()


@pytest.mark.usefixtures("workers_here")
def test_a_csv_of_the_users_own_runs(tmp_path):
    rows = "".join(f"{i % 7},{i % 5},{'ab'[i % 2]}\n" for i in range(40))
    (tmp_path / "mine.csv").write_text("x,y,kind\n" + rows)
    done = benchgrad(
        "run", "quick", "--engines", "tensor,numpy", "--dataset", "mine.csv", "--label", "kind",
        "--epochs", "2", "--out", "out", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert read_results(tmp_path / "out").data.class_names == ["a", "b"]


@pytest.mark.usefixtures("workers_here")
def test_other_data_than_the_plans_own_claim_no_published_figure(tmp_path, plan):
    arguments = ("--engines", "scalar,tensor", "--dataset", "circles", "--epochs", "1")
    done = benchgrad("run", plan, *arguments, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "published" not in done.stdout
    summary = (tmp_path / "out/summary.md").read_text()
    assert "1,381" not in summary
    assert "benchgrad run quick.toml --engines scalar,tensor --dataset circles" in summary


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


def test_an_engine_of_a_plan_that_is_not_installed_does_not_fail_the_run(tmp_path):
    engines = "".join(
        f'[[engines]]\nname = "{name}"\n' for name in ("no_such_module:engine", "numpy")
    )
    (tmp_path / "mine.toml").write_text(f'title = "mine"\nepochs = 1\n{engines}')
    done = benchgrad("run", "mine.toml", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "missing" in done.stdout


def test_a_worker_that_is_killed_is_a_crashed_cell_and_the_run_goes_on(waiting, tmp_path):
    os.kill(waiting.workers()[0].pid, signal.SIGKILL)
    ended = waiting.end()
    assert ended.returncode == 1, ended.stderr
    cells = {cell.engine: cell for cell in read_results(tmp_path / "out").cells}
    assert {name: cell.status for name, cell in cells.items()} == {
        "numpy": "ok", "patient.py": "crashed", "tensor": "ok",
    }  # fmt: skip
    assert "signal 9 (SIGKILL)" in cells["patient.py"].reason
    assert "crashed" in ended.stdout


def test_a_run_goes_on_undisturbed_while_others_are_refused_in_one_line(waiting, pair, tmp_path):
    taken = "another benchgrad is writing into 'out'"
    holder = rf"process {waiting.pid} has been timing since [-\d]+ [:\d]+: benchgrad run quick .*"
    for arguments, complaint in (
        (pair, taken),
        ((*pair, "--overwrite"), taken),
        (("run", "--resume", "out"), taken),
        (("report", "out"), taken),
        ((*pair[:-1], "other", "--no-wait"), f"{holder}; without --no-wait this run waits for it"),
    ):
        second = benchgrad(*arguments, cwd=tmp_path)
        assert (second.returncode, second.stdout) == (2, "")
        assert re.fullmatch(f"benchgrad: {complaint}.*\n", second.stderr)
    assert not list((tmp_path / "other").iterdir())
    (tmp_path / "go-on").touch()
    first = waiting.end()
    assert first.returncode == 0, first.stderr
    assert {cell.status for cell in read_results(tmp_path / "out").cells} == {"ok"}
    assert read(tmp_path / "out").ended
