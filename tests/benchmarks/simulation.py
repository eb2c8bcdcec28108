"""Runs on a machine that is made up, so that what its statistics should find is known.

The clock, the training loop and the order of the engines are the harness's own. Run as a
script it prints the figures of docs/measurement.md; with `neighbours`, those of several engines on
machines with other work.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchgrad.benchmarks.analysis.rounds import participants, rotated
from benchgrad.benchmarks.analysis.statistics import (
    PAIRED_EFFECT,
    UNPAIRED_EFFECT,
    Estimate,
    against_fastest,
    disturbed_by_engine,
    paired,
    ranked_rounds,
    round_seconds,
    unpaired,
    verdict,
)
from benchgrad.benchmarks.cell.clock import Clock
from benchgrad.benchmarks.cell.training import Instruments, Schedule, train
from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.records import Cell, Epoch
from benchgrad.engines import Classifier


@dataclass(frozen=True)
class Noise:
    """What disturbs a time, each as a share of it.

    `epoch` and `process` are standard deviations of logarithms: of each epoch, and of what all
    epochs of a process share. An `outlier` epoch takes up to three times as long; a `disturbed`
    process as a whole 5 to 30 % longer. `drift` is how much slower the machine is at the end of a
    run than at its start, a straight line; `session` a standard deviation that a whole run shares.
    `wandering` is that of a speed that changes slowly within a cell: each epoch's share of it is
    0.9 of the epoch's before and a new tenth.

    A neighbour is `busy` for that share of the time, in bursts that last about `burst` epochs of
    10 ms. Meanwhile an epoch waits for a third of its time on average, and is slower by 3 % beside,
    which nobody counts. `victim` names the only engine that the neighbour hits.
    """

    epoch: float = 0.03
    outlier: float = 0.02
    process: float = 0.015
    disturbed: float = 0.04
    drift: float = 0.0
    session: float = 0.0
    wandering: float = 0.0
    busy: float = 0.0
    burst: float = 20.0
    victim: str = ""


class Machine:
    """A machine whose clock goes on only while it works."""

    def __init__(self, noise, seed, run_s):
        self.now = 0.0
        self.waited_s = 0.0
        self._busy_until = self._calm_until = 0.0
        self._noise, self._run_s = noise, run_s
        self._rng = np.random.default_rng(seed)
        self._session = np.exp(self._rng.normal(0.0, noise.session))
        self.start_process()

    def start_process(self, engine=""):
        noise, rng = self._noise, self._rng
        self._is_hit = noise.victim in ("", engine)
        self._wandering = rng.normal(0.0, noise.wandering)
        self._factor = self._session * np.exp(rng.normal(0.0, noise.process))
        if rng.random() < noise.disturbed:
            self._factor *= rng.uniform(1.05, 1.3)

    def work(self, seconds):
        noise, rng = self._noise, self._rng
        factor = self._factor * np.exp(rng.normal(0.0, noise.epoch))
        if rng.random() < noise.outlier:
            factor *= rng.uniform(1.2, 3.0)
        if noise.wandering:
            step = noise.wandering * np.sqrt(1.0 - 0.9**2)
            self._wandering = 0.9 * self._wandering + rng.normal(0.0, step)
            factor *= np.exp(self._wandering)
        took_s = float(seconds * factor) * (1.0 + noise.drift * self.now / self._run_s)
        waited_s = 0.0
        if self._is_hit and self._is_busy():
            took_s *= 1.03
            waited_s = took_s * rng.exponential(0.5)
        self.waited_s += waited_s
        self.now += took_s + waited_s

    def _is_busy(self):
        """Return whether the neighbour works; its bursts and pauses have no memory."""
        noise, rng = self._noise, self._rng
        if not noise.busy:
            return False
        burst_s = 0.01 * noise.burst
        while self.now >= self._calm_until:
            self._busy_until = self._calm_until + rng.exponential(burst_s)
            self._calm_until = self._busy_until + rng.exponential(burst_s / noise.busy - burst_s)
        return self.now < self._busy_until


class Working(Classifier):
    """Does nothing but take its time."""

    def __init__(self, machine, epoch_s):
        self._machine, self._epoch_s = machine, epoch_s

    def train_epoch(self, X, y, batches):
        self._machine.work(self._epoch_s)
        return np.zeros(len(batches))

    def train_step(self, X, y):
        raise NotImplementedError

    gradients = logits = train_step

    def parameters(self):
        return []


def simulate(epoch_s, noise, seed, n_rounds=5, *, n_epochs=10, is_serial=False):
    """Return the cells of a run of engines, given as name → seconds an epoch.

    `is_serial` lets each engine make all its rounds before the next begins.
    """
    engines = tuple(map(Contestant, epoch_s))
    order = [(c.name, r) for r in range(n_rounds) for c in rotated(engines, r)]
    if is_serial:
        order.sort(key=lambda place: engines.index(Contestant(place[0])))
    machine = Machine(noise, seed, run_s=n_rounds * n_epochs * sum(epoch_s.values()))
    return [cell_on(machine, name, round, epoch_s[name], n_epochs) for name, round in order]


def simulate_until(precision, epoch_s, noise, seed, *, n_epochs=10, drift_rounds=20):
    """Return the cells of a run that ends by its precision; the machine drifts on meanwhile."""
    plan = Plan(title="t", engines=tuple(map(Contestant, epoch_s)), precision=precision)
    machine = Machine(noise, seed, run_s=drift_rounds * n_epochs * sum(epoch_s.values()))
    cells = []
    round = 0
    while members := participants(plan, cells, round):
        for c in rotated(members, round):
            cells.append(cell_on(machine, c.name, round, epoch_s[c.name], n_epochs))
        round += 1
    return cells


def cell_on(machine, name, round, epoch_s, n_epochs):
    """Return the cell of one engine in one round on a machine."""
    clock = Clock(wall=lambda: machine.now, cpu=lambda: machine.now - machine.waited_s)
    X, y = np.zeros((4, 1)), np.zeros(4, int)
    machine.start_process(name)
    schedule = Schedule(n_epochs, batch_size=4, seed=0, round=round)
    timed = train(Working(machine, epoch_s), X, y, schedule, Instruments(clock))
    epochs = [
        Epoch(t.wall_s, t.cpu_s, 0.0, t.losses.tolist(), 0.5, 0.5, waited_s=t.wall_s - t.cpu_s)
        for t in timed
    ]
    return Cell(name, round, "ok", n_epochs, epochs=epochs)


def rounds_of(cells, name):
    return round_seconds(cell for cell in cells if cell.engine == name)


def pairs(slowdown, noise, n_runs, n_rounds) -> Iterator[Estimate]:
    """Yield the estimate of b against a in each of so many simulated runs."""
    for seed in range(n_runs):
        cells = simulate({"a": 0.01, "b": 0.01 * slowdown}, noise, seed, n_rounds)
        yield paired(rounds_of(cells, "a"), rounds_of(cells, "b"))


def until(slowdown, noise, n_runs, precision) -> Iterator[Estimate]:
    """Yield the estimate of b against a in each of so many runs that end by their precision."""
    for seed in range(n_runs):
        cells = simulate_until(precision, {"a": 0.01, "b": 0.01 * slowdown}, noise, seed)
        yield paired(rounds_of(cells, "a"), rounds_of(cells, "b"))


def two_runs(slowdown, noise, n_runs, n_rounds) -> Iterator[Estimate]:
    """Yield the estimate of a run against another of the same engine, each of them simulated."""
    for seed in range(n_runs):
        old = rounds_of(simulate({"a": 0.01}, noise, 2 * seed, n_rounds), "a")
        new = rounds_of(simulate({"a": 0.01 * slowdown}, noise, 2 * seed + 1, n_rounds), "a")
        yield unpaired(list(old.values()), list(new.values()))


def _row(draw, effect, noise, ending):
    """Return what so many runs come to, as the cells of a table.

    They end after so many rounds, or by a precision.
    """
    same = list(draw(1.0, noise, 1000, ending))
    none = np.mean([verdict(e, effect) == "no difference" for e in same])
    held = np.mean([e.low <= 1.0 <= e.high for e in same])
    seen = [
        np.mean([verdict(e, effect) == "slower" for e in draw(slowdown, noise, 1000, ending)])
        for slowdown in (1.05, 1.1)
    ]
    wide = np.median([e.high - e.low for e in same])
    shares = " | ".join(f"{100 * x:.1f} %" for x in (none, held, *seen, wide))
    n_rounds = np.percentile([e.n_rounds for e in same], [50, 5, 95])
    rounds = "{:.0f} ({:.0f} to {:.0f})".format(*n_rounds) if ending < 1 else str(ending)
    return f"{rounds} | {shares}"


MODELS = {
    "quiet": Noise(),
    "sessions differ by 5 %": Noise(session=0.05),
    "speed wanders by 5 % within a cell": Noise(wandering=0.05),
    "bursts, a third of the time": Noise(busy=0.33),
    "bursts, two thirds of the time": Noise(busy=0.67),
    "bursts longer than a cell, a third": Noise(busy=0.33, burst=200.0),
    "a neighbour hits one engine, half of the time": Noise(busy=0.5, victim="a"),
}


def ratios_to_fastest(cells):
    """Return the ratio of each engine to the fastest, as a report has it."""
    return against_fastest(ranked_rounds(cells), disturbed_by_engine(cells))[1]


def plain_ratios(cells):
    """Return the same by every steady epoch, with an interval for each pair on its own."""
    rounds = {}
    for cell in cells:
        walls = [epoch.seconds for epoch in cell.epochs[1:]]
        rounds.setdefault(cell.engine, {})[cell.round] = float(np.median(walls))
    fastest, ratios = against_fastest(rounds)
    return {name: paired(rounds[fastest], rounds[name]) for name in ratios}


def _row_of_many(noise, n_engines, n_runs=100, n_epochs=30):
    """Return what 100 runs of so many engines come to, as the cells of a table.

    First all are equal, then the last is 5 % slower than the others.
    """
    names = "abcdefghij"[:n_engines]
    equal = dict.fromkeys(names, 0.01)
    false, plain_false, refused, held, wide = [], [], [], [], []
    found, plain_found = [], []
    claims = {"slower", "faster"}
    for seed in range(n_runs):
        cells = simulate(equal, noise, seed, n_epochs=n_epochs)
        ratios = ratios_to_fastest(cells)
        verdicts = [verdict(e, PAIRED_EFFECT) for e in ratios.values()]
        plain = [verdict(e, PAIRED_EFFECT) for e in plain_ratios(cells).values()]
        false.append(bool(claims & set(verdicts)))
        plain_false.append(bool(claims & set(plain)))
        refused.append("too disturbed" in verdicts)
        held.append(all(e.low <= 1.0 <= e.high for e in ratios.values()))
        wide += [e.high - e.low for e in ratios.values()]
        cells = simulate(equal | {names[-1]: 0.0105}, noise, seed, n_epochs=n_epochs)
        for draw, told in ((ratios_to_fastest, found), (plain_ratios, plain_found)):
            last = draw(cells).get(names[-1])
            told.append(last is not None and verdict(last, PAIRED_EFFECT) == "slower")
    shares = (plain_false, false, held, refused, plain_found, found)
    means = " | ".join(f"{100 * np.mean(each):.0f} %" for each in shares)
    return f"{means} | {100 * np.median(wide):.1f} %"


def neighbours():
    for name, noise in MODELS.items():
        for n_engines in (2, 5, 10):
            row = _row_of_many(noise, n_engines)
            sys.stdout.write(f"| {name} | {n_engines} | {row} |\n")
            sys.stdout.flush()


def main():
    if sys.argv[1:] == ["neighbours"]:
        neighbours()
        return
    for name, draw, effect, noise in (
        ("in one run", pairs, PAIRED_EFFECT, Noise()),
        ("in one run, drift 20 %", pairs, PAIRED_EFFECT, Noise(drift=0.2)),
        ("two runs", two_runs, UNPAIRED_EFFECT, Noise()),
        ("two runs, 1 % between them", two_runs, UNPAIRED_EFFECT, Noise(session=0.01)),
        ("two runs, 3 % between them", two_runs, UNPAIRED_EFFECT, Noise(session=0.03)),
    ):
        for n_rounds in (5, 10, 20):
            sys.stdout.write(f"| {name} | {_row(draw, effect, noise, n_rounds)} |\n")
    for precision in (0.05, 0.02):
        for drift in (0.0, 0.2):
            name = f"`--precision {precision:.0%}`" + (", drift 20 %" if drift else "")
            row = _row(until, PAIRED_EFFECT, Noise(drift=drift), precision)
            sys.stdout.write(f"| {name} | {row} |\n")


if __name__ == "__main__":
    main()
