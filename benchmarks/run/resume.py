"""May a run begin in a folder, or go on there? Nothing measured is ever lost or mixed up.

The lines of a journal are read in `journal`; `runner` runs what is missing.
"""

from __future__ import annotations

import contextlib
import shlex
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from benchgrad.benchmarks import manifest
from benchgrad.benchmarks.analysis.differences import differences
from benchgrad.benchmarks.analysis.rounds import number_of_cells
from benchgrad.benchmarks.files import sync_folder
from benchgrad.benchmarks.plan import Plan
from benchgrad.benchmarks.records import RESULTS
from benchgrad.benchmarks.run import environment, fingerprint
from benchgrad.benchmarks.run.journal import JOURNAL, JournalError, Reading, read
from benchgrad.benchmarks.run.lock import writing_alone
from benchgrad.datasets import Dataset


@contextlib.contextmanager
def claimed(folder: Path, report: Collection[str] = ()) -> Iterator[None]:
    """Keep other runs out of a folder, and remove what a killed run left half-written.

    `report` names the files that the run's report may have.

    Raises:
        LockError: another process writes there.
        ForeignError: the folder, or a file that the run would replace, is not benchgrad's.
    """
    with writing_alone(folder):
        manifest.refuse_foreign_folder(folder)
        manifest.refuse_foreign_files(folder, [JOURNAL, RESULTS, *report])
        sync_folder(folder)
        sync_folder(folder.parent)
        for leftover in manifest.leftovers(folder, report):
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)
        yield


def refuse_to_lose(folder: Path) -> None:
    """Raise JournalError if a new run in `folder` would replace an unfinished one."""
    advice = "name another folder with --out, or replace it with --overwrite"
    try:
        found = read(folder)
    except JournalError as error:
        raise JournalError(f"{error}; {advice}") from error
    if found and found.cells and not found.ended:
        go_on = f"benchgrad run --resume {shlex.quote(str(folder))}"
        raise JournalError(
            f"{str(folder)!r} holds an unfinished run with {len(found.cells)} of "
            f"{number_of_cells(found.header.plan)} cells: go on with {go_on}, {advice}"
        )


def unfinished(folder: Path) -> Reading:
    """Return what the journal in `folder` holds.

    Raises:
        JournalError: there is none, or it cannot be read or trusted.
    """
    advice = "start the run anew with --out"
    try:
        found = read(folder)
    except JournalError as error:
        raise JournalError(f"{error}; {advice} and --overwrite") from error
    if found is None:
        raise JournalError(f"{folder / JOURNAL} does not exist, so no run can go on; {advice}")
    return found


def check_options(reading: Reading, asked: Plan) -> None:
    """Raise JournalError if the options of a resumed run ask for another plan than its own."""
    if differing := _differing(reading.header.plan, asked):
        raise JournalError(
            f"--resume takes the plan from the journal, where {differing}; leave the option out"
        )


def check_surroundings(folder: Path, reading: Reading, dataset: Dataset) -> None:
    """Raise JournalError if anything that a run's figures depend on has changed since it began."""
    here = fingerprint.take(reading.header.plan, dataset, environment.observe())
    if departure := fingerprint.departure(reading.header.fingerprint, here):
        raise JournalError(
            f"the run in {str(folder)!r} cannot go on, {departure}; "
            "start it anew with --out and --overwrite"
        )
    if "numpy" not in reading.header.environment.libraries:
        raise JournalError(
            f"{folder / JOURNAL} does not say which NumPy its run had, as every run's does"
        )


def _differing(then: Plan, asked: Plan) -> str:
    """Return the first difference between two plans, with its value in the first.

    With other data a plan drops its description and published figures, so those come last.
    """
    last = ("engines", "description")
    found = sorted(differences(then, asked), key=lambda each: each.name in last)
    if not found:
        return ""
    if found[0].name != "engines":
        return f"{found[0].name} is {found[0].then!r}"
    names = [contestant.name for contestant in then.engines]
    if names != [contestant.name for contestant in asked.engines]:
        return f"engines is {names!r}"
    return next(
        f"{each.name} of {old.name} is {each.then!r}"
        for old, new in zip(then.engines, asked.engines, strict=True)
        for each in differences(old, new)
    )
