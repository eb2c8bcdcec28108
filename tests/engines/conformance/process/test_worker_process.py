"""A crash, an exit or a hang is the verdict of one check, and the next one is asked anew.

No process that an engine started is left behind.
"""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from benchgrad.engines import EngineError
from benchgrad.engines.conformance.checks import catalogue
from benchgrad.engines.conformance.process.parent import EngineProcess

ENGINE = """
import os, signal, sys, time
from benchgrad.engines import ValueEngine
from benchgrad.engines.scalar import Value

def write_into_every_pipe():
    for fd in map(int, os.listdir("/proc/self/fd")):
        try:
            if fd > 2 and "pipe" in os.readlink(f"/proc/self/fd/{{fd}}"):
                os.write(fd, b"garbage\\n")
        except OSError:  # it is one to read from
            pass

def exp(x):
    {fault}
    return Value.exp(x)

sys.stdout.write("noise on standard output\\n")
table = {{"exp": exp, "log": Value.log}}
engine = ValueEngine("mine", kind="scalar", value=Value, operations=table)
"""


@pytest.fixture
def verdicts(tmp_path):
    """Return the verdicts of exp and log of an engine with a fault in exp."""

    def run(fault, timeout_s=30.0):
        path = tmp_path / "fatal_engine.py"
        path.write_text(ENGINE.format(fault=fault))
        checks = [catalogue()[f"gradients: {name}(x)"] for name in ("exp", "log")]
        with EngineProcess(str(path), seed=3, is_fast=True, timeout_s=timeout_s) as process:
            return [process.verdict(check) for check in checks]

    return run


def test_an_engine_without_a_fault(verdicts):
    assert [v.status for v in verdicts("pass")] == ["passed", "passed"]


def test_exit(verdicts):
    exp, log = verdicts("os._exit(7)")
    assert (exp.status, log.status) == ("crashed", "passed")
    assert exp.reason.startswith("its process ended with exit code 7")
    assert exp.reason.endswith("(seed 3)")


def test_a_signal(verdicts):
    exp, log = verdicts("os.kill(os.getpid(), signal.SIGSEGV)")
    assert (exp.status, log.status) == ("crashed", "passed")
    assert "signal 11 (SIGSEGV)" in exp.reason


def test_a_hang(verdicts):
    exp, log = verdicts("time.sleep(60)", timeout_s=1.0)
    assert (exp.status, log.status) == ("crashed", "passed")
    assert "killed after 2 s" in exp.reason  # it was tried once more, with twice the time


def test_an_exception(verdicts):
    exp, log = verdicts("no_such_name")
    assert (exp.status, log.status) == ("crashed", "passed")
    assert "NameError: name 'no_such_name'" in exp.reason
    assert "fatal_engine.py, line" in exp.finding.place
    assert "ops.exp(x)" in exp.finding.code


def test_an_exception_with_words_going_forward_is_a_refusal(verdicts):
    exp, log = verdicts("raise KeyError('only numbers below 1')")
    assert (exp.status, log.status) == ("unsupported", "passed")
    assert exp.reason == "raises KeyError: 'only numbers below 1'"


def test_what_is_no_verdict_ends_one_check(verdicts):
    exp, log = verdicts("write_into_every_pipe()")
    assert (exp.status, log.status) == ("crashed", "passed")
    assert "it wrote into the harness's own pipe" in exp.reason


def test_system_exit_ends_one_check(verdicts):
    exp, log = verdicts("sys.exit('enough')")
    assert (exp.status, log.status) == ("crashed", "passed")


def test_an_engine_that_cannot_be_loaded(tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("import os; os._exit(5)")
    with (
        EngineProcess(str(path), seed=0, is_fast=True, timeout_s=5.0) as process,
        pytest.raises(EngineError, match="cannot be loaded: its process ended with exit code 5"),
    ):
        process.start()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux ends the worker")
def test_a_worker_that_hangs_dies_with_who_asked(tmp_path):
    signed = tmp_path / "pid"
    path = tmp_path / "hanging_engine.py"
    fault = f"os.write(os.open({str(signed)!r}, os.O_CREAT | os.O_WRONLY), b'%d.' % os.getpid())"
    fault += "; time.sleep(600)"
    path.write_text(ENGINE.format(fault=fault))
    check = [Path(sys.executable).with_name("benchgrad"), "check", path]
    with subprocess.Popen(check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as asking:
        while asking.poll() is None and not (signed.exists() and "." in signed.read_text()):
            time.sleep(0.02)
        worker = psutil.Process(int(signed.read_text().rstrip(".")))
        asking.kill()
    _, alive = psutil.wait_procs([worker], timeout=30.0)
    for process in alive:
        process.kill()
    assert not alive


RUNAWAYS = """
import os, time

def remember():
    with open("pids", "a") as file:
        file.write(f"{os.getpid()}\\n")
    time.sleep(300)
    os._exit(0)

for n_forks in (1, 2):  # a child in a session of its own, and one whose parent is gone as well
    if os.fork() == 0:
        os.setsid()
        if n_forks == 1 or os.fork() == 0:
            remember()
        os._exit(0)
"""


def write_runaway(folder, name):
    source = RUNAWAYS + ENGINE.format(fault="pass")
    (folder / f"{name}.py").write_text(source.replace('"log": Value.log', ""))


def noted(folder):
    """Return the processes that engines noted in a folder: all, and those that still run."""
    pids = [int(pid) for pid in (folder / "pids").read_text().split()]
    return pids, [pid for pid in pids if psutil.pid_exists(pid)]


def test_a_check_leaves_no_process_behind(tmp_path):
    write_runaway(tmp_path, "runaway")
    check = [Path(sys.executable).with_name("benchgrad"), "check", "runaway.py", "--fast"]
    done = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    pids, left = noted(tmp_path)
    assert len(pids) == 2
    assert left == []


SUITES = """
import subprocess
from benchgrad.engines.conformance import ConformanceSuite, Options

with open("own", "a") as file:
    file.write(f"{subprocess.Popen(['sleep', '300']).pid} ")

class TestOne(ConformanceSuite):
    engine = "one.py"
    options = Options(is_fast=True)

class TestTwo(TestOne):
    engine = "two.py"
"""


def test_suites_and_the_plugin_leave_no_process_behind_but_ones_own(tmp_path):
    for name in ("one", "two", "three"):
        write_runaway(tmp_path, name)
    (tmp_path / "test_both.py").write_text(SUITES)
    plugin = ["-p", "benchgrad.engines.conformance", "--engine", "three.py", "--engine-fast"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:xdist", "-k", "gradients and exp", *plugin],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    own = [int(pid) for pid in (tmp_path / "own").read_text().split()]
    survivors = [psutil.Process(pid) for pid in own if psutil.pid_exists(pid)]
    for process in survivors:
        process.kill()
    assert done.returncode == 0, done.stdout
    assert len(survivors) == len(own)
    pids, left = noted(tmp_path)
    assert len(pids) >= 6
    assert left == []
