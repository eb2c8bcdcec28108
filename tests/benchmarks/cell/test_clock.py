import gc

from benchgrad.benchmarks.cell.clock import Clock, CollectorTimer, timed


class FakeTime:
    """A clock that moves only when it is told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_only_the_call_is_timed():
    wall, cpu = FakeTime(), FakeTime()

    def work(seconds):
        wall.now += seconds
        cpu.now += 2 * seconds
        return "done"

    wall.now = cpu.now = 100.0
    result = timed(work, 3.0, clock=Clock(wall, cpu))
    assert (result.result, result.wall_s, result.cpu_s) == ("done", 3.0, 6.0)
    assert result.collector_s == 0.0


def test_the_collectors_time_is_summed():
    ticks = iter(range(100))
    with CollectorTimer(lambda: next(ticks)) as collector:
        gc.collect()
        gc.collect()
    assert collector.total_s == 2.0


def test_the_collector_is_left_as_it_was():
    before = list(gc.callbacks)
    with CollectorTimer(lambda: 0.0):
        assert len(gc.callbacks) == len(before) + 1
    assert gc.callbacks == before
