"""Bytes that a process hands to its children, and that none of them can change or remove."""

import fcntl
import mmap
import os
import sys
import tempfile
from collections.abc import Callable
from typing import IO


def sealed(write: Callable[[IO[bytes]], None]) -> int:
    """Return a descriptor of what a function writes into a file; whoever inherits it can read it.

    On Linux that is memory, sealed by the kernel. Elsewhere it is a file without a name that is
    open for reading only.
    """
    if sys.platform == "linux":
        descriptor = os.memfd_create("benchgrad", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        with os.fdopen(descriptor, "w+b", closefd=False) as file:
            write(file)
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        return descriptor
    with tempfile.NamedTemporaryFile() as file:
        write(file)
        file.flush()
        return os.open(file.name, os.O_RDONLY | os.O_CLOEXEC)


def mapped(descriptor: int) -> mmap.mmap:
    """Map what was handed over into memory, shared until this process writes into a page of it."""
    os.set_inheritable(descriptor, False)
    return mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY)
