import numpy as np
import pytest

from benchgrad.benchmarks.cell.clock import Clock
from benchgrad.benchmarks.cell.training import Instruments, Schedule, train
from benchgrad.engines import Classifier


class SlowClassifier(Classifier):
    """Takes two seconds of a fake clock an epoch; remembers its batches."""

    def __init__(self):
        self.now = 0.0
        self.seen = []

    def train_step(self, X, y):
        self.seen.append(X[:, 0].astype(int).tolist())
        return float(len(X))

    def train_epoch(self, X, y, batches):
        self.now += 2.0
        return super().train_epoch(X, y, batches)

    def gradients(self, X, y):
        return []

    def logits(self, X):
        return X

    def parameters(self):
        return []


def run(schedule, n=70):
    classifier = SlowClassifier()
    X, y = np.arange(n, dtype=float)[:, None], np.zeros(n, int)
    clock = Clock(wall=lambda: classifier.now, cpu=lambda: classifier.now)
    return classifier, list(train(classifier, X, y, schedule, Instruments(clock)))


def test_every_epoch_visits_every_row_once_and_keeps_the_short_batch():
    classifier, epochs = run(Schedule(n_epochs=2, batch_size=32, seed=0))
    assert [epoch.losses.tolist() for epoch in epochs] == [[32.0, 32.0, 6.0]] * 2
    for i in (0, 3):
        assert sorted(row for batch in classifier.seen[i : i + 3] for row in batch) == list(
            range(70)
        )
    assert classifier.seen[:3] != classifier.seen[3:]


def test_a_batch_size_that_divides_the_rows_leaves_no_empty_batch():
    _, epochs = run(Schedule(n_epochs=1, batch_size=35, seed=0))
    assert epochs[0].losses.tolist() == [35.0, 35.0]


def test_the_seed_and_the_round_draw_the_batches():
    first = run(Schedule(1, 32, seed=0))[0].seen
    assert run(Schedule(1, 32, seed=0))[0].seen == first
    assert run(Schedule(1, 32, seed=1))[0].seen != first
    assert run(Schedule(1, 32, seed=0, round=1))[0].seen != first


def test_a_budget_ends_training_at_the_end_of_an_epoch():
    _, epochs = run(Schedule(n_epochs=10, batch_size=32, seed=0, budget_s=5.0))
    assert [epoch.wall_s for epoch in epochs] == [2.0, 2.0, 2.0]


def test_a_budget_leaves_at_least_one_epoch():
    assert len(run(Schedule(n_epochs=10, batch_size=32, seed=0, budget_s=0.1))[1]) == 1


@pytest.mark.parametrize(("least", "n_epochs"), [(1, 1), (4, 4), (20, 10)])
def test_a_budget_leaves_as_many_epochs_as_the_plan_needs(least, n_epochs):
    schedule = Schedule(n_epochs=10, batch_size=32, seed=0, budget_s=0.1, least_epochs=least)
    assert len(run(schedule)[1]) == n_epochs
