"""Holds records to the journal of their run: whatever the two differ in is named in one line.

What records say by themselves is recomputed in `verify`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchgrad.benchmarks.analysis.differences import differences
from benchgrad.benchmarks.analysis.rounds import round_name
from benchgrad.benchmarks.files import read_regular, sha256
from benchgrad.benchmarks.manifest import MANIFEST
from benchgrad.benchmarks.records import RESULTS, Results, uncounted
from benchgrad.benchmarks.run import journal
from benchgrad.benchmarks.run.entries import hash_of
from benchgrad.benchmarks.run.misfits import place


def journal_problems(folder: Path, results: Results) -> Iterator[str]:
    """Yield the lines of the journal that cannot be trusted, and where it and the records differ.

    Interrupted cells are not in a journal, but for those whose reference was not trained again.
    """
    try:
        reading = journal.read(folder)
    except journal.JournalError as error:
        yield str(error)
        return
    if reading is None:
        return
    yield from (f"{journal.JOURNAL}: {damage}" for damage in reading.damage)
    yield from _another_run(reading, results)
    yield from _other_instructions(reading, results)
    yield from _other_cells(reading, results)
    yield from _other_references(reading, results)
    yield from _other_points(reading, results)


def _another_run(reading: journal.Reading, results: Results) -> Iterator[str]:
    """Yield where the first line of the journal describes another run than the records."""
    header = reading.header
    for each in differences(results.plan, header.plan):
        yield f"plan: {each.name} is {each.then!r}, in {journal.JOURNAL} {each.now!r}"
    for each in differences(results.environment, header.environment):
        yield f"environment: {each.name} is {each.then!r}, in {journal.JOURNAL} {each.now!r}"
    if results.sources != header.sources:
        yield f"sources are {results.sources}, in {journal.JOURNAL} {header.sources}"
    for name, here, there in (
        ("started_at", results.started_at, header.started_at),
        ("command", results.command, header.command),
        ("sources", results.sources, header.sources),
        ("resumed_at", results.resumed_at, reading.resumed_at),
    ):
        if here != there:
            yield f"{name} is {here}, in {journal.JOURNAL} {there}"
    if header.described and header.described != hash_of(results.data):
        yield f"data: they are not those of {journal.JOURNAL}"


def _other_cells(reading: journal.Reading, results: Results) -> Iterator[str]:
    cells = {(cell.engine, cell.round): cell for cell in results.cells}
    for name, round in sorted(reading.cells.keys() - cells.keys()):
        yield f"{name}, {round_name(round)}: it is in {journal.JOURNAL} only"
    for key, cell in cells.items():
        kept = reading.cells.get(key)
        if cell.status == "interrupted":
            continue
        if kept is None:
            yield f"{place(cell)}: it is not in {journal.JOURNAL}"
        elif msgspec.json.encode(kept) != msgspec.json.encode(cell):
            yield f"{place(cell)}: it is not the one of {journal.JOURNAL}"


def _other_references(reading: journal.Reading, results: Results) -> Iterator[str]:
    """Yield the complete rounds whose references are others in the records."""
    for round, kept in reading.references.items():
        found = [each for each in results.references if each.round == round]
        if msgspec.json.encode(found) != msgspec.json.encode(kept):
            yield f"the references of {round_name(round)} are not those of {journal.JOURNAL}"


def _other_points(reading: journal.Reading, results: Results) -> Iterator[str]:
    """Yield the points of a sweep, and the hosts, that are others in the records."""
    points = {point.at: point for point in results.points}
    for at in dict.fromkeys([*reading.points, *points]):
        if at not in points:
            yield f"the point {at}: it is in {journal.JOURNAL} only"
        elif at not in reading.points:
            yield f"the point {at}: it is not in {journal.JOURNAL}"
        elif msgspec.json.encode(points[at]) != msgspec.json.encode(reading.points[at]):
            yield f"the point {at}: it is not the one of {journal.JOURNAL}"
    if msgspec.json.encode(results.hosts, order="sorted") != msgspec.json.encode(
        reading.hosts, order="sorted"
    ):
        yield f"hosts: they are not those of {journal.JOURNAL}"


def end_problems(folder: Path, results: Results) -> Iterator[str]:
    """Yield where the journal of a folder ends otherwise than its records say the run did."""
    try:
        reading = journal.read(folder)
    except journal.JournalError:
        return  # which is a problem of the journal
    if reading is None:
        return
    interrupted = any(cell.status == "interrupted" for cell in results.cells)
    interrupted |= not {point.at for point in results.points} >= set(results.plan.points())
    if reading.ended and interrupted:
        yield f"cells are interrupted, and by {journal.JOURNAL} the run came to its end"
    if not reading.ended and not interrupted and not uncounted(results):
        yield f"{journal.JOURNAL} has no line for the end of the run, and no cell is missing"
    if reading.records and reading.records != sha256(read_regular(folder / RESULTS)):
        yield f"{RESULTS} is not the file that was there at the end of the run"
    if reading.header.described and not (folder / MANIFEST).exists():
        yield f"there is no {MANIFEST}"


def _other_instructions(reading: journal.Reading, results: Results) -> Iterator[str]:
    """Yield where the journal has other counts than the records, or some are missing at its end."""
    counted = {each.engine: each for each in results.instructions}
    for each in differences(reading.instructions, counted):
        yield f"instructions of {each.name} are {each.now}, in {journal.JOURNAL} {each.then}"
    if reading.ended:
        yield from (f"{name}: its instructions are missing" for name in uncounted(results))
