"""Locks that vanish with their process: one timing at a time, and one run in a folder.

The kernel holds them (`flock`); a file only says who has one, and is never removed.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
from msgspec import Struct

# Not in the folder of TMPDIR, which may be another one in the next shell.
MACHINE = Path("/tmp/benchgrad.lock")


class LockError(Exception):
    """A lock that another process has, or that cannot be taken; one line, for its user."""


class Holder(Struct, frozen=True):
    """Who has the lock of a machine, as the file says it: `since` in local time."""

    pid: int
    since: str
    command: str

    def __str__(self) -> str:
        return f"process {self.pid} has been timing since {self.since}: {self.command}"


@contextmanager
def timing_alone(
    path: Path, holder: Holder, wait: bool, tell: Callable[[str], None]
) -> Iterator[None]:
    """Hold the lock `path`, so that no other timing disturbs this one.

    With `wait` it waits for whoever has it, after it has told who that is.

    Raises:
        LockError: the file cannot be opened; or another process has it and `wait` is false.
    """
    descriptor = _opened(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = _holder(descriptor)
            if not wait:
                raise LockError(f"{other}; without --no-wait this run waits for it") from None
            tell(f"waiting: {other}")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        with suppress(OSError):  # another user's file: locked all the same, but not signed
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, msgspec.json.encode(holder), 0)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def writing_alone(folder: Path) -> Iterator[None]:
    """Hold a folder, so that no other run writes into it.

    Raises:
        LockError: another process holds it.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise LockError(
            f"another benchgrad is writing into {str(folder)!r}; wait for its end, "
            "or name another folder with --out"
        ) from None
    try:
        yield
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    """Open the file of a lock for all users of the machine; make it if need be."""
    try:
        return _existing(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        with suppress(OSError):  # it came to be in the meantime, and is another user's
            os.fchmod(descriptor, 0o666)
    except OSError as error:
        raise _unusable(path, error) from error
    return descriptor


def _existing(path: Path) -> int:
    """Open without O_CREAT: in a sticky folder the kernel refuses that for another's file."""
    try:
        return os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except PermissionError:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW)


def _unusable(path: Path, error: OSError) -> LockError:
    return LockError(
        f"the lock {str(path)!r} cannot be taken: {error.strerror}; name another file with --lock"
    )


def _holder(descriptor: int) -> Holder | str:
    """Return who signed the file; another process may be about to."""
    try:
        return msgspec.json.decode(os.pread(descriptor, 1 << 16, 0), type=Holder)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "another process is timing"
