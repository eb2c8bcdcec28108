"""What a page times for itself, and on which computer. The records of runs are `sample`'s."""

import time
from collections.abc import Callable

from benchgrad.benchmarks.run.environment import observe
from benchgrad.book.said import Said, machine_of


def machine() -> Said:
    """Return what this computer is, as a text says it."""
    return machine_of(observe())


def best_of(function: Callable[[], object], repeats: int = 20) -> float:
    """Return the shortest time that a call took, in seconds.

    A busy machine makes a call longer, and none shorter.
    """
    found = []
    for _ in range(repeats):
        begun = time.perf_counter()
        function()
        found.append(time.perf_counter() - begun)
    return min(found)
