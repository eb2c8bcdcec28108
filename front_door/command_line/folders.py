"""Folders that a command writes to: what the disk refuses becomes one line for the user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchgrad.command_line.options import UsageError


def writable(folder: Path) -> Path:
    """Return the folder, created if necessary, once a file could be written there and removed.

    Raises:
        UsageError: it could not.
    """
    probe = folder / ".benchgrad-probe"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _unwritable(folder, error) from error
    return folder


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses into a UsageError; files written before that are complete."""
    try:
        yield
    except OSError as error:
        raise _unwritable(Path(error.filename or folder), error) from error


def _unwritable(path: Path, error: OSError) -> UsageError:
    problem = error.strerror or type(error).__name__
    return UsageError(f"{str(path)!r} cannot be written: {problem}; name another folder with --out")
