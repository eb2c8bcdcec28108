"""The runner's whole path on a made-up machine: only the process of a worker is not one.

Plan, rotation, batches, worker, clock, gate and records are the harness's own.
"""

import copy
import sys
from importlib.machinery import ModuleSpec
from types import SimpleNamespace

import pytest
from simulation import Machine, Noise, rounds_of
from workers import worker_here

from benchgrad.benchmarks.analysis.rounds import precision
from benchgrad.benchmarks.analysis.statistics import PAIRED_EFFECT, paired, verdict
from benchgrad.benchmarks.cell import measure
from benchgrad.benchmarks.cell.clock import Clock
from benchgrad.benchmarks.cell.listener import Quiet
from benchgrad.benchmarks.plan import Contestant, load_plan
from benchgrad.benchmarks.run import runner
from benchgrad.benchmarks.run.journal import JOURNAL, Journal, read
from benchgrad.benchmarks.run.verify import problems
from benchgrad.engines import load

N_ROUNDS, N_EPOCHS = 6, 8


class Ending(Quiet):
    """A listener that ends a run after so many cells, if that is asked for."""

    def __init__(self, ends_after=None):
        self.ends_after = ends_after
        self.n_finished = 0

    def stop_requested(self):
        return self.n_finished == self.ends_after

    def cell_finished(self, cell):
        self.n_finished += cell.status != "interrupted"


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


def on_a_made_up_machine(monkeypatch, seconds, noise):
    """Return a plan of engines that take so many seconds an epoch, on a machine of that noise."""
    machine = Machine(noise, 1, run_s=N_ROUNDS * N_EPOCHS * sum(seconds.values()))
    made_up = SimpleNamespace(**{name: working(machine, s) for name, s in seconds.items()})
    made_up.__spec__ = ModuleSpec("made_up", None)
    monkeypatch.setitem(sys.modules, "made_up", made_up)

    def begin():
        machine.start_process()
        machine.now += 0.01  # what a process takes beside its epochs

    clock = Clock(wall=lambda: machine.now, cpu=lambda: machine.now)
    monkeypatch.setattr(measure, "ChildProcess", worker_here(clock, begin))
    monkeypatch.setattr(measure, "machine_speed", lambda clock: [])  # of the real machine
    monkeypatch.setattr(measure, "Clock", lambda: clock)
    engines = [Contestant(name, f"made_up:{name}") for name in seconds]
    plan = load_plan("quick").with_data(n_samples=80)
    return plan.replace(engines=engines, epochs=N_EPOCHS)


@pytest.mark.parametrize(("slowdown", "called"), [(1.0, "no difference"), (1.05, "slower")])
def test_the_runner_itself_finds_what_is_there_on_a_machine_that_slows_down(
    monkeypatch, tmp_path, slowdown, called
):
    seconds = {"a": 0.01, "b": 0.01 * slowdown}
    noise = Noise(epoch=0.01, process=0.005, disturbed=0.0, drift=0.2)
    plan = on_a_made_up_machine(monkeypatch, seconds, noise).replace(rounds=N_ROUNDS)
    cells = runner.run_in(tmp_path, plan, "test", Quiet()).cells
    assert {(cell.status, cell.reason) for cell in cells} == {("ok", "")}
    found = paired(rounds_of(cells, "a"), rounds_of(cells, "b"))
    assert found.low <= slowdown <= found.high
    assert found.ratio == pytest.approx(slowdown, abs=0.015)
    assert verdict(found, PAIRED_EFFECT) == called
    first, last = rounds_of(cells, "a")[0], rounds_of(cells, "a")[N_ROUNDS - 1]
    assert last / first > 1.1  # by the clock alone the engine became slower than itself


def whole_run(plan, folder, ends_after=None):
    """Run a plan with a journal in a folder, go on if there is one; return its results."""
    dataset = runner.prepare(plan)
    found = read(folder)
    begun = (
        Journal.go_on(folder, found)
        if found
        else Journal.begin(folder, runner.header(plan, "test", dataset))
    )
    with begun as journal:
        results = runner.run(journal, dataset, Ending(ends_after))
    assert problems(folder, results) == []
    return results


def members(results):
    """Return the engines of each round."""
    n_rounds = max(cell.round for cell in results.cells) + 1
    return [[cell.engine for cell in results.cells if cell.round == r] for r in range(n_rounds)]


@pytest.fixture
def plan(monkeypatch):
    seconds = {"a": 0.01, "b": 0.02, "c": 0.05}
    noise = Noise(epoch=0.02, process=0.01, disturbed=0.0)
    return on_a_made_up_machine(monkeypatch, seconds, noise).replace(precision=0.02)


def test_a_precision_chooses_the_number_of_rounds(plan, tmp_path):
    results = whole_run(plan, tmp_path)
    rounds = members(results)
    assert len(rounds) > 6
    assert [sorted(names) for names in rounds[:5]] == [["a", "b", "c"]] * 5
    assert precision(plan, results.cells).missed == {}
    before = [cell for cell in results.cells if cell.round < len(rounds) - 1]
    assert precision(plan, before).missed  # there was no round too many
    for name in "bc":
        found = paired(rounds_of(results.cells, "a"), rounds_of(results.cells, name))
        assert max(found.high / found.ratio, found.ratio / found.low) <= 1.02


def test_a_budget_ends_a_run_before_its_precision_is_reached(plan, tmp_path):
    results = whole_run(plan.with_each(budget_s=2.0), tmp_path)
    (missed,) = {
        how.split(", ")[1] for how in precision(results.plan, results.cells).missed.values()
    }
    assert missed == "its budget of 2 s is used up"
    for name in "abc":
        assert sum(cell.whole_s for cell in results.cells if cell.engine == name) < 2.0


@pytest.mark.parametrize("ends_after", [1, 7, 16])
def test_an_interrupted_run_goes_on_to_its_precision(plan, tmp_path, ends_after):
    interrupted = whole_run(plan, tmp_path, ends_after)
    kept = [cell for cell in interrupted.cells if cell.status == "ok"]
    assert len(kept) == ends_after
    assert all(names for names in members(interrupted))
    results = whole_run(plan, tmp_path)
    assert [cell for cell in results.cells if cell in kept] == kept
    assert precision(plan, results.cells).missed == {}


def test_a_cell_whose_reference_was_not_trained_again_waits_in_the_journal(plan, tmp_path):
    (kept,) = (cell for cell in whole_run(plan, tmp_path, 1).cells if cell.status == "ok")
    ended_at_once = whole_run(plan, tmp_path, 0)
    assert {cell.status for cell in ended_at_once.cells} == {"interrupted"}
    assert "before its reference was trained again" in ended_at_once.cells[0].reason
    assert whole_run(plan, tmp_path, 1).cells[0] == kept


def test_rounds_after_a_damaged_line_are_kept(plan, tmp_path):
    results = whole_run(plan, tmp_path)
    path = tmp_path / JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], lines[2][:-9] + b"\n", *lines[3:]]))
    again = whole_run(plan, tmp_path)
    (lost,) = (cell for cell in results.cells if cell not in again.cells)
    assert lost.round == 0
    assert [(c.engine, c.round) for c in again.cells][: len(results.cells)] == [
        (cell.engine, cell.round) for cell in results.cells
    ]
