"""Spans: which epochs the runner hears of together, on a fake clock."""

import numpy as np
import pytest

from benchgrad.benchmarks.cell.clock import Clock
from benchgrad.benchmarks.cell.disturbance import Disturbance
from benchgrad.benchmarks.cell.measure import witnessed
from benchgrad.benchmarks.cell.spans import ALONE, SPAN_S, spans
from benchgrad.benchmarks.cell.training import TrainedEpoch
from benchgrad.benchmarks.records import Epoch


class Machine:
    """A fake clock, and a kernel that counts a wait of 1 s for each second."""

    def __init__(self):
        self.now = 0.0
        self.n_readings = 0

    def disturbance(self):
        self.n_readings += 1
        return Disturbance(waited_s=self.now)

    def clock(self):
        return Clock(wall=lambda: self.now, cpu=lambda: 0.0, disturbance=self.disturbance)

    def epochs(self, taken_s):
        for wall_s in taken_s:
            self.now += wall_s
            yield TrainedEpoch(np.zeros(1), [], wall_s, 0.0, 0.0, 0.0, wall_s, 0.0)


def lengths(taken_s):
    machine = Machine()
    return [len(span.epochs) for span in spans(machine.epochs(taken_s), machine.clock())]


def test_long_epochs_are_spans_of_their_own():
    assert lengths([SPAN_S] * 8) == [1] * 8


def test_short_epochs_share_a_span_after_the_first_few():
    assert lengths([SPAN_S / 4 * 1.01] * (ALONE + 10)) == [1] * ALONE + [4, 4, 2]


def test_the_kernel_is_asked_at_the_ends_of_a_span_only():
    machine = Machine()
    for _ in spans(machine.epochs([SPAN_S / 50 * 1.01] * (ALONE + 100)), machine.clock()):
        pass
    assert machine.n_readings == 1 + 2 * (ALONE + 2)


def test_each_epoch_has_its_share_of_what_disturbed_the_span():
    machine = Machine()
    *_, last = spans(machine.epochs([1.0] * ALONE + [0.002, 0.006]), machine.clock())
    shares = [disturbance.waited_s for _, _, disturbance in last.each()]
    assert shares == pytest.approx([0.002, 0.006])
    assert [own_s for _, own_s, _ in last.each()] == pytest.approx([0.002, 0.006])
    assert {disturbance.stolen_s for _, _, disturbance in last.each()} == {None}


def test_what_ended_before_an_error_is_reported_before_it():
    machine = Machine()

    def failing():
        yield from machine.epochs([SPAN_S / 10] * (ALONE + 3))
        raise SystemExit(3)

    found = spans(failing(), machine.clock())
    assert [len(next(found).epochs) for _ in range(ALONE + 1)] == [1] * ALONE + [3]
    with pytest.raises(SystemExit):
        next(found)


def test_whoever_stops_listening_gets_no_more():
    machine = Machine()
    found = spans(machine.epochs([SPAN_S / 4] * 20), machine.clock())
    next(found)
    found.close()
    assert machine.now == SPAN_S / 4


def test_the_runners_time_is_shared_out_by_the_workers():
    epochs = [Epoch(0.1, 0.1, 0.0, [], None, None, own_s=own_s) for own_s in (1.0, 3.0)]
    assert [epoch.witness_s for epoch in witnessed(epochs, 8.0)] == [2.0, 6.0]
    stopped = [Epoch(0.1, 0.1, 0.0, [], None, None, own_s=0.0)] * 2
    assert [epoch.witness_s for epoch in witnessed(stopped, 8.0)] == [4.0, 4.0]
