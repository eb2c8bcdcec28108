"""What `benchgrad run` does between its options and its exit code.

`benchmarks.run` decides whether a run may begin, and runs it; the reports render it.
"""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchgrad.benchmarks.analysis.rounds import number_of_cells
from benchgrad.benchmarks.plan import Contestant, Plan, load_plan
from benchgrad.benchmarks.records import FAILURES, Results, uncounted, write_results
from benchgrad.benchmarks.run import lock, resume, runner
from benchgrad.benchmarks.run.journal import SCRATCH, Journal
from benchgrad.command_line.console import RunConsole, printer
from benchgrad.command_line.exit_codes import ENGINE_FAILED, INTERRUPTED, OK
from benchgrad.command_line.folders import writable, writing
from benchgrad.command_line.options import RunOptions
from benchgrad.command_line.versions import spec_of
from benchgrad.datasets import Dataset
from benchgrad.reports.escaping import visible
from benchgrad.reports.file_names import report_files

# How long each cell of `compare --run` trains, whichever comes first.
_PAIR_EPOCHS = 100
_PAIR_S = 1.0


@dataclass(frozen=True)
class Terms:
    """How a run takes the machine: what the user typed, the lock, and whether to wait for it."""

    command: str
    lock: Path | None
    wait: bool

    def timing_alone(self) -> AbstractContextManager[None]:
        """Return a context that no two runs are in at the same time."""
        holder = lock.Holder(os.getpid(), f"{datetime.now():%Y-%m-%d %H:%M:%S}", self.command)
        return lock.timing_alone(self.lock or lock.MACHINE, holder, self.wait, _tell)


def start(plan: str, options: RunOptions, folder: Path, terms: Terms, overwrite: bool) -> int:
    """Run a plan, given by name or path, from the beginning; return the exit code."""
    chosen = options.applied(load_plan(plan))
    prepared = runner.prepare(chosen)
    with resume.claimed(writable(folder), report_files()):
        if not overwrite:
            resume.refuse_to_lose(folder)
        with ExitStack() as timing:
            timing.enter_context(terms.timing_alone())
            asked_for = options.engines is not None
            header = runner.header(chosen, terms.command, prepared, asked_for)
            return _measure(Journal.begin(folder, header), prepared, timing)


def go_on(plan: str | None, options: RunOptions, folder: Path, terms: Terms) -> int:
    """Run what an unfinished run did not get to; return the exit code."""
    resume.unfinished(folder)  # or the folder would be created before it turns out to be empty
    with resume.claimed(writable(folder), report_files()):
        found = resume.unfinished(folder)
        began_with = found.header.plan
        resume.check_options(
            found, options.applied(began_with if plan is None else load_plan(plan))
        )
        prepared = runner.prepare(began_with)
        resume.check_surroundings(folder, found, prepared)
        for damage in found.damage:
            _tell(f"the journal's {damage}; what it held is measured again")
        _tell(f"resuming: {len(found.cells)} of {number_of_cells(began_with)} cells are finished")
        with ExitStack() as timing:
            timing.enter_context(terms.timing_alone())
            return _measure(Journal.go_on(folder, found), prepared, timing)


def side_by_side(
    old: str, new: str, shape: Plan, folder: Path, terms: Terms
) -> tuple[Results, int]:
    """Run two versions of an engine, in turns, as the engines `old` and `new` of one plan.

    `shape` is that plan but for its engines, and for how long they train. Return the results and
    the exit code. An interrupted run cannot go on: what is written of git revisions is gone then.
    """
    with (
        resume.claimed(writable(folder), report_files()),
        tempfile.TemporaryDirectory(prefix=SCRATCH, dir=folder.resolve()) as scratch,
        ExitStack() as timing,
    ):
        engines = [
            Contestant(
                name,
                engine=spec_of(text, Path(scratch) / name),
                epochs=_PAIR_EPOCHS,
                budget_s=_PAIR_S,
            )
            for name, text in (("old", old), ("new", new))
        ]
        plan = shape.unpublished().replace(engines=engines, title=f"{old} against {new}")
        prepared = runner.prepare(plan)
        timing.enter_context(terms.timing_alone())
        header = runner.header(plan, terms.command, prepared, asked_for=True)
        results, page, code = _measured(Journal.begin(folder, header), prepared, timing)
    _tell(f"report: {page}")
    return results, code


def _measure(journal: Journal, prepared: Dataset, timing: ExitStack) -> int:
    """Run what a journal lacks, and write the report; `timing` is closed in between."""
    results, page, code = _measured(journal, prepared, timing)
    _summarise(results, page)
    if code == INTERRUPTED:
        _tell(f"go on with: benchgrad run --resume {shlex.quote(str(journal.folder))}")
    return code


def _measured(journal: Journal, prepared: Dataset, timing: ExitStack) -> tuple[Results, Path, int]:
    """Run what a journal lacks, write the report; return results, the page and the exit code."""
    header, folder = journal.header, journal.folder
    with journal, RunConsole(header.plan, journal.cells.values()) as console:
        results = runner.run(journal, prepared, console, report_files())
        timing.close()  # a report is not timed, so the next run may begin
        console.writing_report()
        with writing(folder):
            write_results(results, folder)
            page = _report(folder)
        code = _exit_code(results, header.asked_for)
        if code != INTERRUPTED:
            journal.end()
    return results, page, code


def _report(folder: Path) -> Path:
    """Render a report; matplotlib and pandas are imported only now that nothing is timed."""
    from benchgrad.reports.page import write_report

    return write_report(folder)


def _summarise(results: Results, page: Path) -> None:
    from benchgrad.reports.terminal import summary

    for part in summary(results):
        printer().print(part)
    printer().print(f"report: {page}", soft_wrap=True)


def _tell(text: str) -> None:
    """Tell the user something about the run itself, as opposed to its results."""
    sys.stderr.write(f"{visible(text)}\n")
    sys.stderr.flush()


def _exit_code(results: Results, asked_for: bool) -> int:
    """Return the exit code of a run; engines that the user named must have run."""
    statuses = {cell.status for cell in results.cells}
    if "interrupted" in statuses or uncounted(results):
        return INTERRUPTED
    failures = {*FAILURES, "missing", "unsupported"} if asked_for else set(FAILURES)
    return ENGINE_FAILED if statuses & failures else OK
