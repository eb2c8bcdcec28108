"""Runs a plan: engines in rotated order, round by round, but for what a journal has already.

How a cell is measured and judged is the matter of the bench.
"""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

from benchgrad import datasets
from benchgrad.benchmarks.analysis.equality import Trajectory
from benchgrad.benchmarks.analysis.rounds import participants, rotated
from benchgrad.benchmarks.cell.description import describe
from benchgrad.benchmarks.cell.listener import Listener, StoppedError
from benchgrad.benchmarks.cell.measure import INTERRUPTED, CellMeasurer, layers
from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.benchmarks.records import SCHEMA_VERSION, Cell, Reference, Results, Status
from benchgrad.benchmarks.run import environment, fingerprint
from benchgrad.benchmarks.run.journal import JOURNAL_VERSION, SCRATCH, Header, Journal, now
from benchgrad.datasets import Dataset
from benchgrad.engines import MLP, check_names

_SETTLES: tuple[Status, ...] = ("timeout", "out_of_memory")  # also what later rounds would show


def prepare(plan: Plan) -> Dataset:
    """Return the data set of a plan, after looking whether its engines are there.

    Raises:
        EngineError, DatasetError: an engine or the data set is not there, or cannot be used.
    """
    check_names([plan.reference, *(contestant.spec for contestant in plan.engines)])
    data = plan.data
    recipe = datasets.Recipe(
        data.n_samples, data.noise, data.test_fraction, data.label, plan.training.seed
    )
    return datasets.make(data.name, recipe)


def header(plan: Plan, command: str, dataset: Dataset, asked_for: bool = False) -> Header:
    """Return what a run is that begins now: its plan, the machine, and what it depends on."""
    return Header(
        version=JOURNAL_VERSION,
        started_at=now(),
        command=command,
        asked_for=asked_for,
        plan=plan,
        environment=environment.observe(plan.threads, plan.training.dtype),
        fingerprint=fingerprint.take(plan, dataset),
    )


def run(
    plan: Plan, command: str, dataset: Dataset, listener: Listener, journal: Journal | None = None
) -> Results:
    """Run all cells of a plan on its data set that a journal does not have, and judge each.

    When the listener asks for the end, the cell that is running is finished, and what would
    have followed becomes `interrupted`. What cannot be judged, because the reference failed,
    or would fail again, because it took too much in a round before, is `pruned`. Every other
    cell is in the journal before the listener hears that it is finished.
    """
    begun = journal.header if journal else header(plan, command, dataset)
    folder = journal.folder if journal else None
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=folder) as own:
        done = _Run(plan, CellMeasurer(plan, dataset, Path(own), listener), listener, journal)
        done.run()
    return Results(
        schema_version=SCHEMA_VERSION,
        started_at=begun.started_at,
        command=begun.command,
        plan=plan,
        environment=begun.environment,
        data=describe(dataset),
        cells=done.cells,
        row_flops=MLP(layers(plan, dataset)).step_flops(1),
        resumed_at=journal.resumed_at if journal else [],
        references=done.references,
    )


