"""The runner's whole path on a made-up machine: only the process of a worker is not one.

Plan, rotation, batches, worker, clock, gate and records are the harness's own.
"""

import copy
import io
import sys
from importlib.machinery import ModuleSpec
from types import SimpleNamespace

import msgspec
import pytest
from simulation import Machine, Noise, rounds_of

from benchgrad.benchmarks import bench, runner
from benchgrad.benchmarks.clock import Clock
from benchgrad.benchmarks.messages import Event
from benchgrad.benchmarks.plan import Contestant, load_plan
from benchgrad.benchmarks.process import Exit
from benchgrad.benchmarks.statistics import PAIRED_EFFECT, paired, verdict
from benchgrad.benchmarks.worker import Worker
from benchgrad.engines import load

N_ROUNDS, N_EPOCHS = 6, 8


class Quiet:
    """A listener that hears nothing and never stops a run."""

    def stop_requested(self):
        return False

    def stop_at_once(self):
        return False

    def cell_started(self, *told):
        pass

    epoch_done = cell_finished = cell_started


def working(machine, epoch_s):
    """Return the reference's engine; an epoch takes that long on the machine."""
    engine = copy.copy(load("numpy"))
    build = engine.classifier

    def classifier(*arguments):
        real = build(*arguments)
        train_epoch = real.train_epoch

        def slowly(X, y, batches):
            machine.work(epoch_s)
            return train_epoch(X, y, batches)

        real.train_epoch = slowly
        return real

    engine.classifier = classifier
    return engine


def process_on(machine):
    """Return what stands for a worker's process: the worker, here, by the machine's clock."""

    class InProcess:
        def __init__(self, job, *limits):
            self._job = job

        def __enter__(self):
            machine.start_process()
            return self

        def __exit__(self, *error):
            pass

        def events(self):
            told = io.BytesIO()
            clock = Clock(wall=lambda: machine.now, cpu=lambda: machine.now)
            Worker(self._job, told, clock).run()
            for line in told.getvalue().splitlines():
                yield msgspec.json.decode(line, type=Event)

        def exit(self):
            return Exit(0, "")

    return InProcess


@pytest.mark.parametrize(("slowdown", "called"), [(1.0, "no difference"), (1.05, "slower")])
def test_the_runner_itself_finds_what_is_there_on_a_machine_that_slows_down(
    monkeypatch, slowdown, called
):
    seconds = {"a": 0.01, "b": 0.01 * slowdown}
    noise = Noise(epoch=0.01, process=0.005, disturbed=0.0, drift=0.2)
    machine = Machine(noise, 1, run_s=N_ROUNDS * N_EPOCHS * sum(seconds.values()))
    made_up = SimpleNamespace(**{name: working(machine, s) for name, s in seconds.items()})
    made_up.__spec__ = ModuleSpec("made_up", None)
    monkeypatch.setitem(sys.modules, "made_up", made_up)
    monkeypatch.setattr(bench, "WorkerProcess", process_on(machine))
    engines = [Contestant(name, f"made_up:{name}") for name in seconds]
    plan = load_plan("quick").with_data(n_samples=80)
    plan = plan.replace(engines=engines, rounds=N_ROUNDS, epochs=N_EPOCHS)
    cells = runner.run(plan, "test", runner.prepare(plan), Quiet()).cells
    assert {(cell.status, cell.reason) for cell in cells} == {("ok", "")}
    found = paired(rounds_of(cells, "a"), rounds_of(cells, "b"))
    assert found.low <= slowdown <= found.high
    assert found.ratio == pytest.approx(slowdown, abs=0.015)
    assert verdict(found, PAIRED_EFFECT) == called
    first, last = rounds_of(cells, "a")[0], rounds_of(cells, "a")[N_ROUNDS - 1]
    assert last / first > 1.1  # by the clock alone the engine became slower than itself
