"""A file that one process appends to, and that it can put back should anybody else change it.

An engine may find the journal of its run. What the lines of a journal say is in `entries`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from benchgrad.benchmarks.files import partial, write_atomically

_CHUNK = 1 << 20


class GuardedFile:
    """A file of lines, known to the last byte; its functions raise OSError if the disk refuses."""

    def __init__(self, path: Path, lines: list[bytes]) -> None:
        self._path = path
        self._lines = lines
        self._size = sum(map(len, lines))
        self._digest = hashlib.sha256(b"".join(lines))
        self._is_behind_link = path.parent.is_symlink()
        self._write()

    def close(self) -> None:
        """Close it; it stays as it is."""
        os.close(self._descriptor)

    def append(self, line: bytes) -> None:
        """Append a line, and return once it is on the disk; or leave the file as it was."""
        self.put_back()
        rest = line
        try:
            while rest:  # a full disk takes part of it, and refuses the second write
                rest = rest[os.write(self._descriptor, rest) :]
            os.fsync(self._descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise
        self._lines.append(line)
        self._size += len(line)
        self._digest.update(line)

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
        write_atomically(self._path, b"".join(self._lines))
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW)

    def _is_ours(self) -> bool:
        """Return whether the file is still in its place, with the bytes that were written."""
        own = os.fstat(self._descriptor)
        try:
            there = self._path.lstat()
        except OSError:
            return False
        if not os.path.samestat(own, there) or own.st_size != self._size:
            return False
        digest = hashlib.sha256()
        for begin in range(0, self._size, _CHUNK):
            digest.update(os.pread(self._descriptor, _CHUNK, begin))
        return digest.digest() == self._digest.digest()
