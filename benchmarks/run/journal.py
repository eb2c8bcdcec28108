"""The journal: a checksummed line for each finished cell, on disk before the next one begins.

Here are the lines only; whether a run may begin or go on is decided in `session`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from msgspec import Struct

from benchgrad.benchmarks.plan import Plan
from benchgrad.benchmarks.records import (
    Cell,
    Environment,
    RecordError,
    Reference,
    write_atomically,
)
from benchgrad.benchmarks.run.fingerprint import Fingerprint

JOURNAL = "journal.jsonl"
JOURNAL_VERSION = 1
SCRATCH = ".benchgrad-"  # begins the name of a folder that is gone when its run is

Key = tuple[str, int]  # the engine and the round of a cell


class JournalError(RecordError):
    """A journal that cannot be read, continued or written; one line, for its user."""


class Header(Struct, frozen=True, tag="header", forbid_unknown_fields=True):
    """What a run is, before its first cell. `asked_for`: its engines were given by name."""

    version: int
    started_at: str
    command: str
    asked_for: bool
    plan: Plan
    environment: Environment
    fingerprint: Fingerprint


class FinishedCell(Struct, frozen=True, tag="cell", forbid_unknown_fields=True):
    """A cell has its status, and not because the run was ended."""

    cell: Cell


class FinishedRound(Struct, frozen=True, tag="round", forbid_unknown_fields=True):
    """The cells of these engines are all of a round; `references` is what they were held to."""

    round: int
    engines: list[str]
    references: list[Reference]


class Resumed(Struct, frozen=True, tag="resumed", forbid_unknown_fields=True):
    """The run was continued; `damage` says which lines were found that could not be trusted."""

    at: str
    damage: list[str]


class Ended(Struct, frozen=True, tag="ended", forbid_unknown_fields=True):
    """Every cell is there, and the report is written."""

    at: str


Entry = Header | FinishedCell | FinishedRound | Resumed | Ended


class _Line(Struct, frozen=True, forbid_unknown_fields=True):
    """A line: an entry, and the SHA-256 of the bytes that it stands there in."""

    sha256: str
    entry: msgspec.Raw


class _DamagedError(Exception):
    """A line that cannot be trusted, and why."""


@dataclass
class Reading:
    """What a journal holds that can be trusted: its lines as they stand, and what they say.

    `damage` has a line of text for each that cannot; its cell counts as not finished.
    """

    header: Header
    lines: list[bytes]
    cells: dict[Key, Cell] = field(default_factory=dict)
    references: dict[int, list[Reference]] = field(default_factory=dict)  # of whole rounds
    resumed_at: list[str] = field(default_factory=list)
    ended: bool = False
    damage: list[str] = field(default_factory=list)


def now() -> str:
    """Return the time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def encode(entry: Entry) -> bytes:
    """Return the line of an entry, with its end."""
    content = msgspec.json.encode(entry)
    checksum = hashlib.sha256(content).hexdigest()
    return msgspec.json.encode(_Line(checksum, msgspec.Raw(content))) + b"\n"


