"""Whether a run may begin in a folder, or go on there: nothing measured is lost, nor mixed.

What a journal's lines look like is the matter of `journal`, what a run does that of `runner`.
"""

from __future__ import annotations

import contextlib
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchgrad.benchmarks.analysis.rounds import number_of_cells
from benchgrad.benchmarks.plan import Plan
from benchgrad.benchmarks.records import PARTIAL, sync_folder
from benchgrad.benchmarks.run import fingerprint
from benchgrad.benchmarks.run.journal import JOURNAL, SCRATCH, JournalError, Reading, read
from benchgrad.benchmarks.run.lock import writing_alone
from benchgrad.datasets import Dataset


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder, and clear away what one that died left half-done.

    Raises:
        LockError: another process writes there.
    """
    with writing_alone(folder):
        sync_folder(folder)
        sync_folder(folder.parent)
        for scratch in folder.glob(f"{SCRATCH}*"):
            shutil.rmtree(scratch, ignore_errors=True)
        for partial in (*folder.glob(f".*{PARTIAL}"), *folder.glob(f"*/.*{PARTIAL}")):
            partial.unlink(missing_ok=True)
        yield


def refuse_to_lose(folder: Path) -> None:
    """Raise JournalError if a new run in `folder` would replace cells of one that may go on."""
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
        raise JournalError(f"{folder / JOURNAL} is not there, so no run can go on; {advice}")
    return found


def check_options(reading: Reading, asked: Plan) -> None:
    """Raise JournalError if the options of a resumed run ask for another plan than its own."""
    if differing := _differing(reading.header.plan, asked):
        raise JournalError(
            f"--resume takes the plan from the journal, where {differing}; leave the option out"
        )


def check_surroundings(folder: Path, reading: Reading, dataset: Dataset) -> None:
    """Raise JournalError if a run that goes on would measure on another base than it began on."""
    here = fingerprint.take(reading.header.plan, dataset)
    if differing := fingerprint.departure(reading.header.fingerprint, here):
        raise JournalError(
            f"the run in {str(folder)!r} cannot go on, {differing}; "
            "start it anew with --out and --overwrite"
        )


def _differing(then: Plan, asked: Plan) -> str:
    """Return the first field in which two plans differ, with its value in the first.

    Other data make other engines: without published figures. So those come last.
    """
    old, new = msgspec.to_builtins(then), msgspec.to_builtins(asked)
    last = ("engines", "description")
    for name in (*(name for name in old if name not in last), *last):
        value = old[name]
        if value == new[name]:
            continue
        if name == "engines" and [e["name"] for e in value] == [e["name"] for e in new[name]]:
            return _differing_engine(value, new[name])
        if isinstance(value, dict):
            key = next(key for key in value if value[key] != new[name][key])
            return f"{name}.{key} is {value[key]!r}"
        told = [e["name"] for e in value] if name == "engines" else value
        return f"{name} is {told!r}"
    return ""


def _differing_engine(then: list[dict[str, object]], asked: list[dict[str, object]]) -> str:
    for old, new in zip(then, asked, strict=True):
        for key, value in old.items():
            if value != new[key]:
                return f"{key} of {old['name']} is {value!r}"
    return ""
