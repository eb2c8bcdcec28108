"""A sweep on three Dask workers in processes of their own: one is killed, then the scheduler."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from benchgrad.benchmarks.records import read_results

pytestmark = pytest.mark.cluster
BIN = Path(sys.executable).parent
PLAN = """
title = "On loopback"
epochs = 2
data = { name = "moons", n_samples = 40 }
model = { hidden = [4] }
axes = { width = [1, 2, 3, 5, 6, 7, 8, 9, 10] }
engines = [{ name = "numpy" }]
"""
N_POINTS = 9


def started(*command, log):
    with log.open("ab") as file:
        return subprocess.Popen([*map(str, command)], stdout=file, stderr=file)


def until(is_so, whom, seconds=120):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"{whom.args}"
        time.sleep(0.05)


class Loopback:
    """A scheduler and three workers, by their real command lines."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self._log = folder / f"dask-{port}.log"
        options = ("--host", "127.0.0.1", "--port", port, "--no-dashboard")
        self.scheduler = started(BIN / "dask", "scheduler", *options, log=self._log)
        options = ("--nthreads", 1, "--no-nanny", "--no-dashboard")
        self.workers = [
            started(BIN / "dask", "worker", self.address, *options, log=self._log) for _ in range(3)
        ]

    def wait(self):
        """Return once the workers know the scheduler, however the two came up."""
        until(lambda: self._log.read_bytes().count(b"Registered to") >= 3, self.scheduler)

    def measuring(self):
        """Return the workers that have a cell's process; one at a time holds the machine's lock."""
        return [each for each in self.workers if psutil.Process(each.pid).children()]

    def end(self):
        for each in (*self.workers, self.scheduler):
            each.kill()
            each.wait()


def run(folder, *arguments):
    environment = {**os.environ, "BENCHGRAD_LOCK": str(folder / "lock")}
    with (folder / "run.log").open("ab") as file:
        command = [BIN / "benchgrad", "run", *map(str, arguments)]
        return subprocess.Popen(command, cwd=folder, stdout=file, stderr=file, env=environment)


def n_done(folder):
    path = folder / "swept" / "journal.jsonl"
    return path.read_bytes().count(b'"type":"point"') if path.exists() else 0


def work(results):
    """Return what was done, without what the clock says of it."""
    return {
        point.at: [[epoch.losses for epoch in cell.epochs] for cell in point.cells]
        for point in results.points
    }


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """Return the folder of a sweep that lost a worker and its scheduler and was resumed."""
    folder = tmp_path_factory.mktemp("loopback")
    (folder / "plan.toml").write_text(PLAN)
    first, running = Loopback(folder), None
    try:
        first.wait()
        running = run(folder, "plan.toml", "--out", "swept", "--scheduler", first.address)
        until(lambda: n_done(folder) >= 2, running)
        until(first.measuring, running)  # so that a point goes with its worker
        first.measuring()[0].send_signal(signal.SIGKILL)
        until(lambda: n_done(folder) >= 5, running)
        first.scheduler.send_signal(signal.SIGKILL)
        (folder / "code").write_text(str(running.wait(120)))
    finally:
        if running:
            running.kill()
        first.end()
    (folder / "before").write_text(str(n_done(folder)))
    second = Loopback(folder)
    try:
        second.wait()
        resumed = run(folder, "--resume", "swept", "--scheduler", second.address)
        assert resumed.wait(300) == 0, (folder / "run.log").read_text()
    finally:
        second.end()
    return folder


def test_the_run_outlived_its_scheduler_and_said_how_to_go_on(swept):
    said = (swept / "run.log").read_text()
    assert (swept / "code").read_text() == "130"
    assert 5 <= int((swept / "before").read_text()) < N_POINTS
    assert "is gone" in said
    assert "the Dask scheduler" in said
    assert "go on with: benchgrad run --resume" in said


def test_all_points_are_there_once_and_nothing_contradicts_them(swept):
    results = read_results(swept / "swept")
    assert len({point.at for point in results.points}) == len(results.points) == N_POINTS
    said = (swept / "run.log").read_text()
    assert re.search(r"worker tcp://\S+ is gone; measured again: width \d+\n", said)
    done = subprocess.run([BIN / "benchgrad", "verify", swept / "swept"], check=False)
    assert done.returncode == 0


def test_without_dask_the_points_are_the_same_and_so_is_every_loss(swept):
    assert run(swept, "plan.toml", "--out", "plain").wait(300) == 0
    there, here = read_results(swept / "swept"), read_results(swept / "plain")
    assert work(there) == work(here)
