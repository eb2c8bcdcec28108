"""Engines that kill their supervisors or leave processes behind: none of those is left."""

import time

import psutil
import pytest
from commands import benchgrad, start, wait_for_file
from odd_engine import write_odd
from small_runs import run_all

TOP = """
def daemon(path, environment=None):
    # A grandchild in a session of its own, which ends by itself should a test fail.
    sleeper = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)"
    command = [sys.executable, "-S", "-c", sleeper, path]
    subprocess.Popen(command, start_new_session=True, env=environment)
    while not (os.path.exists(path) and open(path).read()):
        time.sleep(0.01)

def above(n):
    # The process that is n generations above this one.
    pid = os.getpid()
    for _ in range(n):
        pid = int(open(f"/proc/{pid}/stat", "rb").read().rpartition(b")")[2].split()[1])
    return pid

def kill(number, *generations):
    for pid in [above(n) for n in generations]:
        os.kill(pid, number)
    time.sleep(60)
"""
KILLED = "its process was killed by signal"
# What an engine does once its daemon runs, and what its row says.
ENDS = {
    "stays": ("pass", "ok", ""),
    "dies": ("os._exit(3)", "crashed", "exit code 3"),
    "kills-its-parent": ("kill(9, 1)", "crashed", f"{KILLED} 9"),
    "kills-both": ("kill(9, 1, 2)", "crashed", f"{KILLED} 9"),
    "ends-its-parent": ("kill(15, 1)", "crashed", f"{KILLED} 15"),
    "ends-both": ("kill(15, 2, 1)", "crashed", f"{KILLED} 15"),
}
# A daemon that also throws the mark in its environment away is found by kinship alone.
UNMARKED = ("stays", "dies", "kills-its-parent")
DAEMONS = {
    **{name: (name, "None") for name in ENDS},
    **{f"{name}-unmarked": (name, "{}") for name in UNMARKED},
}
SAMPLE = ["kills-both", "ends-both", "stays-unmarked", "kills-its-parent-unmarked"]


@pytest.mark.parametrize(
    "names",
    [pytest.param(SAMPLE, marks=pytest.mark.sample), [n for n in DAEMONS if n not in SAMPLE]],
    ids=["sample", "rest"],
)
def test_no_daemon_of_an_engine_outlives_its_cell(tmp_path, names, attacked):
    daemons = {name: DAEMONS[name] for name in names}
    paths = []
    for name, (how, environment) in daemons.items():
        body = f"daemon({str(tmp_path / name)!r}, {environment}); {ENDS[how][0]}"
        paths.append(write_odd(tmp_path, name, body, TOP))
    cells = run_all(paths)
    broken = {}
    for name, (how, _) in daemons.items():
        _, status, reason = ENDS[how]
        held = cells[name].status == status and reason in cells[name].reason
        broken[f"{name}: reason"] = "" if held else cells[name].reason
        broken[f"{name}: daemon"] = is_left(tmp_path / name)
    attacked(broken)


def is_left(path):
    """Return "" unless the process that noted its id in a file still runs; end it if so."""
    pid = int(path.read_text())
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return ""
    if process.status() == psutil.STATUS_ZOMBIE:
        return ""
    process.kill()
    return f"process {pid} is left"


@pytest.mark.sample
@pytest.mark.parametrize("whom", ["runner", "all"])
def test_a_daemon_of_a_killed_run_does_not_run_beside_the_resumed_one(tmp_path, attacked, whom):
    """`all`: the runner and both supervisors at once, so that nobody is left to end the daemon."""
    daemon = tmp_path / "daemon"
    body = f"os.path.exists({str(daemon)!r}) or (daemon({str(daemon)!r}), time.sleep(60))"
    write_odd(tmp_path, "patient", body, TOP)
    arguments = ("run", "quick", "--engines", "patient.py", "--epochs", "3", "--out", "out")
    run = start(*arguments, cwd=tmp_path)
    wait_for_file(daemon)
    while not daemon.read_text():
        time.sleep(0.01)
    (worker,) = [each for each in run.workers() if "supervisor" not in "".join(each.cmdline())]
    victims = [psutil.Process(run.pid), worker.parent().parent(), worker.parent()]
    for victim in victims if whom == "all" else victims[:1]:
        victim.suspend()
    for victim in victims if whom == "all" else victims[:1]:
        victim.kill()
    run.end()
    if whom == "runner":
        deadline = time.monotonic() + 20
        while psutil.pid_exists(int(daemon.read_text())) and time.monotonic() < deadline:
            time.sleep(0.01)
        broken = is_left(daemon)
    else:
        assert benchgrad("run", "--resume", "out", cwd=tmp_path).returncode == 0
        broken = is_left(daemon)
    attacked({f"{whom} killed": broken})
