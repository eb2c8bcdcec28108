"""A workload that never changes: how fast is the machine right now?

Like the engines it is half Python and half NumPy. It knows no engine and judges nothing.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchgrad.benchmarks.cell.clock import Clock, timed

_N_REPEATS = 5
_N_ADDITIONS = 60_000
_N_PRODUCTS = 60
_PRODUCT_N = 96


def machine_speed(clock: Clock) -> list[float]:
    """Return how many seconds each of five repeats took, a few milliseconds each."""
    a = np.full((_PRODUCT_N, _PRODUCT_N), 0.5)
    with threadpool_limits(1):  # more threads would measure how they wait for each other
        return [timed(_work, a, clock=clock).wall_s for _ in range(_N_REPEATS)]


def _work(a: NDArray[Any]) -> float:
    total = 0.0
    for i in range(_N_ADDITIONS):
        total += i * 0.5
    for _ in range(_N_PRODUCTS):
        a = np.tanh(a @ a)
    return total + float(a[0, 0])
