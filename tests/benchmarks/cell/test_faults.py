"""Engines, disks and users that do their worst: each ends in its own status, the others whole."""

import ctypes
import subprocess

import msgspec
import psutil
import pytest
from test_command_line import (
    BENCHGRAD,
    benchgrad,
    let_it,
    start,
    wait_for_file,
    wait_for_line,
    workers_of,
)
from test_runner import go, run_one, small

from benchgrad.benchmarks.records import read_results
from benchgrad.benchmarks.run.journal import JOURNAL, read
from benchgrad.benchmarks.run.resume import claimed
from benchgrad.benchmarks.run.verify import _journal_agrees
from benchgrad.processes import memory

MIB = 2**20

SPREAD = '''
def remember(path):
    with open(path, "a") as file:
        file.write(f"{os.getpid()}\\n")
    time.sleep(60)
    os._exit(0)

def spread(path):
    """Start ten processes: in the group, in a session of their own, and orphans of both kinds."""
    for i in range(10):
        if os.fork() == 0:
            if i % 2:
                os.setsid()
            if i % 4 < 2 or os.fork() == 0:
                remember(path)
            os._exit(0)
    while len(open(path).readlines()) < 10:
        time.sleep(0.01)
'''

HOARD = '''
def hoard(n_bytes):
    """Take memory and write to it, for as long as it is given."""
    held = []
    while sum(map(len, held)) < n_bytes:
        held.append(b"x" * 8_000_000)
        time.sleep(0.005)
    return held

def share(n, function):
    """Have n children do something and stay for a second; wait for them."""
    children = []
    for _ in range(n):
        child = os.fork()
        if child == 0:
            kept = function()
            time.sleep(1)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
'''


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ("ctypes.string_at(0)", "crashed", "signal 11 (SIGSEGV) (after 2 of 5 epochs)"),
        ("os.abort()", "crashed", "signal 6 (SIGABRT)"),
        ("[a @ a for a in [np.ones((12_000, 12_000))]]", "timeout", "killed after 3 s"),
        ("[signal.signal(s, signal.SIG_IGN) for s in (1, 2, 15)]; ctypes.PyDLL(None).sleep(60)",
         "timeout", "killed after 3 s (after 2 of 5 epochs)"),
        ("os.close(1); os.close(2)", "ok", ""),
        ("os.close(1); os.close(2); os._exit(4)", "crashed", "exit code 4 before it was done"),
    ],
)  # fmt: skip
def test_an_engine_that_fails_in_c_is_a_row(engine_file, body, status, reason):
    path = engine_file(body, top="import ctypes")
    cell = run_one(path, timeout_s=3 if status == "timeout" else 60)
    assert (cell.status, len(cell.epochs)) == (status, 5 if status == "ok" else 2)
    assert reason in cell.reason


@pytest.mark.parametrize("then", ["pass", "os._exit(1)", "time.sleep(60)"])
def test_of_ten_children_none_outlives_its_cell(engine_file, tmp_path, then):
    pids = tmp_path / "pids"
    path = engine_file(f"spread({str(pids)!r}); {then}", top=SPREAD)
    cell = run_one(path, timeout_s=3 if "sleep" in then else 60)
    assert cell.status == {"pass": "ok", "os._exit(1)": "crashed"}.get(then, "timeout")
    children = [int(pid) for pid in pids.read_text().split()]
    assert len(children) == 10
    assert not [pid for pid in children if psutil.pid_exists(pid)]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("hoard(10**12)", "out_of_memory"),
        ("share(4, lambda: hoard(120_000_000))", "out_of_memory"),
        ("share(8, lambda: None)", "ok"),  # eight copies of what is there once
    ],
)
def test_the_memory_of_all_processes_of_a_cell_is_limited(engine_file, body, status):
    path = engine_file(body, top=HOARD)
    cell = run_one(path, memory_bytes=250 * MIB)
    assert cell.status == status, cell.reason
    if status != "ok":
        assert "the limit is 250 MiB (after 2 of 5 epochs)" in cell.reason
        held_mib = int(cell.reason.split()[2])
        assert 250 <= held_mib < 1500


def test_an_engine_that_the_kernel_took_for_its_memory_is_told_from_a_crash(
    engine_file, tmp_path, monkeypatch
):
    counter = tmp_path / "vmstat"
    counter.write_text("nr_free_pages 1\noom_kill 3\n")
    monkeypatch.setattr(memory, "_VMSTAT", counter)
    killed = "os.kill(os.getpid(), signal.SIGKILL)"
    assert run_one(engine_file(killed)).status == "crashed"
    counted = f"open({str(counter)!r}, 'w').write('oom_kill 4\\n')"
    cell = run_one(engine_file(f"{counted}; {killed}"))
    assert cell.status == "out_of_memory"
    assert cell.reason.startswith("the machine ran out of memory: its process was killed by signal")


def test_an_engine_that_took_too_long_is_not_started_again(engine_file):
    path = engine_file("time.sleep(60)")
    first, second, third, other = go(small(path, "numpy", timeout_s=3, rounds=2)).cells
    assert (first.status, second.status, third.status) == ("timeout", "ok", "ok")
    assert (other.engine, other.status) == (path, "pruned")
    assert other.reason == (
        "not started: in round 1 it ended with timeout: killed after 3 s (after 2 of 5 epochs)"
    )


def test_an_engine_that_prints_a_hundred_megabytes_fills_no_disk(engine_file):
    flood = "[os.write(1, b'x' * 1023 + b'\\n') for _ in range(100_000)]"
    top = "assert os.readlink('/proc/self/fd/1').startswith('pipe:')"
    assert run_one(engine_file(flood, top)).status == "ok"


