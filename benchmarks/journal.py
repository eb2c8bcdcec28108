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

from benchgrad.benchmarks.fingerprint import Fingerprint
from benchgrad.benchmarks.plan import Plan
from benchgrad.benchmarks.records import Cell, Environment, RecordError, write_atomically

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


class Finished(Struct, frozen=True, tag="cell", forbid_unknown_fields=True):
    """A cell has its status, and not because the run was ended."""

    cell: Cell


class Resumed(Struct, frozen=True, tag="resumed", forbid_unknown_fields=True):
    """The run was continued; `damage` says which lines were found that could not be trusted."""

    at: str
    damage: list[str]


class Ended(Struct, frozen=True, tag="ended", forbid_unknown_fields=True):
    """Every cell is there, and the report is written."""

    at: str


Entry = Header | Finished | Resumed | Ended


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

    A cell that stands there twice is not trusted either: nothing says which was measured.
    """
    entries: list[tuple[str, bytes, Entry]] = []
    for number, line in enumerate(lines, start=2):
        try:
            entries.append((f"line {number}", line, _decode(line)))
        except _DamagedError as error:
            reading.damage.append(f"line {number} {error}")
    count = Counter(key_of(entry.cell) for _, _, entry in entries if isinstance(entry, Finished))
    for name, line, entry in entries:
        match entry:
            case Finished(cell) if count[key_of(cell)] == 1:
                reading.cells[key_of(cell)] = cell
                reading.lines.append(line)
            case Finished(cell):
                where = f"{cell.engine} in round {cell.round + 1}"
                reading.damage.append(f"{name} is one of {count[key_of(cell)]} with {where}")
            case Resumed(at):
                reading.resumed_at.append(at)
                reading.lines.append(line)
            case Ended():
                reading.ended = True
            case Header():
                reading.damage.append(f"{name} is another beginning")
    return reading


class Journal:
    """The journal of a run that goes on, open for its next line; a context that closes it.

    `header` says what the run is; `cells` are those that were finished before.
    """

    def __init__(self, folder: Path, reading: Reading) -> None:
        self.header = reading.header
        self.cells: Mapping[Key, Cell] = reading.cells
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
        self._append(Finished(cell))

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


def key_of(cell: Cell) -> Key:
    """Return what a journal knows a cell by."""
    return cell.engine, cell.round
