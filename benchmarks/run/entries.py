"""The lines of a journal: what each says, and the checksum that vouches for it.

Files are read and written in `journal`.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from msgspec import Struct

from benchgrad.benchmarks.analysis.rounds import round_name
from benchgrad.benchmarks.files import sha256
from benchgrad.benchmarks.plan import Plan
from benchgrad.benchmarks.records import Cell, Data, Environment, Instructions, Reference
from benchgrad.benchmarks.run.fingerprint import Fingerprint

JOURNAL_VERSION = 1


class Header(Struct, frozen=True, tag="header", forbid_unknown_fields=True):
    """What is run. `asked_for`: the user named its engines.

    `described` is the hash of what the records keep of the data; journals of benchgrad 0.1.0 have
    none.
    `sources` has the version or commit of each engine that is not benchgrad's own.
    """

    version: int
    started_at: str
    command: str
    asked_for: bool
    plan: Plan
    environment: Environment
    fingerprint: Fingerprint
    sources: dict[str, str] = {}
    described: str = ""


class FinishedCell(Struct, frozen=True, tag="cell", forbid_unknown_fields=True):
    """A cell has its status, which is not `interrupted`."""

    cell: Cell


class FinishedRound(Struct, frozen=True, tag="round", forbid_unknown_fields=True):
    """A round is complete: these engines took part, and were compared with these references."""

    round: int
    engines: list[str]
    references: list[Reference]


class Counted(Struct, frozen=True, tag="counted", forbid_unknown_fields=True):
    """The instructions of an engine are counted, or it is known why they cannot be."""

    instructions: Instructions


class Resumed(Struct, frozen=True, tag="resumed", forbid_unknown_fields=True):
    """The run was resumed; `damage` describes the lines that could not be trusted."""

    at: str
    damage: list[str]


class Ended(Struct, frozen=True, tag="ended", forbid_unknown_fields=True):
    """The run is complete, and its report is written; `records` is the hash of results.json."""

    at: str
    records: str = ""


Entry = Header | FinishedCell | FinishedRound | Counted | Resumed | Ended


@dataclass(frozen=True)
class Subject:
    """What only one line may be about: a cell, or a whole round, or an engine's instructions.

    The last two lack the engine and the round.
    """

    round: int | None = None
    engine: str | None = None

    def __str__(self) -> str:
        if self.round is None:
            return f"the instructions of {self.engine}"
        where = round_name(self.round)
        return f"the references of {where}" if self.engine is None else f"{self.engine} in {where}"


def subject_of(entry: Entry) -> Subject | None:
    """Return the subject of a line; None for lines that a journal may have several of."""
    match entry:
        case FinishedCell(cell):
            return Subject(cell.round, cell.engine)
        case FinishedRound(round):
            return Subject(round)
        case Counted(instructions):
            return Subject(engine=instructions.engine)
    return None


class DamagedError(Exception):
    """A line that cannot be trusted, and why."""


class _Line(Struct, frozen=True, forbid_unknown_fields=True):
    """A line: an entry, and the SHA-256 of its encoded bytes."""

    sha256: str
    entry: msgspec.Raw


def hash_of(data: Data) -> str:
    """Return the SHA-256 of what the records keep of a data set."""
    return sha256(msgspec.json.encode(data))


def encode(entry: Entry) -> bytes:
    """Return the line of an entry, newline included."""
    content = msgspec.json.encode(entry)
    checksum = sha256(content)
    return msgspec.json.encode(_Line(checksum, msgspec.Raw(content))) + b"\n"


def decode(line: bytes) -> Entry:
    """Return the entry of a line.

    Raises:
        DamagedError: the line cannot be trusted.
    """
    try:
        found = msgspec.json.decode(line, type=_Line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedError("is cut off or garbled") from error
    content = bytes(found.entry)
    if sha256(content) != found.sha256:
        raise DamagedError("does not match its checksum")
    try:
        entry: Entry = msgspec.json.decode(content, type=Entry)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedError("is whole, but was written by another version of benchgrad") from error
    return entry
