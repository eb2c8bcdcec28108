"""What the tests of several rooms share: a lock of their own, and folders made once for all."""

import fcntl
import gc
import hashlib
import os
import shutil
import subprocess
import sys

import msgspec
import pytest
from judged_run import run_into
from odd_engine import write_odd
from workers import worker_here

from benchgrad.benchmarks.cell import measure
from benchgrad.benchmarks.run import environment


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Return one more than there are processors: many tests wait for a process or a timeout."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish():
    """Keep the thousands of tests and their modules out of every collection of garbage to come."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def own_lock(tmp_path_factory):
    """Let no run wait for one that another process of the tests has begun."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCHGRAD_LOCK", str(tmp_path_factory.mktemp("lock") / "lock"))
        yield


@pytest.fixture(scope="session", autouse=True)
def rates_once():
    """Measure the machine's rates once in this process, and not in each of its hundreds of runs."""
    measure_rates, found = environment.with_rates, {}

    def with_rates(here, plan):
        key = plan.threads, plan.training.dtype
        if key not in found:
            found[key] = measure_rates(here, plan)
        rates = (name for name in here.__struct_fields__ if name.endswith("_per_s"))
        return msgspec.structs.replace(here, **{rate: getattr(found[key], rate) for rate in rates})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(environment, "with_rates", with_rates)
        yield


@pytest.fixture
def engine_file(tmp_path):
    """Return a function that writes an engine and returns its path."""

    def write(body="pass", top="", name="odd"):
        return write_odd(tmp_path, name, body, top)

    return write


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """Return a function that returns the folder of a name, filled once for all test processes.

    The first that asks fills it, with the function that it gives; the others wait for that.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def made(name, fill):
        folder = shared / name
        with (shared / f"{name}.lock").open("a+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.seek(0)
            if lock.read() != "filled":
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                fill(folder)
                lock.write("filled")
        return folder

    return made


@pytest.fixture(scope="session")
def judged(made_once):
    """Return the folder of a run with a cell of each kind, and its report."""
    return made_once("judged", run_into)


@pytest.fixture
def workers_here(monkeypatch):
    """Let the workers of a run work in this process."""
    monkeypatch.setattr(measure, "ChildProcess", worker_here())


@pytest.fixture(scope="session")
def installed(made_once):
    """Return a function that installs a package, and returns the folder it went to and the
    environment variables with which its modules and entry points are found.
    """

    def install(package):
        files = sorted(path for path in package.rglob("*") if path.is_file())
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()

        def fill(folder):
            shutil.copytree(package, folder / "source")  # the build leaves files beside the sources
            arguments = ["--no-deps", "--no-build-isolation", "--no-index"]
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
            done = subprocess.run(
                [*pip, *arguments, "--target", str(folder / "site"), str(folder / "source")],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr

        site = made_once(f"installed-{package.name}-{digest[:12]}", fill) / "site"
        return site, os.environ | {"PYTHONPATH": str(site)}

    return install
