"""Runs the rounds of one plan on one data set, leaving out the cells that its notes already hold.

How a cell is measured and judged is decided in `benchmarks.cell`; where the notes are kept, by
whoever runs the plan.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from benchgrad.benchmarks.analysis.equality import Trajectory
from benchgrad.benchmarks.analysis.rounds import participants, rotated, round_name
from benchgrad.benchmarks.cell.listener import Listener, StoppedError
from benchgrad.benchmarks.cell.measure import INTERRUPTED, CellMeasurer
from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.records import Cell, Reference, Status
from benchgrad.benchmarks.run.watch import Watch, told

_EXHAUSTED: tuple[Status, ...] = ("timeout", "out_of_memory")  # would recur in later rounds


class Notes(Protocol):
    """What is kept of a plan while it runs: `benchmarks.run.journal.Journal` keeps it on disk."""

    @property
    def cells(self) -> Mapping[tuple[str, int], Cell]:
        """The cells that were finished before, by engine and round."""

    @property
    def references(self) -> Mapping[int, list[Reference]]:
        """What the cells were compared with in the rounds that were complete."""

    def keep(self, cell: Cell) -> None:
        """Keep a finished cell."""

    def keep_references(self, round: int, engines: list[str], references: list[Reference]) -> None:
        """Keep what the cells of a round were compared with."""


@dataclass(frozen=True)
class Memory:
    """Notes that end with the process."""

    cells: dict[tuple[str, int], Cell] = field(default_factory=dict)
    references: dict[int, list[Reference]] = field(default_factory=dict)

    def keep(self, cell: Cell) -> None:
        """Keep nothing: whoever runs the plan has it."""

    def keep_references(self, round: int, engines: list[str], references: list[Reference]) -> None:
        """Keep nothing."""


@dataclass(frozen=True)
class Running:
    """What every round of a plan needs. Engines in `left_out` are not started, with the reason."""

    plan: Plan
    measurer: CellMeasurer
    listener: Listener
    notes: Notes
    watch: Watch
    left_out: Mapping[str, str] = field(default_factory=dict)


def all_rounds(running: Running) -> tuple[list[Cell], list[Reference]]:
    """Run all rounds; return their cells, and the references these were compared with.

    A finished cell is in the notes before the listener hears of it. When the listener asks to stop,
    the running cell finishes and those after it are `interrupted`. Cells are `pruned` if the
    reference failed, or if their engine took too much time or memory in an earlier round.
    """
    notes = running.notes
    cells: list[Cell] = []
    references: list[Reference] = []
    for number in itertools.count():
        order = _order(running, cells, number)
        if not order:
            break
        if number in notes.references:
            cells += [notes.cells[contestant.name, number] for contestant in order]
            references += notes.references[number]
        else:
            exhausted = {cell.engine: cell for cell in cells if cell.status in _EXHAUSTED}
            round = _Round(running, number, exhausted)
            round.run(order)
            cells += round.cells
            references += round.references()
    return cells, references


def _order(running: Running, before: list[Cell], number: int) -> tuple[Contestant, ...]:
    """Return who runs in a round and in which order; nobody if the run is complete.

    Whatever the journal has of a round stays, even if a damaged cell was measured again since and
    others would take part by its new figures.
    """
    plan, notes = running.plan, running.notes
    names = {engine for engine, round in notes.cells if round == number}
    if number not in notes.references:
        names |= {contestant.name for contestant in participants(plan, before, number)}
    members = tuple(each.in_round(number) for each in plan.engines if each.name in names)
    return rotated(members, number) if members else ()


class _Round:
    """One round: its cells, and what the reference did for each batch size that they use."""

    def __init__(self, running: Running, number: int, exhausted: dict[str, Cell]) -> None:
        self.cells: list[Cell] = []
        self._running = running
        self._number = number
        self._exhausted = exhausted  # by engine, the cell that took too much
        self._trained: dict[int, Trajectory | str] = {}

    def run(self, order: tuple[Contestant, ...]) -> None:
        """Run the cells that the journal lacks, and judge the others again."""
        listener, notes = self._running.listener, self._running.notes
        for contestant in order:
            kept = notes.cells.get((contestant.name, self._number))
            if kept:
                self.cells.append(self._judged_again(kept, contestant))
                continue
            cell = self._new(contestant)
            self.cells.append(cell)
            if cell.status != "interrupted":
                notes.keep(cell)
            listener.cell_finished(cell)
        if all(cell.status != "interrupted" for cell in self.cells):
            names = [contestant.name for contestant in order]
            notes.keep_references(self._number, names, self.references())

    def references(self) -> list[Reference]:
        """Return what the reference did, with its parameters wherever a cell ended."""
        return [
            reference.stored(self._number, batch_size, self._ends(batch_size))
            for batch_size, reference in self._trained.items()
            if isinstance(reference, Trajectory)
        ]

    def _new(self, contestant: Contestant) -> Cell:
        """Run a cell that the journal lacks."""
        measurer = self._running.measurer
        if why_not := self._running.left_out.get(contestant.name):
            return measurer.not_started(contestant, self._number, "pruned", why_not)
        if last := self._exhausted.get(contestant.name):
            what = f"in {round_name(last.round)} it ended with {last.status}: {last.reason}"
            return measurer.not_started(contestant, self._number, "pruned", f"not started: {what}")
        try:
            reference = self._reference(contestant)
        except StoppedError:
            return measurer.not_started(contestant, self._number, "interrupted", INTERRUPTED)
        watch = self._running.watch
        if isinstance(reference, str):
            return measurer.not_started(contestant, self._number, "pruned", reference)
        if why_not := watch.why_not(contestant.spec):
            return measurer.not_started(contestant, self._number, "pruned", why_not)
        cell = measurer.measure(contestant, self._number, reference)
        return told(cell, watch.changes(contestant.name))

    def _judged_again(self, cell: Cell, contestant: Contestant) -> Cell:
        """Compare a cell of an unfinished round with the reference that was trained anew.

        Without that reference nothing proves equal work, so the report omits the cell; it stays in
        the journal.
        """
        if cell.equality is None:
            return cell
        try:
            reference = self._reference(contestant)
        except StoppedError:
            reference = f"{INTERRUPTED} before its reference was trained again"
        measurer = self._running.measurer
        if isinstance(reference, str):
            return measurer.not_started(contestant, self._number, "interrupted", reference)
        return measurer.judged(cell, reference, cell.equality.logit_difference)

    def _reference(self, contestant: Contestant) -> Trajectory | str:
        """Return what the reference did with an engine's batches, or why it failed."""
        if self._running.listener.stop_requested():
            raise StoppedError
        batch_size = self._running.plan.batch_size_of(contestant)
        if batch_size not in self._trained:
            self._trained[batch_size] = self._newly_trained(batch_size)
        return self._trained[batch_size]

    def _newly_trained(self, batch_size: int) -> Trajectory | str:
        watch, name = self._running.watch, self._running.plan.reference
        if why_not := watch.why_not(name):
            return why_not
        trained = self._running.measurer.reference(self._number, batch_size)
        changes = watch.changes(f"{name} as the reference")
        return f"not started: the reference engine {name!r}: {changes}" if changes else trained

    def _ends(self, batch_size: int) -> set[int]:
        """Return the numbers of epochs after which cells with these batches were judged."""
        plan = self._running.plan
        sizes = {contestant.name: plan.batch_size_of(contestant) for contestant in plan.engines}
        judged = [cell for cell in self.cells if cell.equality]
        return {len(cell.epochs) for cell in judged if sizes[cell.engine] == batch_size}
