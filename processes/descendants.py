"""The processes that an engine starts: found wherever they went, measured, and ended.

Nothing here knows what a worker says or does.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchgrad.processes.lifetime import prctl

# From linux/prctl.h.
_PR_SET_CHILD_SUBREAPER = 36
_PR_GET_CHILD_SUBREAPER = 37

_VMSTAT = Path("/proc/vmstat")
_PATIENCE_S = 5.0  # until processes that were killed must be gone
_LOOK_S = 0.1  # between two looks at the memory


class MemoryExceededError(Exception):
    """The processes of a worker hold more memory than they may; `held_bytes` is how much."""

    def __init__(self, held_bytes: int) -> None:
        super().__init__(held_bytes)
        self.held_bytes = held_bytes


@contextlib.contextmanager
def adopting() -> Iterator[None]:
    """Make processes whose parents died children of this one, on Linux.

    So a child that left its group and session is found and ended all the same.
    """
    if sys.platform != "linux":
        yield
        return
    before = ctypes.c_int()
    prctl(_PR_GET_CHILD_SUBREAPER, ctypes.addressof(before))
    prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        prctl(_PR_SET_CHILD_SUBREAPER, before.value)


def be_the_first_to_go() -> None:
    """Have the kernel kill this process, not its parent, when the machine runs out of memory."""
    with contextlib.suppress(OSError):  # not Linux, or not allowed: then it may take any
        Path("/proc/self/oom_score_adj").write_text("1000")


def n_killed_for_memory() -> int:
    """Return how many processes the kernel has killed since it started, for want of memory."""
    try:
        lines = _VMSTAT.read_text().splitlines()
    except OSError:  # not Linux
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def descendants() -> set[psutil.Process]:
    """Return all processes below this one."""
    return set(psutil.Process().children(recursive=True))


def end_all_but(known: set[psutil.Process]) -> None:
    """Kill all descendants that are not `known`, and those that they start in the meantime."""
    deadline = time.monotonic() + _PATIENCE_S
    while (found := descendants() - known) and time.monotonic() < deadline:
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(found, timeout=_PATIENCE_S)


class MemoryWatch:
    """Holds the descendants that are not `known` to a limit of memory, all of them together."""

    def __init__(self, limit_bytes: int | None, known: set[psutil.Process]) -> None:
        self._limit_bytes = limit_bytes
        self._known = known
        self._next_look = 0.0

    def look(self) -> None:
        """Sum their memory, unless that was done a moment ago.

        Raises:
            MemoryExceededError: it is more than the limit.
        """
        if self._limit_bytes is None or time.monotonic() < self._next_look:
            return
        processes = descendants() - self._known
        # What forked processes share is in the resident memory of each: an upper bound, and
        # cheap. Only when that is too high their shares are summed, which takes milliseconds.
        held_bytes = sum(map(_resident_bytes, processes))
        if held_bytes > self._limit_bytes:
            held_bytes = sum(map(_share_bytes, processes))
        if held_bytes > self._limit_bytes:
            raise MemoryExceededError(held_bytes)
        self._next_look = time.monotonic() + _LOOK_S


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:  # it ended
        return 0


def _share_bytes(process: psutil.Process) -> int:
    """Return the memory of a process, with its share of what it has in common with others."""
    try:
        found = process.memory_full_info()
    except psutil.Error:
        return 0
    return int(found.pss if sys.platform == "linux" else found.uss)
