"""What `benchgrad run` and its namesake in Python do between their options and their results.

`benchmarks.run` decides whether a run may begin, and runs it; the reports render it.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from benchgrad.benchmarks.analysis.rounds import number_of_cells
from benchgrad.benchmarks.plan import Contestant, Plan, load_plan
from benchgrad.benchmarks.records import FAILURES, Cell, Results, uncounted, write_results
from benchgrad.benchmarks.run import lock, resume, runner, sweep
from benchgrad.benchmarks.run.journal import SCRATCH, Journal
from benchgrad.command_line.console import RunConsole, RunView, printer
from benchgrad.command_line.exit_codes import ENGINE_FAILED, INTERRUPTED, OK
from benchgrad.command_line.folders import writable, writing
from benchgrad.command_line.options import RunOptions, UsageError
from benchgrad.command_line.versions import version_of
from benchgrad.datasets import Dataset, Table
from benchgrad.reports.escaping import visible
from benchgrad.reports.file_names import report_files

# How long each cell of `compare --run` trains, whichever comes first.
_PAIR_EPOCHS = 100
_PAIR_S = 1.0


@dataclass(frozen=True)
class Wish:
    """What to run: a plan, by its name or path or as it is, and what the user changes in it.

    With `rows`, these are the data. A run that is resumed has its plan already.
    """

    plan: str | Plan | None
    options: RunOptions
    rows: Table | None = None

    def applied(self, begun: Plan | None = None) -> Plan:
        """Return the plan that is asked for; `begun` is that of a run to resume."""
        plan = load_plan(self.plan) if isinstance(self.plan, str) else self.plan or begun
        if plan is None:
            raise UsageError("there is no plan to run")
        return self.options.applied(plan)


@dataclass(frozen=True)
class Terms:
    """How a run takes the machine, and who shows it.

    `command` is what the user typed; `wait` says whether to wait for the lock. `show` is given the
    plan and the cells of it that were finished before the run was resumed. The `executor` of a
    sweep is this process, `here`, or `dask`, on the cluster of a `scheduler`.
    """

    command: str
    lock: Path | None
    wait: bool
    show: Callable[[Plan, Iterable[Cell]], RunView] = RunConsole
    executor: str = "here"
    scheduler: str | None = None

    def timing_alone(self) -> AbstractContextManager[None]:
        """Return a context that no two runs are in at the same time."""
        holder = lock.Holder(os.getpid(), f"{datetime.now():%Y-%m-%d %H:%M:%S}", self.command)
        return lock.timing_alone(self.lock or lock.MACHINE, holder, self.wait, _tell)


@dataclass(frozen=True)
class Finished:
    """A run that has ended, with its page and its exit code; interrupted ones have a page too."""

    results: Results
    page: Path
    code: int


def start(wish: Wish, folder: Path, terms: Terms, overwrite: bool = False) -> Finished:
    """Run a plan from the beginning."""
    chosen = wish.applied()
    prepared = runner.prepare(chosen, wish.rows)
    with resume.claimed(writable(folder), report_files()):
        if not overwrite:
            resume.refuse_to_lose(folder)
        with ExitStack() as timing:
            timing.enter_context(terms.timing_alone())
            asked_for = wish.options.engines is not None
            header = runner.header(chosen, terms.command, prepared, asked_for)
            return _measured(Journal.begin(folder, header), prepared, timing, terms)


def go_on(wish: Wish, folder: Path, terms: Terms) -> Finished:
    """Run what an unfinished run did not get to."""
    resume.unfinished(folder)  # or the folder would be created before it turns out to be empty
    with resume.claimed(writable(folder), report_files()):
        found = resume.unfinished(folder)
        began_with = found.header.plan
        resume.check_options(found, wish.applied(began_with))
        prepared = runner.prepare(began_with, wish.rows)
        resume.check_surroundings(folder, found, prepared)
        for damage in found.damage:
            _tell(f"the journal's {damage}; what it held is measured again")
        _tell(f"resuming: {len(found.cells)} of {number_of_cells(began_with)} cells are finished")
        with ExitStack() as timing:
            timing.enter_context(terms.timing_alone())
            return _measured(Journal.go_on(folder, found), prepared, timing, terms)


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
        versions = {
            name: version_of(text, Path(scratch) / name)
            for name, text in (("old", old), ("new", new))
        }
        engines = [
            Contestant(name, engine=version.spec, epochs=_PAIR_EPOCHS, budget_s=_PAIR_S)
            for name, version in versions.items()
        ]
        plan = shape.unpublished().replace(engines=engines, title=f"{old} against {new}")
        prepared = runner.prepare(plan)
        timing.enter_context(terms.timing_alone())
        sources = {name: version.source for name, version in versions.items() if version.source}
        header = runner.header(plan, terms.command, prepared, asked_for=True, sources=sources)
        finished = _measured(Journal.begin(folder, header), prepared, timing, terms)
    _tell(f"report: {finished.page}")
    return finished.results, finished.code


def _measured(journal: Journal, prepared: Dataset, timing: ExitStack, terms: Terms) -> Finished:
    """Run what a journal lacks, and write the report; `timing` is closed in between."""
    header, folder = journal.header, journal.folder
    with journal, terms.show(header.plan, journal.cells.values()) as console:
        results = runner.run(journal, prepared, console, report_files())
        if header.plan.axes and not console.stop_requested():
            results = _swept(journal, results, console, terms, timing)
        timing.close()  # a report is not timed, so the next run may begin
        console.writing_report()
        with writing(folder):
            write_results(results, folder)
            page = _report(folder)
        code = _exit_code(results, header.asked_for)
        if code != INTERRUPTED:
            journal.end()
    return Finished(results, page, code)


def _swept(
    journal: Journal, base: Results, console: RunView, terms: Terms, timing: ExitStack
) -> Results:
    """Run the points of a sweep that a journal lacks; return the results with all points.

    A cluster takes the lock of each machine for itself, and may be on this one. If it is lost, the
    run is interrupted.
    """
    if terms.executor == "dask":
        timing.close()
    try:
        with _executor(journal, console, terms) as executor:
            sweep.sweep(journal, base, executor, console)
    except sweep.ClusterError as error:
        console.told(f"{error}; what it finished is in the journal")
    points = sorted(journal.points(), key=lambda point: point.at.order)
    return msgspec.structs.replace(base, points=points, hosts=journal.hosts)


@contextlib.contextmanager
def _executor(journal: Journal, console: RunView, terms: Terms) -> Iterator[sweep.Executor]:
    """Open what measures the points of a run: this process, or a cluster."""
    if terms.executor == "dask":
        from benchgrad.benchmarks.run.cluster import Cluster

        with Cluster(journal.header, console, terms.scheduler, terms.lock) as cluster:
            yield cluster
    else:
        yield sweep.Here(sweep.PointMeasurer.here(journal), console)


def _report(folder: Path) -> Path:
    """Render a report; matplotlib and pandas are imported only now that nothing is timed."""
    from benchgrad.reports.page import write_report

    return write_report(folder)


def summarise(finished: Finished) -> None:
    """Print what a run found, where its report is, and how an interrupted one goes on."""
    from benchgrad.reports.terminal import summary

    for part in summary(finished.results):
        printer().print(part)
    printer().print(f"report: {finished.page}", soft_wrap=True)
    if finished.code == INTERRUPTED:
        folder = shlex.quote(str(finished.page.parent))
        _tell(f"go on with: benchgrad run --resume {folder}")


def _tell(text: str) -> None:
    """Tell the user something about the run itself, as opposed to its results."""
    sys.stderr.write(f"{visible(text)}\n")
    sys.stderr.flush()


def _exit_code(results: Results, asked_for: bool) -> int:
    """Return the exit code of a run; engines that the user named must have run."""
    statuses = {cell.status for cell in results.cells}
    is_whole = not sweep.missing(results.plan, results.points)
    if "interrupted" in statuses or uncounted(results) or not is_whole:
        return INTERRUPTED
    statuses |= {c.status for point in results.points for c in point.cells} - {"pruned"}
    failures = {*FAILURES, "missing", "unsupported"} if asked_for else set(FAILURES)
    return ENGINE_FAILED if statuses & failures else OK
