"""What the process of a cell used: processor time, memory, page faults, switches. No policy.

What the calls of the engine took is left out of what the process used between them.
"""

import contextlib
import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from benchgrad.benchmarks.cell.clock import Clock
from benchgrad.benchmarks.cell.disturbance import Disturbance
from benchgrad.benchmarks.cell.spans import Span
from benchgrad.benchmarks.records import Usage


@dataclass
class Called:
    """What the calls of the engine took so far, while it trained."""

    n_epochs: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    waited_s: float = 0.0

    def add(self, span: Span) -> None:
        """Add the epochs of a span."""
        self.n_epochs += len(span.epochs)
        self.wall_s += sum(epoch.calls_s for epoch in span.epochs)
        self.cpu_s += sum(epoch.calls_cpu_s for epoch in span.epochs)
        self.waited_s += span.disturbance.waited_s or 0.0


@dataclass(frozen=True)
class Used:
    """What this process, and those below it, used so far."""

    own: resource.struct_rusage
    wall_s: float
    cpu_s: float
    disturbance: Disturbance
    children_cpu_s: float

    @classmethod
    def now(cls, clock: Clock) -> Self:
        """Return what was used until now."""
        own = resource.getrusage(resource.RUSAGE_SELF)
        return cls(own, clock.wall(), clock.cpu(), clock.disturbance(), _children_cpu_s())

    def since(self, before: Self, called: Called, step_python_bytes: int) -> Usage:
        """Return what was used since `before`, apart from what the calls of the engine took."""
        between_cpu_s = max(0.0, self.cpu_s - before.cpu_s - called.cpu_s)
        between_s = self.wall_s - before.wall_s - called.wall_s
        other = self.disturbance - before.disturbance
        idle_s = None
        if other.waited_s is not None and other.stolen_s is not None:
            taken_s = max(0.0, other.waited_s - called.waited_s) + other.stolen_s
            idle_s = max(0.0, between_s - between_cpu_s - taken_s)
        return Usage(
            minor_faults=self.own.ru_minflt - before.own.ru_minflt,
            major_faults=self.own.ru_majflt - before.own.ru_majflt,
            voluntary_switches=self.own.ru_nvcsw - before.own.ru_nvcsw,
            involuntary_switches=self.own.ru_nivcsw - before.own.ru_nivcsw,
            step_python_bytes=step_python_bytes,
            between_cpu_s=between_cpu_s,
            between_idle_s=idle_s,
            children_cpu_s=self.children_cpu_s,
        )


def peak_bytes() -> int:
    """Return the highest resident memory of this process so far.

    Linux keeps it per program; `ru_maxrss` would start from the memory of the parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _children_cpu_s() -> float:
    """Return the processor time of all processes below this one, of those that ended too."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total_s = ended.ru_utime + ended.ru_stime
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it ended
            times = child.cpu_times()
            total_s += times.user + times.system
    return total_s
