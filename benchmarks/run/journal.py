"""The journal: a checksummed line for each finished cell, on disk before the next one begins.

What the lines say is in `entries`; whether a run may begin or go on is decided in `resume`.
"""

from __future__ import annotations

import contextlib
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from benchgrad.benchmarks import manifest
from benchgrad.benchmarks.files import read_regular, sha256
from benchgrad.benchmarks.plan import Plan
from benchgrad.benchmarks.records import Cell, Instructions, RecordError, Reference
from benchgrad.benchmarks.run.entries import (
    JOURNAL_VERSION,
    Counted,
    DamagedError,
    Ended,
    Entry,
    FinishedCell,
    FinishedRound,
    Header,
    Resumed,
    decode,
    encode,
    subject_of,
)
from benchgrad.benchmarks.run.guarded import GuardedFile

JOURNAL = manifest.JOURNAL
SCRATCH = ".benchgrad-"  # begins the name of a folder that is gone when its run is

Key = tuple[str, int]  # the engine and the round of a cell


class JournalError(RecordError):
    """A journal that cannot be read, continued or written; one line, for its user."""


@dataclass
class Reading:
    """What can be trusted of a journal: its lines, and what they say.

    `damage` describes each line that cannot; the cells of those count as unfinished.
    """

    header: Header
    lines: list[bytes]
    cells: dict[Key, Cell] = field(default_factory=dict)
    references: dict[int, list[Reference]] = field(default_factory=dict)  # of complete rounds
    instructions: dict[str, Instructions] = field(default_factory=dict)  # by engine
    resumed_at: list[str] = field(default_factory=list)
    ended: bool = False
    records: str = ""  # the SHA-256 of results.json at the end
    damage: list[str] = field(default_factory=list)

    def take(self, entry: Entry, line: bytes) -> None:
        """Add what a line says."""
        match entry:
            case FinishedCell(cell):
                self.cells[cell.engine, cell.round] = cell
            case FinishedRound(round, engines, references):
                if any((engine, round) not in self.cells for engine in engines):
                    return  # a cell of it was damaged, so the round is no longer complete
                self.references[round] = references
            case Counted(instructions):
                self.instructions[instructions.engine] = instructions
            case Resumed(at):
                self.resumed_at.append(at)
            case Ended(_, records):
                self.ended, self.records = True, records
                return  # until the run ends again
        self.lines.append(line)


def now() -> str:
    """Return the time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read(folder: Path) -> Reading | None:
    """Return what the journal in `folder` holds, None if there is none.

    Raises:
        JournalError: it cannot be read, or its first line cannot be trusted, without which nobody
            knows which run the others belong to.
    """
    path = folder / JOURNAL
    try:
        content = read_regular(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise JournalError(f"{path} cannot be read: {error.strerror}") from error
    first, *rest = content.split(b"\n")
    try:
        header = decode(first)
    except DamagedError as error:
        raise JournalError(f"{path}: its first line {error}, so its run is unknown") from error
    if not isinstance(header, Header) or header.version != JOURNAL_VERSION:
        raise JournalError(f"{path}: its first line is no header of this version of benchgrad")
    if rest and not rest[-1]:
        rest.pop()  # after the last newline
    return _sorted_out(Reading(header, [first]), rest)


def _sorted_out(reading: Reading, lines: list[bytes]) -> Reading:
    """Add the lines after the first to a reading, or to its damage.

    Two lines about the same cell are both damage: either may be the one that was measured.
    """
    entries: list[tuple[str, bytes, Entry]] = []
    for number, line in enumerate(lines, start=2):
        try:
            entries.append((f"line {number}", line, decode(line)))
        except DamagedError as error:
            reading.damage.append(f"line {number} {error}")
    count = Counter(subject_of(entry) for _, _, entry in entries)
    for name, line, entry in entries:
        subject = subject_of(entry)
        if subject and count[subject] > 1:
            reading.damage.append(f"{name} is one of {count[subject]} lines about {subject}")
        elif isinstance(entry, Header):
            reading.damage.append(f"{name} is a second header")
        elif isinstance(entry, FinishedCell) and not _is_of(reading.header.plan, entry.cell):
            reading.damage.append(f"{name} is about {subject}, which no run of the plan finishes")
        else:
            reading.take(entry, line)
    return reading


def _is_of(plan: Plan, cell: Cell) -> bool:
    """Return whether a plan has a cell; one that was interrupted is left out of a journal."""
    own = [contestant for contestant in plan.engines if contestant.name == cell.engine]
    has_it = any(plan.takes_part(contestant, cell.round) for contestant in own)
    return has_it and cell.status != "interrupted"


class Journal:
    """The journal of a run in progress, open for its next line; a context that closes it.

    `header` says what is run; `cells` were finished before the run was last resumed; `references`
    are what they were compared with in the rounds that were complete by then; `instructions` of
    engines had been counted.
    """

    def __init__(self, folder: Path, reading: Reading) -> None:
        self.header = reading.header
        self.cells: Mapping[Key, Cell] = reading.cells
        self.references: Mapping[int, list[Reference]] = reading.references
        self.instructions: Mapping[str, Instructions] = reading.instructions
        self.resumed_at = list(reading.resumed_at)
        self.folder = folder
        self._path = folder / JOURNAL
        with self._writing():
            manifest.add(folder, JOURNAL)
            self._file = GuardedFile(self._path, [line + b"\n" for line in reading.lines])
            listed = folder / manifest.MANIFEST
            self._manifest = GuardedFile(listed, [read_regular(listed)])

    @classmethod
    def begin(cls, folder: Path, header: Header) -> Self:
        """Begin a journal, in place of any that is there."""
        return cls(folder, Reading(header, [encode(header).rstrip()]))

    @classmethod
    def go_on(cls, folder: Path, reading: Reading) -> Self:
        """Continue a journal: keep the lines that can be trusted, and note the time."""
        resumed = Resumed(now(), reading.damage)
        return cls(
            folder,
            replace(
                reading,
                lines=[*reading.lines, encode(resumed).rstrip()],
                resumed_at=[*reading.resumed_at, resumed.at],
            ),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
        self._manifest.close()

    def keep(self, cell: Cell) -> None:
        """Write a finished cell, and return once it is on the disk.

        Raises:
            JournalError: the disk refuses; the journal is as it was before.
        """
        self._append(FinishedCell(cell))

    def keep_references(self, round: int, engines: list[str], references: list[Reference]) -> None:
        """Write what the cells of a round were compared with, once all of them are written."""
        self._append(FinishedRound(round, engines, references))

    def keep_instructions(self, found: Instructions) -> None:
        """Write how many instructions an engine executes in an epoch, or why nobody knows."""
        self._append(Counted(found))

    def end(self) -> None:
        """Note that the run is complete and its report written."""
        try:
            records = sha256(read_regular(self.folder / manifest.RESULTS))
        except FileNotFoundError:
            records = ""  # a run without a report
        self._append(Ended(now(), records))

    def put_back(self) -> list[str]:
        """Write it, and the manifest beside it, again if anybody else changed them.

        Return the names of those that were changed.
        """
        guarded = {JOURNAL: self._file, manifest.MANIFEST: self._manifest}
        with self._writing():
            return [name for name, file in guarded.items() if file.put_back()]

    def _append(self, entry: Entry) -> None:
        with self._writing():
            self._file.append(encode(entry))

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise JournalError(
                f"{self._path} cannot be written: {error.strerror}; the cells in it are safe: "
                f"make room and go on with: benchgrad run --resume {shlex.quote(str(self.folder))}"
            ) from error
