"""Locks that vanish with their process: one run times at a time, and one writes to a folder.

The kernel holds them (`flock`); the file only names the holder, and is never removed.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
from msgspec import Struct

# Not in TMPDIR, which may differ from shell to shell.
MACHINE = Path("/tmp/benchgrad.lock")
_SIGNED = 2000  # characters of a command
_PLAINLY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class LockError(Exception):
    """A lock that another process holds, or that cannot be taken; one line, for its user."""


class Holder(Struct, frozen=True, forbid_unknown_fields=True):
    """Who holds the lock of a machine; `since` is local time."""

    pid: int
    since: str
    command: str

    def __str__(self) -> str:
        return f"process {self.pid} has been timing since {self.since}: {self.command}"


@contextmanager
def timing_alone(
    path: Path, holder: Holder, wait: bool, tell: Callable[[str], None]
) -> Iterator[None]:
    """Hold the lock `path`, so that no other run times meanwhile.

    With `wait`, tell who holds it and wait for them.

    Raises:
        LockError: the file cannot be opened, or is not a lock of benchgrad; or another process
            holds it and `wait` is false.
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
        if _is_ours(descriptor, path):
            with suppress(OSError):  # another user's file: locked all the same, but not signed
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, _signature(holder), 0)
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
    """Open the file of a lock, creating it for all users of the machine if necessary."""
    try:
        return _existing(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _PLAINLY, 0o666)
        with suppress(OSError):  # another user has just created it
            os.fchmod(descriptor, 0o666)
    except OSError as error:
        raise _unusable(path, error) from error
    return descriptor


def _existing(path: Path) -> int:
    """Open without O_CREAT, which the kernel refuses for another user's file in a sticky folder."""
    try:
        return os.open(path, os.O_RDWR | _PLAINLY)
    except PermissionError:
        return os.open(path, os.O_RDONLY | _PLAINLY)


def _is_ours(descriptor: int, path: Path) -> bool:
    """Return whether a file may be signed: it is empty, or signed by one who held it.

    Everybody may write into that of the machine, and an engine's nonsense there must keep nobody
    from running: it is locked all the same, and left as it is. Any other file raises LockError.
    """
    told = os.fstat(descriptor)
    if not stat.S_ISREG(told.st_mode):
        problem = "it is not a regular file"
    elif not told.st_size or isinstance(_holder(descriptor), Holder):
        return True
    elif path == MACHINE:
        return False
    else:
        problem = "it is a file that benchgrad did not write"
    raise LockError(
        f"the lock {str(path)!r} cannot be taken: {problem}; name another file with --lock"
    )


def _unusable(path: Path, error: OSError) -> LockError:
    return LockError(
        f"the lock {str(path)!r} cannot be taken: {error.strerror}; name another file with --lock"
    )


def _holder(descriptor: int) -> Holder | str:
    """Return who signed the file; the holder may not have done so yet."""
    try:
        return msgspec.json.decode(os.pread(descriptor, 1 << 16, 0), type=Holder)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "another process is timing"


def _signature(holder: Holder) -> bytes:
    """Return what is written into the file: of a long command its beginning."""
    short = msgspec.structs.replace(holder, command=holder.command[:_SIGNED])
    return msgspec.json.encode(short)