def test_a_worker_dies_with_its_runner(tmp_path, pair):
    process = start(tmp_path, *pair)
    wait_for_file(tmp_path / "is-waiting")
    workers = workers_of(process)
    process.kill()
    process.communicate()
    gone, alive = psutil.wait_procs(workers, timeout=10)
    assert gone
    assert not alive


def test_a_disk_that_is_full_when_a_cell_is_to_be_kept_loses_none_before(tmp_path, pair):
    process = start(tmp_path, *pair)
    wait_for_line(process, "numpy: ok")
    size = (tmp_path / "out" / JOURNAL).stat().st_size
    psutil.Process(process.pid).rlimit(psutil.RLIMIT_FSIZE, (size + 100, size + 100))
    stderr = let_it(process, tmp_path)
    assert process.returncode == 2
    line = stderr.splitlines()[-1]
    assert "out/journal.jsonl cannot be written: File too large" in line
    assert "go on with: benchgrad run --resume out" in line
    assert "Traceback" not in stderr
    assert (tmp_path / "out" / JOURNAL).stat().st_size == size
    done = benchgrad("run", "--resume", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "resuming: 1 of 2 cells are there" in done.stderr
    assert "numpy: ok" not in done.stderr
    assert {cell.status for cell in read_results(tmp_path / "out").cells} == {"ok"}


def test_a_disk_that_is_full_when_the_report_is_written_loses_no_cell(tmp_path, pair):
    process = start(tmp_path, *pair)
    wait_for_line(process, "numpy: ok")
    limit = (tmp_path / "out" / JOURNAL).stat().st_size + 60_000  # one more cell, no page
    psutil.Process(process.pid).rlimit(psutil.RLIMIT_FSIZE, (limit, limit))
    stderr = let_it(process, tmp_path)
    assert process.returncode == 2
    assert "cannot be written: File too large" in stderr.splitlines()[-1]
    assert not list(tmp_path.rglob("*.partial"))
    assert len(read(tmp_path / "out").cells) == 2
    done = benchgrad("run", "--resume", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "resuming: 2 of 2 cells are there" in done.stderr
    assert (tmp_path / "out/index.html").exists()


def without_rights():
    """Give up, before a command starts, the right of root to write where nobody may."""
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE


@pytest.mark.parametrize("there", [(), ("results.json", JOURNAL)])
def test_a_folder_that_is_read_only_gets_one_line_before_anything_runs(tmp_path, pair, there):
    folder = tmp_path / "out"
    folder.mkdir()
    for name in there:
        (folder / name).touch()
    folder.chmod(0o555)
    done = subprocess.run(
        [BENCHGRAD, *pair, "--lock", "lock"],
        cwd=tmp_path,
        preexec_fn=without_rights,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "benchgrad: 'out' cannot be written: Permission denied; name another folder with --out\n"
    )
    assert sorted(path.name for path in folder.iterdir()) == sorted(there)


def test_two_runs_into_one_folder_at_once_are_one_run_and_one_line(tmp_path, pair):
    first = start(tmp_path, *pair)
    try:
        wait_for_line(first, "numpy: ok")
        for arguments in (
            pair, (*pair, "--overwrite"), ("run", "--resume", "out"), ("report", "out"),
        ):  # fmt: skip
            second = benchgrad(*arguments, cwd=tmp_path)
            assert second.returncode == 2
            assert second.stderr.count("\n") == 1
            assert "another benchgrad is writing into 'out'" in second.stderr
    finally:
        stderr = let_it(first, tmp_path)
    assert first.returncode == 0, stderr
    assert {cell.status for cell in read_results(tmp_path / "out").cells} == {"ok"}
    assert read(tmp_path / "out").ended


def test_what_a_killed_run_left_half_done_is_cleared_away(tmp_path):
    (tmp_path / "plots").mkdir()
    (tmp_path / ".benchgrad-abc").mkdir()
    (tmp_path / ".benchgrad-abc" / "data.npz").touch()
    (tmp_path / ".results.json.partial").touch()
    (tmp_path / "plots" / ".ladder.png.partial").touch()
    (tmp_path / "mine.txt").touch()
    with claimed(tmp_path):
        assert sorted(path.name for path in tmp_path.rglob("*")) == ["mine.txt", "plots"]


def test_verify_holds_a_report_against_its_journal(tmp_path):
    done = benchgrad(
        "run", "quick", "--engines", "numpy,tensor", "--epochs", "2", "--out", "out", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "out"
    assert benchgrad("verify", str(folder), cwd=tmp_path).returncode == 0
    path = folder / JOURNAL
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"status":"ok"', b'"status":"no"', 1))
    done = benchgrad("verify", str(folder), cwd=tmp_path)
    assert done.returncode == 1
    assert "does not match its checksum" in done.stdout
    assert "numpy, round 0: it is not in journal.jsonl" in done.stdout
    path.write_bytes(whole)
    results = read_results(folder)
    for changed, problem in (
        ({"resumed_at": ["later"]}, "resumed_at is ['later'], in journal.jsonl []"),
        ({"plan": results.plan.replace(title="Another")}, "plan: it is not the one of"),
        ({"cells": results.cells[:1]}, "tensor, round 0: it is in journal.jsonl only"),
    ):
        tampered = msgspec.structs.replace(results, **changed)
        assert any(problem in line for line in _journal_agrees(folder, tampered))
