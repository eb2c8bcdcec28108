"""A worker without a process: for tests in which nothing dies, so that none needs to start."""

import io

import msgspec

from benchgrad.benchmarks.cell.clock import Clock
from benchgrad.benchmarks.cell.messages import Event
from benchgrad.benchmarks.cell.process import Exit
from benchgrad.benchmarks.cell.worker import CellWorker


def worker_here(clock=None, begin=lambda: None):
    """Return what takes the place of `WorkerProcess`: a worker in this process, by a clock."""

    class WorkerHere:
        def __init__(self, job, *limits):
            self._job = job

        def __enter__(self):
            begin()
            return self

        def __exit__(self, *error):
            pass

        def events(self):
            told = io.BytesIO()
            CellWorker(self._job, told, clock or Clock()).run()
            for line in told.getvalue().splitlines():
                yield msgspec.json.decode(line, type=Event)

        def exit(self):
            return Exit(0, "")

    return WorkerHere
