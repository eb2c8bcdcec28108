"""Small plans, run with real worker processes."""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchgrad.benchmarks.cell.listener import Quiet
from benchgrad.benchmarks.plan import load_plan
from benchgrad.benchmarks.run.runner import run_in


class Remembering(Quiet):
    """A listener that remembers what it was told."""

    def __init__(self):
        self.started = []
        self.epochs = []

    def cell_started(self, engine, round, n_epochs):
        self.started.append((engine, round))

    def epoch_done(self, engine, n_done, n_epochs):
        self.epochs.append((engine, n_done, n_epochs))


def small(*engines, **changes):
    """Return a plan of a second: 60 points, 5 epochs."""
    plan = load_plan("quick").select(list(engines)).with_data(n_samples=80)
    return plan.with_each(epochs=5, budget_s=None).replace(**changes)


def go(plan, listener=None):
    with TemporaryDirectory() as folder:
        return run_in(Path(folder), plan, "benchgrad run test", listener or Remembering())


def run_all(engines, listener=None, **changes):
    """Run engines one after the other, then tensor; return their cells by the files' names."""
    *cells, last = go(small(*engines, "tensor", **changes), listener).cells
    assert last.status == "ok", last.reason
    return {Path(cell.engine).stem: cell for cell in cells}
