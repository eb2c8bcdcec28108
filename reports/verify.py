"""Checks the files of a report against its records, byte for byte.

The records themselves are checked in `benchgrad.benchmarks.run.verify`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchgrad.benchmarks.files import read_regular, sha256
from benchgrad.benchmarks.manifest import (
    JOURNAL,
    MANIFEST,
    RESULTS,
    UNHASHED,
    ForeignError,
    read_manifest,
)
from benchgrad.benchmarks.records import Results
from benchgrad.reports.animation import render_animation
from benchgrad.reports.file_names import ANIMATION
from benchgrad.reports.page import render_report

_SHOWN = 40  # characters of the first line in which two texts differ
_TEXTS = (".md", ".csv", ".html")


def problems(folder: Path, results: Results) -> list[str]:
    """Return what is wrong with the files in `folder`, one line for each problem."""
    expected = render_report(results)
    if (folder / ANIMATION).exists():
        expected = expected | render_animation(results)
    different = {
        name: list(_differences(folder / name, name, content)) for name, content in expected.items()
    }
    found = [problem for problems in different.values() for problem in problems]
    found += _strangers(folder, {*expected, JOURNAL, MANIFEST, RESULTS})
    found += _misnamed(folder, {name: bool(problems) for name, problems in different.items()})
    return found + list(_other_versions(results)) if found else []


def _strangers(folder: Path, names: Collection[str]) -> Iterator[str]:
    """Yield each link, and each file or folder that does not belong to a report."""
    for place, folders, files in os.walk(folder):
        inside = sorted([*folders, *files])
        folders[:] = ["plots"] if place == str(folder) and "plots" in folders else []
        for entry in inside:
            path = Path(place) / entry
            name = path.relative_to(folder).as_posix()
            if path.is_symlink():
                yield f"{name} is a link"
            elif name not in names and name not in folders:
                yield f"{name} does not belong to this report"


def _misnamed(folder: Path, is_different: Mapping[str, bool]) -> Iterator[str]:
    """Yield where the manifest, if there is one, and the files of a report contradict each other.

    `is_different` has the names of the report's files, and whether that was reported already.
    """
    try:
        listed = read_manifest(folder)
    except ForeignError as error:
        yield str(error)
        return
    if listed is None:
        return
    for name in sorted(is_different.keys() | {RESULTS}):
        if name not in listed:
            yield f"{name} is not in {MANIFEST}"
        elif listed[name] != _hash(folder / name) and not is_different.get(name):
            yield f"{name} is not the file that {MANIFEST} names"
    for name in sorted(listed.keys() - is_different.keys() - {RESULTS}):
        if name != JOURNAL or listed[name] != UNHASHED:
            yield f"{MANIFEST} names {name}, which is not of this report"
        elif not (folder / name).exists():
            yield f"{name} is in {MANIFEST}, and there is none"


def _hash(path: Path) -> str | None:
    try:
        return sha256(read_regular(path))
    except OSError:
        return None


def _differences(path: Path, name: str, expected: bytes) -> Iterator[str]:
    try:
        content = read_regular(path)
    except OSError as error:
        yield f"{name} cannot be read: {error.strerror}"
        return
    if content != expected:
        where = _first_difference(content, expected) if name.endswith(_TEXTS) else ""
        yield f"{name} differs from what the records give{where}"


def _first_difference(content: bytes, expected: bytes) -> str:
    """Return the first line in which two texts differ, with an excerpt of both."""
    found, wanted = content.split(b"\n"), expected.split(b"\n")
    pairs = zip(found, wanted, strict=False)
    i = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(found), len(wanted)))
    a, b = (lines[i] if i < len(lines) else b"" for lines in (found, wanted))
    at = next((k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), 0)
    shown = [repr(line[max(0, at - 10) :][:_SHOWN].decode("utf-8", "replace")) for line in (a, b)]
    return f", first in line {i + 1}: {shown[0]}, expected {shown[1]}"


def _other_versions(results: Results) -> Iterator[str]:
    """Yield a note for each library that renders and has another version than in the run."""
    for name in ("numpy", "pandas", "matplotlib"):
        was, now = results.environment.libraries.get(name), _version(name)
        if was != now:
            yield f"note: {name} was {was} in the run and is {now} here, so files may differ"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
