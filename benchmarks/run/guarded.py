"""A file that one process appends to, and that it can put back should anybody else change it.

An engine may find the journal of its run. What the lines of a journal say is in `entries`.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchgrad.benchmarks.files import partial, write_atomically

_CHUNK = 1 << 20


class GuardedFile:
    """A file of lines, with a copy that has no name; its functions raise OSError if the disk does.

    The copy is a file too: the lines of a large sweep would fill the memory.
    """

    def __init__(self, path: Path, lines: list[bytes]) -> None:
        self._path = path
        self._copy = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115 (closed by `close`)
        self._size = self._copy.write(b"".join(lines))
        self._is_behind_link = path.parent.is_symlink()
        self._write()

    def close(self) -> None:
        """Close it; it stays as it is."""
        os.close(self._descriptor)
        self._copy.close()

    def lines(self) -> Iterator[bytes]:
        """Yield the lines, each read from the copy when it is asked for."""
        self._copy.seek(0)
        yield from self._copy

    def append(self, line: bytes) -> None:
        """Append a line, and return once it is on the disk; or leave the file as it was."""
        self.put_back()
        rest = line
        try:
            while rest:  # a full disk takes part of it, and refuses the second write
                rest = rest[os.write(self._descriptor, rest) :]
            os.fsync(self._descriptor)
            self._copy.seek(self._size)
            self._copy.write(line)
            self._copy.flush()
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(line)
        self._described = _described(os.fstat(self._descriptor))

    def put_back(self) -> bool:
        """Write the file again if it is not what this process wrote; return whether it was not."""
        if self._is_ours():
            return False
        os.close(self._descriptor)
        folder = self._path.parent
        if folder.is_symlink() and not self._is_behind_link:
            folder.unlink()  # it leads into somebody else's folder
        folder.mkdir(parents=True, exist_ok=True)
        self._write()
        return True

    def _write(self) -> None:
        partial(self._path).unlink(missing_ok=True)  # a killed run or an engine may have left one
        self._copy.seek(0)
        write_atomically(self._path, self._copy.read(self._size))
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW)
        self._described = _described(os.fstat(self._descriptor))

    def _is_ours(self) -> bool:
        """Return whether the file is still in its place, and nobody has written into it since.

        The kernel notes the time of every change, which no process can set back. Where that time is
        another, the bytes decide.
        """
        own = os.fstat(self._descriptor)
        try:
            there = self._path.lstat()
        except OSError:
            return False
        if not os.path.samestat(own, there) or own.st_size != self._size:
            return False
        if _described(own) == self._described:
            return True
        self._copy.seek(0)
        with open(self._descriptor, "rb", closefd=False) as file:
            file.seek(0)
            while chunk := file.read(_CHUNK):
                if chunk != self._copy.read(len(chunk)):
                    return False
        self._described = _described(own)
        return True


def _described(found: os.stat_result) -> tuple[int, ...]:
    """Return what changes with every write into a file."""
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
