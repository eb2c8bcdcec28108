"""The fixed workload: the same each time, between two readings of the clock."""

from benchgrad.benchmarks.cell.clock import Clock
from benchgrad.benchmarks.cell.machine_speed import _work, machine_speed


def test_each_repeat_is_timed_by_itself():
    ticks = iter(range(100))
    taken = machine_speed(Clock(wall=lambda: next(ticks), cpu=lambda: 0.0))
    assert taken == [1.0] * 5


def test_the_work_is_always_the_same():
    import numpy as np

    a = np.full((96, 96), 0.5)
    assert _work(a) == _work(a)
    assert (a == 0.5).all()
