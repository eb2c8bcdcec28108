"""Spans: which epochs the runner hears of together, on a fake clock."""

import numpy as np
import pytest

from benchgrad.benchmarks.cell.clock import Clock
from benchgrad.benchmarks.cell.disturbance import Disturbance
from benchgrad.benchmarks.cell.measure import witnessed
from benchgrad.benchmarks.cell.shelf import Shelf
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
            yield TrainedEpoch(np.zeros(1), [], wall_s, 0.0, 0.0, 0.0, 0.0, 0.0)


def lengths(taken_s):
    machine = Machine()
    return [len(span.epochs) for span in spans(machine.epochs(taken_s), machine.clock(), Shelf())]


def test_long_epochs_are_spans_of_their_own():
    assert lengths([SPAN_S * 1.01] * 8) == [1] * 8


def test_short_epochs_share_a_span_after_the_first_few():
    assert lengths([SPAN_S / 4 * 1.01] * (ALONE + 10)) == [1] * ALONE + [4, 4, 2]


def test_the_kernel_is_asked_at_the_ends_of_a_span_only():
    machine = Machine()
    for _ in spans(machine.epochs([SPAN_S / 50 * 1.01] * (ALONE + 100)), machine.clock(), Shelf()):
        pass
    assert machine.n_readings == 1 + 2 * (ALONE + 2)


def test_each_epoch_has_its_share_of_what_disturbed_the_span():
    machine = Machine()
    *_, last = spans(machine.epochs([1.0] * ALONE + [0.002, 0.006]), machine.clock(), Shelf())
    shares = [disturbance.waited_s for _, _, disturbance in last.each()]
    assert shares == pytest.approx([0.002, 0.006])
    assert [own_s for _, own_s, _ in last.each()] == pytest.approx([0.002, 0.006])
    assert {disturbance.stolen_s for _, _, disturbance in last.each()} == {None}


def test_what_ended_before_an_error_is_reported_before_it():
    machine = Machine()

    def failing():
        yield from machine.epochs([SPAN_S / 10] * (ALONE + 3))
        raise SystemExit(3)

    found = spans(failing(), machine.clock(), Shelf())
    assert [len(next(found).epochs) for _ in range(ALONE + 1)] == [1] * ALONE + [3]
    with pytest.raises(SystemExit):
        next(found)


def test_whoever_stops_listening_gets_no_more():
    machine = Machine()
    found = spans(machine.epochs([SPAN_S / 4] * 20), machine.clock(), Shelf())
    next(found)
    found.close()
    assert machine.now == SPAN_S / 4


def test_a_span_ends_when_its_results_fill_the_shelf():
    shelf, machine = Shelf(capacity=10), Machine()

    def training():
        for epoch in machine.epochs([1e-4] * (ALONE + 8)):
            shelf.put(np.zeros((2, 2)))
            yield epoch

    found = [len(span.epochs) for span in spans(training(), machine.clock(), shelf)]
    assert found == [1] * ALONE + [3, 3, 2]


def test_a_shelf_holds_copies_until_it_is_cleared():
    shelf, arrays = Shelf(capacity=8), [np.arange(6).reshape(2, 3).T, np.array(7, np.int64)]
    first = [shelf.put(array) for array in arrays]
    large = shelf.put(np.ones(2, np.float32))
    arrays[0][...] = 0
    assert first[0].tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
    assert (first[1].tolist(), first[1].shape, large.tolist()) == (7.0, (), [1.0, 1.0])
    assert shelf.is_full
    shelf.clear()
    shelf.put(np.full(6, 8.0))
    assert not shelf.is_full
    assert first[0].min() == 8.0
    assert large.tolist() == [1.0, 1.0]


def test_the_runners_time_is_shared_out_by_the_workers():
    epochs = [Epoch(0.1, 0.1, 0.0, [], None, None, own_s=own_s) for own_s in (1.0, 3.0)]
    assert [epoch.witness_s for epoch in witnessed(epochs, 8.0)] == [2.0, 6.0]
    stopped = [Epoch(0.1, 0.1, 0.0, [], None, None, own_s=0.0)] * 2
    assert [epoch.witness_s for epoch in witnessed(stopped, 8.0)] == [4.0, 4.0]
