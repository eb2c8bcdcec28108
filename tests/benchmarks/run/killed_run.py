"""A runner that may kill itself at one of its writes; its `main` is for a process of its own.

It runs two engines, with a journal and results, and resumes where there is a journal. No worker
runs while something is written, so its workers need no processes of their own. Every call that
makes something last goes through `os.write`, `os.fsync` or `os.replace`; with the part `before`
it dies before the n-th of them, with `half` when the n-th `os.write` has written half of its
bytes. The log gets a line for each cell that is measured, each reference that is trained, and
each damaged line.
"""

import os
import signal

import numpy as np
from workers import worker_here

from benchgrad.benchmarks.cell import measure
from benchgrad.benchmarks.cell.listener import Quiet
from benchgrad.benchmarks.plan import load_plan
from benchgrad.benchmarks.records import write_results
from benchgrad.benchmarks.run import resume, runner
from benchgrad.benchmarks.run.journal import Journal, read
from benchgrad.datasets import Dataset

PLAN = load_plan("quick").select(["numpy", "tensor"])
PLAN = PLAN.with_each(epochs=2, budget_s=None).replace(model={"hidden": [3]})
CELLS = [("numpy", 0), ("tensor", 0)]


def toy():
    """Return 40 points in three dimensions: no grid, so that the lines are not long."""
    X = np.random.default_rng(0).normal(size=(40, 3))
    y = (X[:, 0] > 0).astype(np.int64)
    return Dataset("toy", X[:30], y[:30], X[30:], y[30:], ("left", "right"))


class Logging(Quiet):
    def __init__(self, log):
        self.log = log

    def line(self, *words):
        with self.log.open("a") as file:
            print(*words, file=file)

    def cell_started(self, engine, round, n_epochs):
        self.line("trained:" if "reference" in engine else engine, round)


def mortal(function, n, half):
    """Return `function`, which kills the process in its n-th call, counted with all the others."""

    def call(*arguments):
        n[0] -= 1
        if n[0] == 0:
            if half:
                descriptor, content = arguments
                function(descriptor, content[: len(content) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments)

    return call


def main(header, folder, log, part="", n=0):
    measure.ChildProcess = worker_here()
    measure.machine_speed = lambda clock: []
    calls = {"": (), "half": ("write",), "before": ("write", "fsync", "replace")}[part]
    counter = [n]
    for name in calls:
        setattr(os, name, mortal(getattr(os, name), counter, part == "half"))
    dataset, listener = toy(), Logging(log)
    with resume.claimed(folder):
        found = read(folder)
        if found:
            resume.check_surroundings(folder, found, dataset)
            for damage in found.damage:
                listener.line("damage:", damage)
            journal = Journal.go_on(folder, found)
        else:
            journal = Journal.begin(folder, header)
        with journal:
            results = runner.run(journal, dataset, listener)
            write_results(results, folder)
            journal.end()
