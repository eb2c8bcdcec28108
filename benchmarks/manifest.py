"""Which files of a folder are benchgrad's: only those are ever replaced or removed.

``manifest.json`` names each with its SHA-256. Folders of benchgrad 0.1.0 have none; there a file is
benchgrad's if its name and its content are. Nothing is written through a link.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from benchgrad.benchmarks.files import PARTIAL, partial, read_regular, sha256, write_atomically

MANIFEST = "manifest.json"
RESULTS = "results.json"
JOURNAL = "journal.jsonl"
UNHASHED = ""  # for the journal, which grows; its lines have checksums of their own

_NAME = r"^(plots/)?[a-z0-9][a-z0-9_.-]*\Z"
# What benchgrad 0.1.0 wrote, which had no manifest.
_OF_THE_FIRST = re.compile(
    r"results\.json|journal\.jsonl|index\.html|summary\.md|(timings|accuracy)\.csv|plots/.+"
)
_SCRATCH = re.compile(r"\.benchgrad-[a-z0-9_]{8}")


class ForeignError(Exception):
    """A folder or a file that is not benchgrad's, and would have to be; one line, for its user."""


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """The files of a report by their paths in its folder, each with its SHA-256."""

    written_by: Literal["benchgrad"]
    manifest_version: Literal[1]
    files: dict[Annotated[str, Meta(pattern=_NAME)], str]


