"""A run to look at, and one that waits in the middle for what a test does to it."""

import subprocess
from importlib.resources import files

import pytest
from commands import BENCHGRAD, start, wait_for_file
from odd_engine import write_odd

SMALLER = {
    "n_samples = 160": "n_samples = 60",
    "hidden = [32, 32]": "hidden = [8, 8]",
    "budget_s = 3\n": "budget_s = 0.001\n",
}


def write_plan(folder):
    """Write the plan quick with fewer points and a smaller model; return the name of its file."""
    plan = (files("benchgrad.benchmarks") / "plans" / "quick.toml").read_text("utf-8")
    for old, new in SMALLER.items():
        assert plan.count(old) == 1
        plan = plan.replace(old, new)
    (folder / "quick.toml").write_text(plan)
    return "quick.toml"


@pytest.fixture
def plan(tmp_path):
    """Return the name of a plan in the folder: quick, but smaller."""
    return write_plan(tmp_path)


@pytest.fixture(scope="session")
def quick(made_once):
    """Return the report of the plan quick, but smaller, run as a user does, and what it printed."""

    def fill(folder):
        command = [BENCHGRAD, "run", write_plan(folder)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        (folder / "stdout").write_text(done.stdout)

    folder = made_once("quick", fill)
    return folder / "reports/out/quick", (folder / "stdout").read_text()


WAIT = """
def wait():
    open("is-waiting", "w").close()
    while not os.path.exists("go-on"):
        time.sleep(0.01)
"""


@pytest.fixture
def pair(tmp_path):
    """Return the arguments of a run of numpy, and of an engine that waits for a file `go-on`.

    It has made a file `is-waiting` by then.
    """
    write_odd(tmp_path, "patient", "wait()", WAIT)
    return ("run", "quick", "--engines", "numpy,patient.py", "--epochs", "5", "--out", "out")


@pytest.fixture
def waiting(tmp_path, pair):
    """Return a run whose first engine is done, whose second waits, and whose third is to come."""
    command = start(*pair[:3], "numpy,patient.py,tensor", *pair[4:], cwd=tmp_path)
    command.wait_for("numpy: ok")
    wait_for_file(tmp_path / "is-waiting")
    yield command
    command.kill()
    command.end()
