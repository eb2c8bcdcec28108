"""Checks the files of a report against its records, byte for byte.

The records themselves are checked in `benchgrad.benchmarks.run.verify`.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchgrad.benchmarks.records import Results
from benchgrad.reports.page import render_report, stale_plots

_SHOWN = 40  # characters of the first line in which two texts differ
_TEXTS = (".md", ".csv", ".html")


def problems(folder: Path, results: Results) -> list[str]:
    """Return what is wrong with the files in `folder`, one line for each problem."""
    expected = render_report(results)
    found = [
        problem
        for name, content in expected.items()
        for problem in _differences(folder / name, name, content)
    ]
    found += [
        f"plots/{path.name} does not belong to this report"
        for path in stale_plots(folder, expected)
    ]
    return found + list(_other_versions(results)) if found else []


def _differences(path: Path, name: str, expected: bytes) -> Iterator[str]:
    try:
        content = path.read_bytes()
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
