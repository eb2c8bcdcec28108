"""Where a command writes: what the disk refuses becomes one line for the user."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchgrad.command_line.options import UsageError

_PROBE_BYTES = 1 << 16


def writable(folder: Path) -> Path:
    """Return the folder, created if necessary, once a file could be written there and removed.

    Raises:
        UsageError: it could not.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(_PROBE_BYTES))  # a full disk takes an empty file
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


def check_output(path: Path) -> None:
    """Raise UsageError if a link, a folder, a pipe or a device is where a file is to be written."""
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise OSError(errno.EINVAL, "it is there already, and not a regular file")
    except OSError as error:
        raise _unwritable(path, error, "file") from error


def write_output(path: Path, content: bytes) -> None:
    """Write a file that the user named, in place of any that is there, or nothing.

    Raises:
        UsageError: it cannot be written.
    """
    from benchgrad.benchmarks.files import write_atomically

    check_output(path)
    try:
        write_atomically(path, content)
    except OSError as error:
        raise _unwritable(path, error, "file") from error


def _unwritable(path: Path, error: OSError, advice: str = "folder with --out") -> UsageError:
    problem = error.strerror or type(error).__name__
    return UsageError(f"{str(path)!r} cannot be written: {problem}; name another {advice}")
