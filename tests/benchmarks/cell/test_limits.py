"""Engines that take more than they may: time, memory or processes."""

import time

import psutil
import pytest
from odd_engine import write_odd
from small_runs import Remembering, go, run_all, small

from benchgrad.processes import memory

MIB = 2**20


class Clock:
    """The clock of the processes' deadlines, which a test may put forward."""

    def __init__(self, monkeypatch):
        self.ahead_s = 0.0
        now = time.monotonic
        monkeypatch.setattr(time, "monotonic", lambda: now() + self.ahead_s)


class Patient(Remembering):
    """A listener that lets the time of a cell pass once its engine has made a file `hangs`."""

    def __init__(self, clock, folder):
        super().__init__()
        self.clock, self.mark = clock, folder / "hangs"

    def stop_at_once(self):
        if self.mark.exists():
            self.mark.unlink()
            self.clock.ahead_s += 3600.0
        return False


@pytest.fixture
def patient(monkeypatch, tmp_path):
    return Patient(Clock(monkeypatch), tmp_path)


HANG = """
def hang(how):
    open({mark!r}, "w").close()
    how()

def sleep():
    time.sleep(600)

def multiply():
    a = np.ones((3_000, 3_000))
    while True:
        a @ a

def ignore_signals():
    for number in (1, 2, 15):
        signal.signal(number, signal.SIG_IGN)
    ctypes.PyDLL(None).sleep(600)
"""


def test_an_engine_that_takes_too_long_is_killed_and_not_started_again(tmp_path, patient):
    top = HANG.format(mark=str(tmp_path / "hangs"))
    ways = ("sleep", "multiply", "ignore_signals")
    names = [write_odd(tmp_path, way, f"hang({way})", top) for way in ways]
    cells = go(small("tensor", *names, timeout_s=600, rounds=2), patient).cells
    told = "killed after 600 s (after 2 of 5 epochs)"
    found = {(cell.engine, cell.round): (cell.status, cell.reason) for cell in cells}
    assert found == {
        ("tensor", 0): ("ok", ""),
        ("tensor", 1): ("ok", ""),
        **{(name, 0): ("timeout", told) for name in names},
        **{
            (name, 1): ("pruned", f"not started: in round 1 it ended with timeout: {told}")
            for name in names
        },
    }
    assert {len(cell.epochs) for cell in cells if cell.status == "timeout"} == {2}


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


def test_of_ten_children_none_outlives_its_cell(tmp_path, patient):
    top = SPREAD + HANG.format(mark=str(tmp_path / "hangs"))
    then = {"ends": "pass", "dies": "os._exit(1)", "stays": "hang(sleep)"}
    engines = [
        write_odd(tmp_path, name, f"spread({str(tmp_path / name)!r}); {body}", top)
        for name, body in then.items()
    ]
    cells = run_all(engines, patient, timeout_s=600)
    statuses = {name: cell.status for name, cell in cells.items()}
    assert statuses == {"ends": "ok", "dies": "crashed", "stays": "timeout"}
    for name in then:
        children = [int(pid) for pid in (tmp_path / name).read_text().split()]
        assert len(children) == 10
        assert not [pid for pid in children if psutil.pid_exists(pid)]


def test_a_child_that_outlives_its_engine_does_not_hold_up_the_run(engine_file):
    path = engine_file("os.fork() or (time.sleep(600), os._exit(0))")
    assert run_all([path], timeout_s=60)["odd"].status == "ok"


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


def test_the_memory_of_all_processes_of_a_cell_is_limited(tmp_path):
    hoarding = {
        "alone": "hoard(10**12)",
        "together": "share(4, lambda: hoard(120_000_000))",
        "copies": "share(8, lambda: None)",  # eight copies of what is there once
    }
    engines = [write_odd(tmp_path, name, body, HOARD) for name, body in hoarding.items()]
    cells = run_all(engines, memory_bytes=250 * MIB)
    assert cells.pop("copies").status == "ok"
    for cell in cells.values():
        assert cell.status == "out_of_memory", cell.reason
        assert "the limit is 250 MiB (after 2 of 5 epochs)" in cell.reason
        held_mib = int(cell.reason.split()[2])
        assert 250 <= held_mib < 1500


def test_an_engine_that_the_kernel_took_for_its_memory_did_not_crash(tmp_path, monkeypatch):
    counter = tmp_path / "vmstat"
    counter.write_text("nr_free_pages 1\noom_kill 3\n")
    monkeypatch.setattr(memory, "_VMSTAT", counter)
    killed = "os.kill(os.getpid(), signal.SIGKILL)"
    counted = f"open({str(counter)!r}, 'w').write('oom_kill 4\\n'); {killed}"
    engines = [write_odd(tmp_path, "killed", killed), write_odd(tmp_path, "counted", counted)]
    cells = run_all(engines)
    assert cells["killed"].status == "crashed"
    assert cells["counted"].status == "out_of_memory"
    told = "the machine ran out of memory: its process was killed by signal"
    assert cells["counted"].reason.startswith(told)
