"""Runs a plan round by round, leaving out the cells that its journal already holds.

How a cell is measured and judged is decided in `benchmarks.cell`.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchgrad.benchmarks.analysis.equality import Trajectory
from benchgrad.benchmarks.analysis.rounds import participants, rotated, round_name
from benchgrad.benchmarks.cell.description import describe
from benchgrad.benchmarks.cell.instructions import NOT_INSTALLED, InstructionCounter
from benchgrad.benchmarks.cell.listener import Listener, StoppedError
from benchgrad.benchmarks.cell.measure import INTERRUPTED, CellMeasurer, layers
from benchgrad.benchmarks.cell.supplies import Supplies
from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.records import (
    SCHEMA_VERSION,
    Cell,
    Instructions,
    Reference,
    Results,
    Status,
)
from benchgrad.benchmarks.run import environment, fingerprint
from benchgrad.benchmarks.run.entries import JOURNAL_VERSION, Header, hash_of
from benchgrad.benchmarks.run.journal import Journal, now
from benchgrad.benchmarks.run.redrawn import draw
from benchgrad.benchmarks.run.sources import source_of
from benchgrad.benchmarks.run.watch import Watch, told
from benchgrad.datasets import Dataset
from benchgrad.engines import MLP, check_names

_EXHAUSTED: tuple[Status, ...] = ("timeout", "out_of_memory")  # would recur in later rounds


def prepare(plan: Plan) -> Dataset:
    """Check that a plan's engines and its processor exist, and return its data set.

    Raises:
        EngineError, DatasetError: an engine or the data set does not exist, or is unusable.
        PlanError: this process may not use the plan's processor.
    """
    environment.check_cpu(plan.cpu)
    check_names([plan.reference, *(contestant.spec for contestant in plan.engines)])
    return draw(plan)


def header(plan: Plan, command: str, dataset: Dataset, asked_for: bool = False) -> Header:
    """Return the header of a run that begins now, with the machine and all it depends on."""
    here = environment.observe()
    dtype = plan.training.dtype
    return Header(
        version=JOURNAL_VERSION,
        started_at=now(),
        command=command,
        asked_for=asked_for,
        plan=plan,
        environment=msgspec.structs.replace(
            here,
            matmul_flops_per_s=environment.matmul_flops_per_s(plan.threads, dtype),
            exp_per_s=environment.exp_per_s(dtype),
        ),
        fingerprint=fingerprint.take(plan, dataset, here),
        sources=_sources(plan),
        described=hash_of(describe(dataset)),
    )


def _sources(plan: Plan) -> dict[str, str]:
    found = {contestant.name: source_of(contestant.spec) for contestant in plan.engines}
    return {name: source for name, source in found.items() if source}


def run(
    journal: Journal, dataset: Dataset, listener: Listener, report: Collection[str] = ()
) -> Results:
    """Run and judge every cell that a journal's plan asks for and the journal lacks.

    `report` names the files that a report may have in the folder of the journal.

    A finished cell is in the journal before the listener hears of it. When the listener asks to
    stop, the running cell finishes and those after it are `interrupted`. Cells are `pruned` if the
    reference failed, or if their engine took too much time or memory in an earlier round.
    """
    begun = journal.header
    plan = begun.plan
    with Supplies(journal.folder, dataset) as supplies:
        rate = begun.environment.matmul_flops_per_s
        measurer = CellMeasurer(plan, dataset, supplies, listener, rate)
        running = _Running(plan, measurer, listener, journal, Watch(plan, journal, report))
        cells, references = _all_rounds(running)
        instructions = _instructions(running, cells) if plan.instructions else []
    return Results(
        schema_version=SCHEMA_VERSION,
        started_at=begun.started_at,
        command=begun.command,
        plan=plan,
        environment=begun.environment,
        data=describe(dataset),
        cells=cells,
        row_flops=MLP(layers(plan, dataset)).step_flops(1),
        resumed_at=journal.resumed_at,
        references=references,
        instructions=instructions,
        sources=begun.sources,
    )


def run_in(folder: Path, plan: Plan, command: str, listener: Listener) -> Results:
    """Run a plan from the beginning, with its journal in `folder`."""
    dataset = prepare(plan)
    with Journal.begin(folder, header(plan, command, dataset)) as journal:
        return run(journal, dataset, listener)


@dataclass(frozen=True)
class _Running:
    """What every round of a run needs."""

    plan: Plan
    measurer: CellMeasurer
    listener: Listener
    journal: Journal
    watch: Watch


def _all_rounds(running: _Running) -> tuple[list[Cell], list[Reference]]:
    """Run all rounds; return their cells, and the references these were compared with."""
    journal = running.journal
    cells: list[Cell] = []
    references: list[Reference] = []
    for number in itertools.count():
        order = _order(running, cells, number)
        if not order:
            break
        if number in journal.references:
            cells += [journal.cells[contestant.name, number] for contestant in order]
            references += journal.references[number]
        else:
            exhausted = {cell.engine: cell for cell in cells if cell.status in _EXHAUSTED}
            round = _Round(running, number, exhausted)
            round.run(order)
            cells += round.cells
            references += round.references()
    return cells, references


def _instructions(running: _Running, cells: list[Cell]) -> list[Instructions]:
    """Count the instructions of the engines that the journal lacks, after the timed cells.

    When the listener asks to stop, the engines that are left are not in the list, and a resumed run
    counts them.
    """
    listener, journal = running.listener, running.journal
    if any(cell.status == "interrupted" for cell in cells):
        return list(journal.instructions.values())
    counter = InstructionCounter(running.plan, running.measurer, listener)
    if not counter.is_possible:
        listener.counting_impossible(NOT_INSTALLED)
    first = {cell.engine: cell for cell in cells if cell.round == 0}
    found = []
    for contestant in running.plan.engines:
        counted = journal.instructions.get(contestant.name)
        if counted is None:
            if listener.stop_requested():
                continue
            listener.counting_started(contestant.name)
            try:
                counted = counter.count(contestant, first[contestant.name])
            except StoppedError:
                continue
            if changes := running.watch.changes(contestant.name):
                counted = Instructions(contestant.name, None, changes)
            journal.keep_instructions(counted)
            listener.counting_finished(counted)
        found.append(counted)
    return found


def _order(running: _Running, before: list[Cell], number: int) -> tuple[Contestant, ...]:
    """Return who runs in a round and in which order; nobody if the run is complete.

    Whatever the journal has of a round stays, even if a damaged cell was measured again since and
    others would take part by its new figures.
    """
    plan, journal = running.plan, running.journal
    names = {engine for engine, round in journal.cells if round == number}
    if number not in journal.references:
        names |= {contestant.name for contestant in participants(plan, before, number)}
    members = tuple(each.in_round(number) for each in plan.engines if each.name in names)
    return rotated(members, number) if members else ()


class _Round:
    """One round: its cells, and what the reference did for each batch size that they use."""

    def __init__(self, running: _Running, number: int, exhausted: dict[str, Cell]) -> None:
        self.cells: list[Cell] = []
        self._running = running
        self._number = number
        self._exhausted = exhausted  # by engine, the cell that took too much
        self._trained: dict[int, Trajectory | str] = {}

    def run(self, order: tuple[Contestant, ...]) -> None:
        """Run the cells that the journal lacks, and judge the others again."""
        listener, journal = self._running.listener, self._running.journal
        for contestant in order:
            kept = journal.cells.get((contestant.name, self._number))
            if kept:
                self.cells.append(self._judged_again(kept, contestant))
                continue
            cell = self._new(contestant)
            self.cells.append(cell)
            if cell.status != "interrupted":
                journal.keep(cell)
            listener.cell_finished(cell)
        if all(cell.status != "interrupted" for cell in self.cells):
            names = [contestant.name for contestant in order]
            journal.keep_references(self._number, names, self.references())

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