def read_manifest(folder: Path) -> dict[str, str] | None:
    """Return the files that the manifest in `folder` names, with their hashes; None without one.

    Raises:
        ForeignError: the file of that name is not a manifest of benchgrad.
    """
    path = folder / MANIFEST
    try:
        content = read_regular(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ForeignError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    try:
        return msgspec.json.decode(content, type=Manifest).files
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ForeignError(
            f"{str(path)!r} is not a manifest of benchgrad: {str(error)[:300]}"
        ) from error


def refuse_foreign_folder(folder: Path) -> None:
    """Raise ForeignError if a folder is neither empty nor that of a run."""
    found = sorted(path.name for path in folder.iterdir())
    begun = {f".{name}{PARTIAL}" for name in (MANIFEST, JOURNAL, RESULTS)}
    foreign = [name for name in found if name not in begun and not _SCRATCH.fullmatch(name)]
    if foreign and read_manifest(folder) is None and not _marked(folder, [JOURNAL, RESULTS]):
        raise ForeignError(
            f"{str(folder)!r} is not empty, and not of a run of benchgrad: it holds "
            f"{foreign[0]!r}; name another folder with --out"
        )


def refuse_foreign_files(folder: Path, names: Collection[str]) -> None:
    """Raise ForeignError for the first of these files that is there and not benchgrad's."""
    own = _own(folder, names)
    for name in (MANIFEST, *names):
        path = folder / name
        if path.parent != folder:
            _refuse(path.parent, stat.S_ISDIR, "a folder")
        _refuse(path, stat.S_ISREG, "a regular file")
        if name not in (MANIFEST, *own) and _mode(path):
            raise ForeignError(
                f"{str(path)!r} is not benchgrad's and would be replaced: move it, "
                "or name another folder with --out"
            )


def leftovers(folder: Path, names: Iterable[str]) -> list[Path]:
    """Return what a killed run left half-done: files of these names, and folders for scratch."""
    beside = (partial(folder / name) for name in (MANIFEST, JOURNAL, RESULTS, *names))
    files = [path for path in beside if _mode(path) and stat.S_ISREG(_mode(path))]
    scratch = [path for path in folder.iterdir() if _SCRATCH.fullmatch(path.name)]
    return [*files, *(path for path in scratch if stat.S_ISDIR(_mode(path)))]


def add(folder: Path, name: str) -> None:
    """Make a file of this name, which is about to be written, benchgrad's.

    Raises:
        ForeignError: one that is not benchgrad's is there.
    """
    refuse_foreign_files(folder, [name])
    own = _own(folder, [name])
    if read_manifest(folder) is None or name not in own:
        _write(folder, {name: UNHASHED} | own)


def replace_files(
    folder: Path, contents: Mapping[str, bytes], report: Collection[str] = ()
) -> None:
    """Write files; and if they are a report, remove what is left of an earlier one.

    `report` then names the files that any report may have. The manifest names each file before it
    is written, and until it is removed.

    Raises:
        ForeignError: a file that is not benchgrad's would be replaced; nothing is written then.
        OSError: the disk refuses.
    """
    refuse_foreign_files(folder, contents)
    own = _own(folder, report)
    plots = [name for name in own if "/" in name]
    stale = {name: own[name] for name in {*report, *plots} & own.keys() - contents.keys() if report}
    left = {name: hashed for name, hashed in own.items() if name not in stale}
    left |= {name: sha256(content) for name, content in contents.items()}
    _write(folder, left | stale)
    for name, content in contents.items():
        (folder / name).parent.mkdir(exist_ok=True)
        partial(folder / name).unlink(missing_ok=True)
        write_atomically(folder / name, content)
    for name, hashed in stale.items():
        if _hash(folder / name) == hashed:  # or somebody has put another in its place
            (folder / name).unlink()
    if stale:
        _write(folder, left)


def _write(folder: Path, listed: Mapping[str, str]) -> None:
    files = dict(sorted(listed.items()))
    content = msgspec.json.format(msgspec.json.encode(Manifest("benchgrad", 1, files)), indent=1)
    write_atomically(folder / MANIFEST, content + b"\n")


def _mode(path: Path) -> int:
    """Return the mode of a file or of a link itself; 0 if there is none."""
    try:
        return path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _refuse(path: Path, is_right: Callable[[int], bool], kind: str) -> None:
    """Raise ForeignError if something is there and of another kind; links are not followed."""
    mode = _mode(path)
    if mode and not is_right(mode):
        what = "a link, and benchgrad follows none" if stat.S_ISLNK(mode) else f"not {kind}"
        raise ForeignError(f"{str(path)!r} is {what}: move it, or name another folder with --out")


def _hash(path: Path) -> str | None:
    """Return the SHA-256 of a file; None if it is no regular file or cannot be read."""
    if not stat.S_ISREG(_mode(path)):
        return None
    try:
        return sha256(read_regular(path))
    except OSError:
        return None


def _own(folder: Path, names: Collection[str]) -> dict[str, str]:
    """Return the files in the manifest; without one, those of benchgrad 0.1.0 by their content."""
    listed = read_manifest(folder)
    return _marked(folder, [JOURNAL, RESULTS, *names]) if listed is None else listed


def _marked(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the files that could be of benchgrad 0.1.0, with their hashes."""
    found = {}
    for name in filter(_OF_THE_FIRST.fullmatch, names):
        path = folder / name
        with suppress(OSError):
            if stat.S_ISREG(_mode(path)) and _has_mark(name, content := read_regular(path)):
                found[name] = UNHASHED if name == JOURNAL else sha256(content)
    return found


class _Results(Struct):
    """What no other file named results.json has."""

    schema_version: int
    plan: msgspec.Raw
    environment: msgspec.Raw
    cells: msgspec.Raw


class _Header(Struct, tag="header"):
    plan: msgspec.Raw
    fingerprint: msgspec.Raw


class _FirstLine(Struct):
    sha256: str
    entry: _Header


def _has_mark(name: str, content: bytes) -> bool:
    """Return whether a file of benchgrad 0.1.0 could have this name and content."""
    if name in (RESULTS, JOURNAL):
        kind, text = (
            (_Results, content) if name == RESULTS else (_FirstLine, content.split(b"\n")[0])
        )
        try:
            msgspec.json.decode(text, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        return True
    mark = {".csv": b"engine,round,epoch,", ".png": b"Matplotlib", ".svg": b"Matplotlib"}
    return mark.get(Path(name).suffix, b"benchgrad") in content
