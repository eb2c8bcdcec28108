"""What else the machine did meanwhile: three counters of the Linux kernel, read before and after.

What they mean for a time is decided in `benchmarks.analysis.undisturbed`.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_ENOUGH = 512  # bytes: each of the counters stands in the first line of its file
_STOLEN = 8  # the field of the line "cpu": after its name come user, nice, system, idle, …


@dataclass(frozen=True)
class Disturbance:
    """Three counters in seconds; None where the system does not say.

    `waited_s`: this thread was ready to run and had no processor, and no other thread of this
    process had it either: an engine that hands work to its own threads waits for itself.
    `stolen_s`: the machine's host ran something else, all processors together. `pressure_s`: some
    process of the machine waited for a processor.

    Source: Documentation/scheduler/sched-stats.rst, filesystems/proc.rst and accounting/psi.rst of
    the Linux kernel.
    """

    waited_s: float | None = None
    stolen_s: float | None = None
    pressure_s: float | None = None

    def __sub__(self, before: Disturbance) -> Disturbance:
        """Return what was counted since `before`."""
        return Disturbance(
            _since(self.waited_s, before.waited_s),
            _since(self.stolen_s, before.stolen_s),
            _since(self.pressure_s, before.pressure_s),
        )

    def __mul__(self, share: float) -> Disturbance:
        """Return a share of what was counted."""
        counted = (self.waited_s, self.stolen_s, self.pressure_s)
        return Disturbance(*(None if each_s is None else share * each_s for each_s in counted))


class DisturbanceCounters:
    """The three counters, whose files are opened once: a reading takes some ten microseconds.

    Close them, or use them as a context. `proc` is another folder in tests, and `other_threads_s`
    another clock. They count the thread that opened them, which must be the one that is timed.
    """

    def __init__(
        self,
        proc: Path = Path("/proc"),
        other_threads_s: Callable[[], float] = lambda: time.process_time() - time.thread_time(),
    ) -> None:
        self._other_threads_s = other_threads_s
        self._waited = _open(proc / "thread-self" / "schedstat")
        self._stolen = _open(proc / "stat")
        self._pressure = _open(proc / "pressure" / "cpu")
        self._ticks_per_s = os.sysconf("SC_CLK_TCK")

    def read(self) -> Disturbance:
        """Return the counters as they are now."""
        return Disturbance(
            _read(self._waited, lambda line: int(line.split()[1]) / 1e9 - self._other_threads_s()),
            _read(self._stolen, lambda line: int(line.split()[_STOLEN]) / self._ticks_per_s),
            _read(self._pressure, lambda line: int(line.rpartition(b"total=")[2]) / 1e6),
        )

    def close(self) -> None:
        """Close the files."""
        for descriptor in (self._waited, self._stolen, self._pressure):
            if descriptor is not None:
                os.close(descriptor)
        self._waited = self._stolen = self._pressure = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _open(path: Path) -> int | None:
    with contextlib.suppress(OSError):
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    return None


def _read(descriptor: int | None, seconds: Callable[[bytes], float]) -> float | None:
    """Return the counter in the first line of a file; None if it is not there or means nothing."""
    if descriptor is None:
        return None
    try:
        line = os.pread(descriptor, _ENOUGH, 0).partition(b"\n")[0]
        return seconds(line)
    except (OSError, ValueError, IndexError):  # some kernels have the file and no figures
        return None


def _since(now: float | None, before: float | None) -> float | None:
    """Return a difference that is not negative: a counter of a virtual machine may step back."""
    return None if now is None or before is None else max(0.0, now - before)
