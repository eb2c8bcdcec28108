"""Runs that end before their time, and how they are resumed."""

import signal

import psutil
import pytest
from commands import benchgrad

from benchgrad.benchmarks.records import read_results
from benchgrad.benchmarks.run.journal import JOURNAL, read


def statuses(folder):
    return {cell.engine: cell.status for cell in read_results(folder).cells}


def test_ctrl_c_ends_after_the_cell_with_a_report_and_the_run_goes_on_later(waiting, tmp_path):
    waiting.send_signal(signal.SIGINT)
    waiting.wait_for("ending after this cell; press Ctrl-C again to stop now")
    (tmp_path / "go-on").touch()
    ended = waiting.end()
    assert ended.returncode == 130, ended.stderr
    assert ended.stderr.splitlines()[-1] == "go on with: benchgrad run --resume out"
    out = tmp_path / "out"
    assert statuses(out) == {"numpy": "ok", "patient.py": "ok", "tensor": "interrupted"}
    assert "interrupted" in (out / "summary.md").read_text()
    before = read(out).cells

    again = benchgrad("run", "quick", "--out", "out", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (2, "")
    assert "holds an unfinished run with 2 of 3 cells: go on with" in again.stderr

    done = benchgrad("run", "--resume", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[0] == "resuming: 2 of 3 cells are finished"
    assert "[3/3] tensor: ok" in done.stderr
    assert set(statuses(out).values()) == {"ok"}
    results = read_results(out)
    assert [before.get((c.engine, c.round), c) for c in results.cells] == results.cells
    assert len(results.resumed_at) == 1
    assert benchgrad("verify", "out", cwd=tmp_path).returncode == 0
    assert f"resumed {results.resumed_at[0]}" in (out / "summary.md").read_text()
    assert f"resumed {results.resumed_at[0]}" in (out / "index.html").read_text()


@pytest.mark.parametrize(
    "signals",
    [
        [signal.SIGINT, signal.SIGINT],
        [signal.SIGTERM],
        [signal.SIGHUP],
        [signal.SIGINT, signal.SIGTERM],
    ],
)
def test_ctrl_c_again_or_a_terminating_signal_ends_at_once(waiting, tmp_path, signals):
    workers = waiting.workers()
    for number in signals[:-1]:
        waiting.send_signal(number)
        waiting.wait_for("again to stop now")
    waiting.send_signal(signals[-1])
    ended = waiting.end()
    assert ended.returncode == 130, ended.stderr
    assert "Traceback" not in ended.stderr
    assert workers
    assert not any(worker.is_running() for worker in workers)
    out = tmp_path / "out"
    assert statuses(out) == {
        "numpy": "ok", "patient.py": "interrupted", "tensor": "interrupted",
    }  # fmt: skip
    assert list(read(out).cells) == [("numpy", 0)]


def test_a_killed_run_takes_its_worker_with_it_and_is_resumed_as_it_was(waiting, tmp_path):
    workers = waiting.workers()
    waiting.kill()
    waiting.end()
    gone, alive = psutil.wait_procs(workers, timeout=10)
    assert gone
    assert not alive
    (tmp_path / "go-on").touch()
    out, engine = tmp_path / "out", tmp_path / "patient.py"
    journal, code = (out / JOURNAL).read_bytes(), engine.read_bytes()
    for arguments, complaint in (
        (("out", "--epochs", "7"), "where epochs of numpy is 5; leave the option out"),
        (("out", "--out", "other"), "--resume writes into 'out'; leave out --overwrite and --out"),
        (("out", "--overwrite"), "leave out --overwrite and --out"),
        (("elsewhere",), "elsewhere/journal.jsonl does not exist, so no run can go on"),
    ):
        done = benchgrad("run", "--resume", *arguments, cwd=tmp_path)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert complaint in done.stderr
    engine.write_bytes(code + b"# edited\n")
    done = benchgrad("run", "--resume", "out", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "cannot go on, the files of engines differ: patient.py; start it anew" in done.stderr
    assert (out / JOURNAL).read_bytes() == journal

    engine.write_bytes(code)
    (kept,) = read(out).cells.values()
    done = benchgrad("run", "--resume", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert set(statuses(out).values()) == {"ok"}
    assert read_results(out).cells[0] == kept


def test_a_finished_run_goes_on_with_nothing_but_its_report(tmp_path):
    arguments = ("run", "quick", "--engines", "numpy,tensor", "--out", "out")
    assert benchgrad(*arguments, cwd=tmp_path).returncode == 0
    out = tmp_path / "out"
    before = (out / "summary.md").read_text()
    (out / "index.html").unlink()
    done = benchgrad("run", "--resume", "out", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "resuming: 2 of 2 cells are finished\n")
    (resumed,) = read_results(out).resumed_at
    assert (out / "summary.md").read_text().replace(f", resumed {resumed}", "") == before
    assert (out / "index.html").exists()
