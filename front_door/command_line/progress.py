"""What is known of a run while it goes: a row for each engine, and when it will probably end.

Nothing is printed here; `console` shows it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchgrad.benchmarks.analysis.rounds import least_rounds
from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.records import Cell

_OTHER_S = 2.0  # of a cell besides its epochs, until one was seen: imports, evaluation
_BARS = "▁▂▃▄▅▆▇█"


@dataclass
class EngineProgress:
    """One engine: its finished cells, and the cell that is running."""

    contestant: Contestant
    cells: list[Cell] = field(default_factory=list)
    ratio: str = ""
    losses: list[float] = field(default_factory=list)
    running_since_s: float | None = None
    n_done: int = 0
    n_epochs: int = 0

    @property
    def is_running(self) -> bool:
        """Whether its process runs now."""
        return self.running_since_s is not None

    @property
    def epoch_s(self) -> float:
        """The median epoch of its finished cells, nan if there is none."""
        times = [epoch.seconds for cell in self.cells for epoch in cell.epochs]
        return statistics.median(times) if times else math.nan

    @property
    def other_s(self) -> float:
        """What a cell takes besides its epochs."""
        others = [
            cell.whole_s - sum(epoch.seconds for epoch in cell.epochs)
            for cell in self.cells
            if cell.whole_s is not None
        ]
        return statistics.median(others) if others else _OTHER_S

    @property
    def state(self) -> str:
        """What it is doing, in a few words."""
        if self.is_running:
            return f"epoch {self.n_done} of {self.n_epochs}" if self.n_done else "starting"
        if not self.cells:
            return "waiting"
        return next((c.status for c in self.cells if c.status != "ok"), "ok")


@dataclass(frozen=True)
class Left:
    """How long a run will probably take; at least so long if some engine is `unknown`."""

    seconds: float
    unknown: tuple[str, ...] = ()


class RunProgress:
    """All engines of a plan. Times are those of any clock that does not go back."""

    def __init__(self, plan: Plan, finished: Iterable[Cell] = ()) -> None:
        self.plan = plan
        self.engines = {each.name: EngineProgress(each) for each in plan.engines}
        for cell in finished:
            self.engines[cell.engine].cells.append(cell)
        self._running: EngineProgress | None = None
        self._reference_s = 0.0
        self._reference_since_s: float | None = None

    @property
    def n_finished(self) -> int:
        """How many cells have their status."""
        return sum(len(each.cells) for each in self.engines.values())

    def started(self, engine: str, n_epochs: int, now_s: float) -> None:
        """Note that a process began; one that is no engine's is that of the reference."""
        if self._reference_since_s is not None:
            self._reference_s = now_s - self._reference_since_s
        self._reference_since_s = None if engine in self.engines else now_s
        self._running = self.engines.get(engine)
        if each := self._running:
            each.running_since_s, each.n_done, each.n_epochs = now_s, 0, n_epochs
            each.losses = []

    def epochs_done(self, n_done: int) -> None:
        """Note how many epochs of the running cell have ended."""
        if self._running:
            self._running.n_done = n_done

    def heard(self, losses: Sequence[float]) -> None:
        """Note the mean losses of epochs of the running cell."""
        if self._running:
            self._running.losses += losses

    def finished(self, cell: Cell) -> None:
        """Note that a cell has its status."""
        each = self.engines[cell.engine]
        each.running_since_s = None
        each.cells.append(cell)

    def left(self, now_s: float) -> Left:
        """Return how long what is left takes: each cell as long as the engine's last ones.

        A budget ends a cell with the epoch that reaches it, but not before its `least_epochs`. An
        engine that has not finished a cell is judged by the one that is running, or by its budget.
        """
        seconds, unknown = 0.0, []
        for each in self.engines.values():
            running_s = 0.0 if each.running_since_s is None else now_s - each.running_since_s
            cells_s = [
                self._cell_s(each, each.contestant.in_round(round), running_s)
                for round in self._rounds_left(each)
            ]
            if any(map(math.isnan, cells_s)):
                unknown.append(each.contestant.name)
                continue
            if cells_s:
                cells_s[0] = max(0.0, cells_s[0] - running_s)
            seconds += sum(cells_s)
        if self.plan.precision is not None:
            unknown.append("the number of rounds")
        rounds = [round for each in self.engines.values() for round in self._rounds_left(each)]
        return Left(seconds + self._reference_s * len(set(rounds)), tuple(unknown))

    def _rounds_left(self, each: EngineProgress) -> list[int]:
        done = {cell.round for cell in each.cells}
        if any(cell.status in ("timeout", "out_of_memory") for cell in each.cells):
            return []
        rounds = range(least_rounds(self.plan))
        return [r for r in rounds if r not in done and self.plan.takes_part(each.contestant, r)]

    def _cell_s(self, each: EngineProgress, contestant: Contestant, running_s: float) -> float:
        """Return how long a cell of an engine takes, nan if nobody can know yet."""
        epoch_s, budget_s = each.epoch_s, contestant.budget_s
        if math.isnan(epoch_s) and each.n_done:
            epoch_s = running_s / each.n_done
        elif each.cells and not any(cell.epochs for cell in each.cells):
            return each.other_s  # it failed before its first epoch, and will again
        if math.isnan(epoch_s):
            return math.nan if budget_s is None else budget_s + each.other_s
        least_s = epoch_s * contestant.least_epochs
        training_s = epoch_s * self.plan.epochs_of(contestant)
        if budget_s is not None:
            training_s = min(training_s, max(budget_s + epoch_s, least_s))
        return training_s + each.other_s


def sparkline(values: Sequence[float], width: int) -> str:
    """Return positive values as bars on a logarithmic scale, at most `width` of them."""
    known = [math.log(value) for value in values if 0.0 < value < math.inf]
    if not known:
        return ""
    every = max(1, math.ceil(len(known) / width))
    shown = known[::-every][::-1]  # the last one is always among them
    low, high = min(shown), max(shown)
    steps = (len(_BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(_BARS[round((value - low) * steps)] for value in shown)
