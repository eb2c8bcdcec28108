"""What the runner itself needs for a point of a large sweep: time and memory, beside the workers.

The first worker of each kind is a real process; what it said is heard again for all later points,
so that only the runner's own work is left. Its processor time is counted, without the workload that
measures the machine before each cell, and its resident memory as the sweep goes on.

    python -P tools/points.py --points 10000
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchgrad.benchmarks.cell import measure
from benchgrad.benchmarks.cell.listener import Quiet
from benchgrad.benchmarks.plan import Contestant, DataPlan, ModelPlan, Plan
from benchgrad.benchmarks.run import runner, sweep
from benchgrad.benchmarks.run.journal import JOURNAL, Journal
from benchgrad.processes.child import ChildProcess
from benchgrad.processes.ending import Exit

PLAN = Plan(
    "Points",
    (Contestant("numpy"),),
    data=DataPlan(n_samples=40),
    model=ModelPlan(hidden=(4,)),
    epochs=1,
)
CONTROLS = 20


class HeardAgain:
    """A child process whose messages are those of the first one with a job of its kind."""

    heard: dict = {}  # noqa: RUF012 (of the whole run of this tool)

    def __init__(self, module, limits, launching=None):
        self._real = lambda: ChildProcess(module, limits, launching)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def send(self, job):
        self._job = job

    def messages(self, decoder, longest_bytes):
        kind = self._job.snapshots
        if kind not in self.heard:
            with self._real() as child:
                child.send(self._job)
                self.heard[kind] = [e for e in child.messages(decoder, longest_bytes) if e]
        yield from self.heard[kind]

    def exit(self):
        return Exit(0, "")


class Control:
    """The workload that measures the machine: run for the first cells, and then said again."""

    def __init__(self):
        self.taken_s, self.n, self._speed = 0.0, 0, measure.machine_speed

    def __call__(self, clock):
        if self.n < CONTROLS:
            begun = time.process_time()
            self._found = self._speed(clock)
            self.taken_s += time.process_time() - begun
            self.n += 1
        return self._found


class Watching(Quiet):
    """Notes the processor time and the memory of the runner as points finish."""

    def __init__(self, each):
        self.each, self.n, self.notes = each, 0, []

    def point_finished(self, point):
        assert [cell.status for cell in point.cells] == ["ok"], point.cells
        self.n += 1
        if self.n % self.each == 0:
            held = psutil.Process().memory_info().rss
            self.notes.append((self.n, time.process_time(), held))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=10_000)
    n_points = parser.parse_args().points
    plan = PLAN.replace(axes={"seed": list(range(1, n_points + 1))})
    control = Control()
    measure.ChildProcess, measure.machine_speed = HeardAgain, control
    watching = Watching(max(n_points // 10, 1))
    with tempfile.TemporaryDirectory() as folder:
        dataset = runner.prepare(plan)
        header = runner.header(plan, "tools/points.py", dataset)
        with Journal.begin(Path(folder), header) as journal:
            base = runner.run(journal, dataset, Quiet())
            control.taken_s, control.n = 0.0, 0
            begun = time.process_time()
            executor = sweep.Here(sweep.PointMeasurer.here(journal), watching)
            sweep.sweep(journal, base, executor, watching)
            whole_s = time.process_time() - begun
        size = (Path(folder) / JOURNAL).stat().st_size
    for n, at_s, held in watching.notes:
        tell(f"{n:6,} points: {1e3 * (at_s - begun) / n:.1f} ms each, {held / 2**20:.1f} MiB")
    tell(f"{1e3 * (whole_s - control.taken_s) / n_points:.2f} ms a point of the runner's own time")
    tell(f"{1e3 * control.taken_s / control.n:.2f} ms for the workload that measures the machine")
    tell(f"the journal has {size / 2**20:.1f} MiB")


def tell(line):
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