def _decode(line: bytes) -> Entry:
    try:
        found = msgspec.json.decode(line, type=_Line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _DamagedError("is cut off or garbled") from error
    content = bytes(found.entry)
    if hashlib.sha256(content).hexdigest() != found.sha256:
        raise _DamagedError("does not match its checksum")
    try:
        entry: Entry = msgspec.json.decode(content, type=Entry)
    except msgspec.DecodeError as error:
        raise _DamagedError("is whole, but of another version of benchgrad") from error
    return entry


def read(folder: Path) -> Reading | None:
    """Return what the journal in `folder` holds, None if there is none.

    Raises:
        JournalError: it cannot be read, or its first line cannot be trusted: without that
            nothing says what the others are of.
    """
    path = folder / JOURNAL
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise JournalError(f"{path} cannot be read: {error.strerror}") from error
    first, *rest = content.split(b"\n")
    try:
        header = _decode(first)
    except _DamagedError as error:
        raise JournalError(f"{path}: its first line {error}, so nothing says what it is") from error
    if not isinstance(header, Header) or header.version != JOURNAL_VERSION:
        raise JournalError(f"{path} does not begin as this version of benchgrad begins a journal")
    if rest and not rest[-1]:
        rest.pop()  # what follows the end of the last line
    return _sorted_out(Reading(header, [first]), rest)


def _sorted_out(reading: Reading, lines: list[bytes]) -> Reading:
    """Take what the lines after the first say; what cannot be trusted becomes damage.

    What stands there twice is not trusted either: nothing says which was measured. And a round
    in which a cell is missing now is not whole.
    """
    entries: list[tuple[str, bytes, Entry]] = []
    for number, line in enumerate(lines, start=2):
        try:
            entries.append((f"line {number}", line, _decode(line)))
        except _DamagedError as error:
            reading.damage.append(f"line {number} {error}")
    count = Counter(_subject(entry) for _, _, entry in entries)
    for name, line, entry in entries:
        subject = _subject(entry)
        if subject and count[subject] > 1:
            reading.damage.append(f"{name} is one of {count[subject]} with {subject}")
            continue
        match entry:
            case FinishedCell(cell):
                reading.cells[cell.engine, cell.round] = cell
            case FinishedRound(round, engines, references) if _are_there(engines, round, reading):
                reading.references[round] = references
            case Resumed(at):
                reading.resumed_at.append(at)
            case Ended():
                reading.ended = True
                continue
            case Header():
                reading.damage.append(f"{name} is another beginning")
                continue
            case _:
                continue
        reading.lines.append(line)
    return reading


def _subject(entry: Entry) -> str:
    """Return what only one line may be about, in words; empty for what may be there again."""
    match entry:
        case FinishedCell(cell):
            return f"{cell.engine} in round {cell.round + 1}"
        case FinishedRound(round):
            return f"the references of round {round + 1}"
    return ""


def _are_there(engines: list[str], round: int, reading: Reading) -> bool:
    return all((engine, round) in reading.cells for engine in engines)


class Journal:
    """The journal of a run that goes on, open for its next line; a context that closes it.

    `header` says what the run is; `cells` are those that were finished before, `references` what
    they were held to in the rounds of which none is missing.
    """

    def __init__(self, folder: Path, reading: Reading) -> None:
        self.header = reading.header
        self.cells: Mapping[Key, Cell] = reading.cells
        self.references: Mapping[int, list[Reference]] = reading.references
        self.resumed_at = list(reading.resumed_at)
        self.folder = folder
        self._path = folder / JOURNAL
        with self._writing():
            write_atomically(self._path, b"".join(line + b"\n" for line in reading.lines))
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND)

    @classmethod
    def begin(cls, folder: Path, header: Header) -> Self:
        """Begin a journal in place of what may be there."""
        return cls(folder, Reading(header, [encode(header).rstrip()]))

    @classmethod
    def go_on(cls, folder: Path, reading: Reading) -> Self:
        """Continue a journal: what could be trusted stays, and a line says since when."""
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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    def keep(self, cell: Cell) -> None:
        """Return when a finished cell is on the disk.

        Raises:
            JournalError: the disk does not take it; no part of it stays there.
        """
        self._append(FinishedCell(cell))

    def keep_references(self, round: int, engines: list[str], references: list[Reference]) -> None:
        """Keep what the cells of a round were held to, once all of them are kept."""
        self._append(FinishedRound(round, engines, references))

    def end(self) -> None:
        """Note that every cell is there and the report is written."""
        self._append(Ended(now()))

    def _append(self, entry: Entry) -> None:
        rest = encode(entry)
        size = os.fstat(self._descriptor).st_size
        with self._writing():
            try:
                while rest:  # once, unless the disk is full: then the second write says so
                    rest = rest[os.write(self._descriptor, rest) :]
                os.fsync(self._descriptor)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._descriptor, size)
                raise

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise JournalError(
                f"{self._path} cannot be written: {error.strerror}; the cells in it are safe: "
                f"make room and go on with: benchgrad run --resume {shlex.quote(str(self.folder))}"
            ) from error