class _Run:
    """One run of one plan: its cells, and the references that they were held to, so far."""

    def __init__(
        self, plan: Plan, bench: CellMeasurer, listener: Listener, journal: Journal | None
    ) -> None:
        self.cells: list[Cell] = []
        self.references: list[Reference] = []
        self._plan = plan
        self._bench = bench
        self._listener = listener
        self._journal = journal
        self._settled: dict[str, Cell] = {}  # of engines that took too much

    def run(self) -> None:
        """Run all rounds, but for those that the journal has as a whole."""
        for round in itertools.count():
            order = self._order(round)
            if not order:
                break
            if self._journal and round in self._journal.references:
                cells = [self._journal.cells[contestant.name, round] for contestant in order]
                references = self._journal.references[round]
            else:
                cells, references = self._round(order, round)
            self.cells += cells
            self.references += references
            self._settled |= {cell.engine: cell for cell in cells if cell.status in _SETTLES}

    def _order(self, round: int) -> tuple[Contestant, ...]:
        """Return who runs in a round, one after the other; nobody if the run is at its end.

        A round that the journal has as a whole stays as it is, and so does every cell that it has
        of another: where a damaged line was measured again since, others might run by its figures.
        """
        names = {c.name for c in self._plan.engines if self._kept(c, round)}
        if not (self._journal and round in self._journal.references):
            names |= {c.name for c in participants(self._plan, self.cells, round)}
        members = tuple(c for c in self._plan.engines if c.name in names)
        return rotated(members, round) if members else ()

    def _kept(self, contestant: Contestant, round: int) -> Cell | None:
        return self._journal.cells.get((contestant.name, round)) if self._journal else None

    def _round(
        self, order: tuple[Contestant, ...], round: int
    ) -> tuple[list[Cell], list[Reference]]:
        """Run a round; return its cells, and what the reference did where it was trained."""
        trained: dict[int, Trajectory | str] = {}
        cells = []
        for contestant in order:
            kept = self._kept(contestant, round)
            if kept:
                cells.append(self._judged_again(kept, contestant, trained))
                continue
            cells.append(self._new(contestant, round, trained))
            if self._journal and cells[-1].status != "interrupted":
                self._journal.keep(cells[-1])
            self._listener.cell_finished(cells[-1])
        references = [
            reference.stored(round, batch_size, self._ends(cells, batch_size))
            for batch_size, reference in trained.items()
            if isinstance(reference, Trajectory)
        ]
        if self._journal and all(cell.status != "interrupted" for cell in cells):
            self._journal.keep_references(round, [c.name for c in order], references)
        return cells, references

    def _new(
        self, contestant: Contestant, round: int, trained: dict[int, Trajectory | str]
    ) -> Cell:
        """Run a cell that the journal does not have."""
        if settled := self._settled.get(contestant.name):
            what = f"{settled.status}: {settled.reason}"
            reason = f"not started: in round {settled.round + 1} it ended with {what}"
            return self._bench.not_started(contestant, round, "pruned", reason)
        try:
            reference = self._reference(contestant, round, trained)
        except StoppedError:
            return self._bench.not_started(contestant, round, "interrupted", INTERRUPTED)
        if isinstance(reference, str):
            return self._bench.not_started(contestant, round, "pruned", reference)
        return self._bench.measure(contestant, round, reference)

    def _judged_again(
        self, cell: Cell, contestant: Contestant, trained: dict[int, Trajectory | str]
    ) -> Cell:
        """Hold a cell of an unfinished round to the reference that the others are held to.

        Without it nothing shows that the cell did the same work, so this report does not have it;
        the journal does.
        """
        if cell.equality is None:
            return cell
        try:
            reference = self._reference(contestant, cell.round, trained)
        except StoppedError:
            reference = f"{INTERRUPTED} before its reference was trained again"
        if isinstance(reference, str):
            return self._bench.not_started(contestant, cell.round, "interrupted", reference)
        return self._bench.judged(cell, reference, cell.equality.logit_difference)

    def _reference(
        self, contestant: Contestant, round: int, trained: dict[int, Trajectory | str]
    ) -> Trajectory | str:
        """Return what the reference did with an engine's batches, or why it did nothing."""
        if self._listener.stop_requested():
            raise StoppedError
        batch_size = self._plan.batch_size_of(contestant)
        if batch_size not in trained:
            trained[batch_size] = self._bench.reference(round, batch_size)
        return trained[batch_size]

    def _ends(self, cells: list[Cell], batch_size: int) -> set[int]:
        """Return after how many epochs cells with these batches were held to the reference."""
        sizes = {c.name: self._plan.batch_size_of(c) for c in self._plan.engines}
        judged = [cell for cell in cells if cell.equality]
        return {len(cell.epochs) for cell in judged if sizes[cell.engine] == batch_size}
