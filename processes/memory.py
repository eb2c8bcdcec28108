"""How much memory a process's descendants hold, and whether the kernel killed any for want of it.

Nothing is killed here.
"""

import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

_VMSTAT = Path("/proc/vmstat")
_LOOK_S = 0.1  # at least, between two looks


def n_killed_for_memory() -> int:
    """Return how many processes the kernel has killed since it booted because memory ran out."""
    try:
        lines = _VMSTAT.read_text().splitlines()
    except OSError:  # not Linux
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


class MemoryWatch:
    """Compares the memory of a process's descendants, all together, with a limit."""

    def __init__(self, pid: int, limit_bytes: int | None) -> None:
        self._pid = pid
        self._limit_bytes = limit_bytes
        self._next_look = 0.0

    def excess_bytes(self) -> int:
        """Return how much they hold if that exceeds the limit, else 0.

        Looks at most every tenth of a second; in between it returns 0.
        """
        if self._limit_bytes is None or time.monotonic() < self._next_look:
            return 0
        try:
            processes = psutil.Process(self._pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return 0
        # Resident memory is cheap to read, but counts shared pages once for each process. Only if
        # it exceeds the limit are the proportional shares summed, which takes milliseconds.
        held_bytes = _total(_resident_bytes, processes)
        if held_bytes > self._limit_bytes:
            held_bytes = _total(_share_bytes, processes)
        self._next_look = time.monotonic() + _LOOK_S
        return held_bytes if held_bytes > self._limit_bytes else 0


def _total(n_bytes: Callable[[psutil.Process], int], processes: list[psutil.Process]) -> int:
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):  # it ended
            total += n_bytes(process)
    return total


def _resident_bytes(process: psutil.Process) -> int:
    return int(process.memory_info().rss)


def _share_bytes(process: psutil.Process) -> int:
    """Return a process's memory, with its proportional share of pages it shares."""
    found = process.memory_full_info()
    return int(found.pss if sys.platform == "linux" else found.uss)
