import os
import subprocess
import sys
import threading

import pytest

from benchgrad.benchmarks.cell.disturbance import Disturbance, DisturbanceCounters

CPU = "some avg10=1.56 avg60=31.05 avg300=26.38 total={}\nfull avg10=0.00 total=7000000\n"
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@pytest.fixture
def proc(tmp_path):
    (tmp_path / "thread-self").mkdir()
    (tmp_path / "pressure").mkdir()
    return tmp_path


def fill(proc, waited_ns=0, steal_ticks=0, pressure_us=0):
    (proc / "thread-self" / "schedstat").write_text(f"123 {waited_ns} 4\n")
    (proc / "stat").write_text(f"cpu  10 20 30 40 50 60 70 {steal_ticks} 90 100\ncpu0 1 2 3\n")
    (proc / "pressure" / "cpu").write_text(CPU.format(pressure_us))


def test_each_counter_is_read_in_seconds(proc):
    fill(proc, 2_500_000_000, 3 * TICKS_PER_S, 4_250_000)
    with DisturbanceCounters(proc, lambda: 0.0) as counters:
        assert counters.read() == Disturbance(2.5, 3.0, 4.25)


def test_a_reading_sees_what_changed_since_the_files_were_opened(proc):
    fill(proc, 1_000_000_000, TICKS_PER_S, 1_000_000)
    with DisturbanceCounters(proc, lambda: 0.0) as counters:
        before = counters.read()
        fill(proc, 1_250_000_000, 3 * TICKS_PER_S, 4_000_000)
        assert counters.read() - before == Disturbance(0.25, 2.0, 3.0)


def test_what_the_system_does_not_have_is_none(tmp_path):
    with DisturbanceCounters(tmp_path / "nowhere", lambda: 0.0) as counters:
        assert counters.read() == Disturbance(None, None, None)
        assert counters.read() - counters.read() == Disturbance(None, None, None)


def test_one_counter_may_be_missing(proc):
    fill(proc, waited_ns=1_000_000_000)
    (proc / "pressure" / "cpu").unlink()
    with DisturbanceCounters(proc, lambda: 0.0) as counters:
        assert counters.read() == Disturbance(1.0, 0.0, None)


@pytest.mark.parametrize("text", ["", "\n", "cpu\n", "nothing of the kind\n"])
def test_files_without_figures_are_none(proc, text):
    for name in ("thread-self/schedstat", "stat", "pressure/cpu"):
        (proc / name).write_text(text)
    with DisturbanceCounters(proc, lambda: 0.0) as counters:
        assert counters.read() == Disturbance(None, None, None)


def test_a_counter_that_steps_back_counts_nothing():
    assert Disturbance(1.0, 1.0, 1.0) - Disturbance(2.0, 0.5, None) == Disturbance(0.0, 0.5, None)


def test_closing_closes_the_files(proc):
    fill(proc)
    open_before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    counters = DisturbanceCounters(proc, lambda: 0.0)
    counters.close()
    assert counters.read() == Disturbance(None, None, None)
    if sys.platform == "linux":
        assert len(os.listdir("/proc/self/fd")) == open_before


@pytest.mark.skipif(sys.platform != "linux", reason="the counters are those of Linux")
def test_the_real_counters_never_go_backwards():
    with DisturbanceCounters() as counters:
        before = counters.read()
        threading.Event().wait(0.01)
        after = counters.read()
    for name in ("stolen_s", "pressure_s"):
        then, now = getattr(before, name), getattr(after, name)
        assert (then is None) == (now is None)
        assert then is None or now >= then >= 0.0


ON_ONE_CPU = """
import hashlib, os, threading, time
from pathlib import Path
from benchgrad.benchmarks.cell.disturbance import DisturbanceCounters

def work(until_s):
    while time.perf_counter() < until_s:
        hashlib.sha256(block).digest()  # without the interpreter's lock

def raw_s():
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9

os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
block, until_s = bytes(2**20), time.perf_counter() + 0.4
with DisturbanceCounters() as counters:
    before, raw_before_s = counters.read(), raw_s()
    others_before_s = time.process_time() - time.thread_time()
    threads = [threading.Thread(target=work, args=(until_s,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    work(until_s)
    found, raw = counters.read() - before, raw_s() - raw_before_s
    others_s = time.process_time() - time.thread_time() - others_before_s
print(found.waited_s, raw, others_s)
"""


@pytest.mark.skipif(not os.path.exists("/proc/thread-self/schedstat"), reason="not counted here")
def test_waiting_for_threads_of_its_own_is_no_disturbance():
    told = subprocess.run(
        [sys.executable, "-P", "-c", ON_ONE_CPU], capture_output=True, check=True, text=True
    )
    waited_s, raw_s, others_s = map(float, told.stdout.split())
    assert min(raw_s, others_s) > 0.01
    assert waited_s == pytest.approx(max(0.0, raw_s - others_s), abs=0.005)
