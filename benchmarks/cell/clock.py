"""The clock: how long one call took, and how much of that the garbage collector. No policy."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from benchgrad.benchmarks.cell.disturbance import Disturbance

T = TypeVar("T")


@dataclass(frozen=True)
class Clock:
    """Two clocks in seconds that never go backwards; tests pass their own.

    `disturbance` is read before and after an epoch, where somebody opened the kernel's counters.
    """

    wall: Callable[[], float] = time.perf_counter
    cpu: Callable[[], float] = time.process_time
    disturbance: Callable[[], Disturbance] = Disturbance


@dataclass(frozen=True)
class Timed(Generic[T]):
    """The result of a call, and what it took in seconds."""

    result: T
    wall_s: float
    cpu_s: float
    collector_s: float


class CollectorTimer:
    """A context that sums the time spent in the cyclic garbage collector."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self.total_s = 0.0
        self._wall = wall
        self._began = 0.0

    def __enter__(self) -> Self:
        gc.callbacks.append(self._on_collection)
        return self

    def __exit__(self, *error: object) -> None:
        gc.callbacks.remove(self._on_collection)

    def _on_collection(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "start":
            self._began = self._wall()
        else:
            self.total_s += self._wall() - self._began


def timed(function: Callable[..., T], *arguments: Any, clock: Clock) -> Timed[T]:
    """Call `function` once between two readings of the clock, with nothing else between them."""
    wall, cpu = clock.wall, clock.cpu
    with CollectorTimer(wall) as collector:
        cpu_before = cpu()
        before = wall()
        result = function(*arguments)
        after = wall()
        cpu_after = cpu()
    return Timed(result, after - before, cpu_after - cpu_before, collector.total_s)
