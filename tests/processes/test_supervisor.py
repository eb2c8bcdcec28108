"""Whatever a child starts, and however it ends, no process is left; and no other one is touched."""

import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest
from children import ask

from benchgrad.processes import child as child_module
from benchgrad.processes.ending import ChildError

SPREAD = """
for i in range(10):
    if os.fork() == 0:
        if i % 2:
            os.setsid()
        if i % 4 < 2 or os.fork() == 0:
            remember()
        os._exit(0)
wait_for(10)
"""


def noted():
    """Return the processes that a child of a test noted and that still run."""
    pids = map(int, Path("pids").read_text().split())
    return [pid for pid in pids if psutil.pid_exists(pid)]


def wait_until_gone():
    deadline = time.monotonic() + 20.0
    while noted():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    "then",
    ["answer(1)", "os._exit(1)", "os.kill(os.getpid(), 11)", "os.killpg(0, 9)", "time.sleep(60)"],
)
def test_ten_processes_in_groups_and_sessions_of_their_own_are_ended(child, then):
    with child(SPREAD + then, timeout_s=3.0) as found:
        if then == "answer(1)":
            assert ask(found) == 1
            assert len(noted()) == 10
        else:
            with pytest.raises(ChildError):
                ask(found)
    assert noted() == []


def test_a_process_that_forks_while_it_is_ended_is_ended(child):
    """Each of them starts the next and dies: whoever looks sees another one."""
    chain = (
        "if os.fork() == 0:\n"
        "    while True:\n"
        "        if os.fork(): os._exit(0)\n"
        "        os.setsid()\n"
        "        open('lives', 'a').write('.')\n"
        "        time.sleep(0.001)\n"
        "while not os.path.exists('lives'): time.sleep(0.01)\n"
        "answer(1)"
    )
    with child(chain) as found:
        ask(found)
    n_lives = len(Path("lives").read_text())
    time.sleep(0.2)
    assert len(Path("lives").read_text()) == n_lives


def test_a_process_of_ones_own_survives_whenever_it_was_started(child):
    def sleeping():
        return subprocess.Popen(["sleep", "60"], start_new_session=True)

    own = [sleeping()]
    with child("answer(1)") as found:
        own.append(sleeping())
        ask(found)
        own.append(sleeping())
    assert [process.poll() for process in own] == [None] * 3
    for process in own:
        process.kill()
        process.wait()


def test_of_two_children_one_ends_and_the_other_keeps_all_its_processes(child):
    with child("if not os.fork():\n    os.setsid(); remember()\nwait_for(1); answer(1)") as first:
        ask(first)
        with child(SPREAD.replace("10", "11") + "answer(2)") as second:
            ask(second)
            assert len(noted()) > 10
        assert len(noted()) == 1
        assert ask(first) == 1
    assert noted() == []


def test_all_go_when_their_parent_is_killed(child, tmp_path):
    child(SPREAD + "time.sleep(60)").end()  # it was only written
    program = """
        from children import ask
        from benchgrad.processes.child import ChildProcess, Limits
        with ChildProcess("child_of_a_test", Limits(1, 60.0)) as found:
            ask(found)
    """
    helpers = str(Path(__file__).parent)
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={"PYTHONPATH": f"{tmp_path}:{helpers}"},
    )
    while not Path("pids").exists() or len(noted()) < 10:
        time.sleep(0.01)
    parent.kill()
    parent.wait()
    wait_until_gone()


def test_a_child_outlives_the_thread_that_started_it(child):
    started = []

    def start():
        started.append(child("answer(question)"))
        ask(started[0])

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    with started[0] as found:
        time.sleep(0.2)
        assert ask(found, "still here") == "still here"


@pytest.mark.parametrize("name", ["SIGSTOP", "SIGKILL"])
def test_a_child_that_stops_or_kills_its_supervisor_is_ended_too(child, monkeypatch, name):
    monkeypatch.setattr(child_module, "_PATIENCE_S", 0.5)
    note = "open('pids', 'w').write(str(os.getpid()))"
    with child(f"{note}; answer(1); os.kill(os.getppid(), signal.{name}); time.sleep(60)") as found:
        ask(found)
    wait_until_gone()
