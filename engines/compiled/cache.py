"""Machine code that outlives its process: a folder of files, each with its checksum.

A file holds what Numba needs to load code without compiling it, pickled. Unpickling runs code, so
only files of this user are read, from a folder that nobody else may enter. Nothing is compiled.

A file is written under another name, flushed and renamed, so a killed process leaves a whole file
or none under the final name. Whatever is doubtful is ignored: it is compiled again.
"""

import hashlib
import os
import pickle
import platform
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

_MOST = 256  # files; the oldest make room
_ABANDONED_S = 3600.0  # the age at which an unfinished file was left behind, and may go
_SUFFIX = ".code"
_SUM = hashlib.sha256().digest_size


def folder() -> Path | None:
    """Return the folder that code is kept in, or None if it is kept nowhere.

    Source: https://specifications.freedesktop.org/basedir-spec, for XDG_CACHE_HOME.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):
        return Path(base, "benchgrad")
    try:
        return Path.home() / ".cache" / "benchgrad"
    except RuntimeError:  # nobody knows where home is
        return None


class CodeCache:
    """The code of one function on disk, as a dispatcher of Numba asks for it.

    Args:
        identity: everything that the code is made from, and that Numba does not know: its source.
    """

    def __init__(self, identity: str) -> None:
        self._identity = identity
        self.cache_path = None  # Numba's; it asks for it in its statistics

    def load_overload(self, signature: Any, target: Any) -> Any:
        """Return what was compiled for these types of arguments; None if that must be done."""
        target.refresh()
        with suppress(OSError, ValueError):
            parts = pickle.loads(_read(self._name(signature, target)))  # ours: see _opened
            from numba.core.compiler import CompileResult

            rebuilt: Any = CompileResult._rebuild
            return rebuilt(target, *parts)
        return None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep what was compiled, unless the disk does not take it."""
        with suppress(OSError, ValueError):
            data = result._reduce()
            from numba.core import serialize

            pickled: Any = serialize.dumps
            _write(self._name(signature, result.target_context), pickled(data))

    def _name(self, signature: Any, target: Any) -> str:
        """Return the name of the file: a digest of all that the code depends on."""
        made_of = (
            self._identity,
            str(signature),
            target.codegen().magic_tuple(),  # the processor's name and features
            [(package, version(package)) for package in ("numba", "llvmlite", "numpy")],
            platform.python_implementation(),
            platform.python_version(),
        )
        return hashlib.sha256(repr(made_of).encode()).hexdigest() + _SUFFIX


@contextmanager
def _opened() -> Iterator[int]:
    """Open the folder, which is made if necessary.

    Raises:
        OSError: there is none, or somebody else may write or look into it.
    """
    path = folder()
    if path is None or not hasattr(os, "geteuid"):
        raise FileNotFoundError("no folder for machine code")
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        _refuse_unless_own(os.fstat(found), 0o077)
        yield found
    finally:
        os.close(found)


def _refuse_unless_own(entry: os.stat_result, refused_mode: int) -> None:
    if entry.st_uid != os.geteuid() or entry.st_mode & refused_mode:
        raise PermissionError("machine code that somebody else may have written")


def _read(name: str) -> bytes:
    """Return what a file holds.

    Raises:
        OSError: there is no such file, or it is not only this user's.
        ValueError: its checksum differs.
    """
    with _opened() as where:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        with open(os.open(name, flags, dir_fd=where), "rb") as file:
            entry = os.fstat(file.fileno())
            _refuse_unless_own(entry, 0o077)
            if not stat.S_ISREG(entry.st_mode):
                raise FileNotFoundError("not a file")
            kept = file.read()
    if hashlib.sha256(name.encode() + kept[_SUM:]).digest() != kept[:_SUM]:
        raise ValueError("a damaged file")
    return kept[_SUM:]


def _write(name: str, data: bytes) -> None:
    """Write a file as a whole, or not at all."""
    with _opened() as where:
        unfinished = f"{name}.{os.getpid()}-{os.urandom(8).hex()}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        try:
            with open(os.open(unfinished, flags, 0o600, dir_fd=where), "wb") as file:
                file.write(hashlib.sha256(name.encode() + data).digest() + data)
                file.flush()
                os.fsync(file.fileno())
            os.rename(unfinished, name, src_dir_fd=where, dst_dir_fd=where)
        except BaseException:
            with suppress(OSError):
                os.unlink(unfinished, dir_fd=where)
            raise
        os.fsync(where)
        _clear(where)


def _clear(where: int) -> None:
    """Remove unfinished files that nobody writes any more, and the oldest of too many."""
    now_s = time.time()
    ages: list[tuple[float, str]] = []
    for name in os.listdir(where):
        base, mark, _ = name.partition(_SUFFIX)
        if not mark or len(base) != 2 * _SUM:
            continue  # not ours
        age_s = now_s - os.stat(name, dir_fd=where, follow_symlinks=False).st_mtime
        if name.endswith(_SUFFIX):
            ages.append((age_s, name))
        elif age_s > _ABANDONED_S:
            os.unlink(name, dir_fd=where)
    for _, name in sorted(ages)[_MOST:]:
        os.unlink(name, dir_fd=where)
