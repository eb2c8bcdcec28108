"""Runs a plan round by round, leaving out the cells that its journal already holds.

How a cell is measured and judged is decided in `benchmarks.cell`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from benchgrad.benchmarks.cell.description import describe
from benchgrad.benchmarks.cell.instructions import NOT_INSTALLED, InstructionCounter
from benchgrad.benchmarks.cell.listener import Listener, StoppedError
from benchgrad.benchmarks.cell.measure import CellMeasurer, layers
from benchgrad.benchmarks.cell.supplies import Supplies, end_leftovers
from benchgrad.benchmarks.plan import Plan
from benchgrad.benchmarks.records import (
    SCHEMA_VERSION,
    Cell,
    Instructions,
    Results,
)
from benchgrad.benchmarks.run import environment, fingerprint
from benchgrad.benchmarks.run.entries import JOURNAL_VERSION, Header, hash_of
from benchgrad.benchmarks.run.journal import Journal, now
from benchgrad.benchmarks.run.redrawn import draw
from benchgrad.benchmarks.run.rounds import Running, all_rounds
from benchgrad.benchmarks.run.sources import source_of
from benchgrad.benchmarks.run.watch import Watch
from benchgrad.datasets import Dataset, Table
from benchgrad.engines import MLP, check_names


def prepare(plan: Plan, rows: Table | None = None) -> Dataset:
    """Check that a plan's engines and its processor exist, and return its data set.

    `rows` are the data, if somebody gave them in memory.

    Raises:
        EngineError, DatasetError: an engine or the data set does not exist, or is unusable.
        PlanError: this process may not use the plan's processor.
    """
    environment.check_cpu(plan.cpu)
    check_names([plan.reference, *(contestant.spec for contestant in plan.engines)])
    return draw(plan, rows)


def header(
    plan: Plan,
    command: str,
    dataset: Dataset,
    asked_for: bool = False,
    sources: Mapping[str, str] | None = None,
) -> Header:
    """Return the header of a run that begins now, with the machine and all it depends on.

    `sources` are those of engines whose files do not tell.
    """
    here = environment.observe()
    return Header(
        version=JOURNAL_VERSION,
        started_at=now(),
        command=command,
        asked_for=asked_for,
        plan=plan,
        environment=environment.with_rates(here, plan),
        fingerprint=fingerprint.take(plan, dataset, here),
        sources=_sources(plan) | dict(sources or {}),
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

    The points of a sweep are run in `sweep`.
    """
    begun = journal.header
    plan = begun.plan
    end_leftovers(journal.folder)
    with Supplies(journal.folder, dataset, plan.training.dtype) as supplies:
        rate = begun.environment.matmul_flops_per_s
        measurer = CellMeasurer(plan, dataset, supplies, listener, rate)
        running = Running(plan, measurer, listener, journal, Watch(plan, journal, report))
        cells, references = all_rounds(running)
        instructions = _instructions(running, journal, cells) if plan.instructions else []
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


def _instructions(running: Running, journal: Journal, cells: list[Cell]) -> list[Instructions]:
    """Count the instructions of the engines that the journal lacks, after the timed cells.

    When the listener asks to stop, the engines that are left are not in the list, and a resumed run
    counts them.
    """
    listener = running.listener
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
