"""The batches, against the design's words, and the loop over them."""

import numpy as np
import pytest

from benchgrad.engines import batch_generator, draw_epochs, train_epochs


def rows(epochs):
    return [[batch.tolist() for batch in batches] for batches in epochs]


def draw(n_epochs=2, n_samples=70, batch_size=32, seed=0, round=0):
    return rows(draw_epochs(n_epochs, n_samples, batch_size, batch_generator(seed, round)))


def test_batches_are_to_the_letter_those_of_the_design():
    rng = np.random.default_rng((3, 1))
    expected = []
    for _ in range(2):
        order = rng.permutation(70).tolist()
        expected.append([order[:32], order[32:64], order[64:]])
    assert draw(seed=3, round=1) == expected


def test_every_epoch_visits_every_row_once_in_another_order():
    first, second = draw()
    for epoch in (first, second):
        assert [len(batch) for batch in epoch] == [32, 32, 6]
        assert sorted(row for batch in epoch for row in batch) == list(range(70))
    assert first != second


@pytest.mark.parametrize(
    ("n_samples", "sizes"), [(64, [32, 32]), (32, [32]), (5, [5]), (1, [1]), (33, [32, 1])]
)
def test_no_batch_is_empty_and_no_row_is_left_out(n_samples, sizes):
    (epoch,) = draw(n_epochs=1, n_samples=n_samples)
    assert [len(batch) for batch in epoch] == sizes


def test_the_seed_and_the_round_draw_the_batches():
    assert draw(seed=1) == draw(seed=1)
    assert draw(seed=1) != draw(seed=0)
    assert draw(seed=0, round=1) != draw(seed=0)


def test_epochs_drawn_one_by_one_are_those_drawn_at_once():
    rng = batch_generator(0)
    assert [rows(draw_epochs(1, 70, 32, rng))[0] for _ in range(3)] == draw(n_epochs=3)


def test_the_loop_makes_one_call_for_each_epoch_and_no_sooner_than_asked():
    X, y, calls = np.zeros((4, 1)), np.zeros(4, int), []

    def train_epoch(*arguments):
        calls.append(arguments)
        return len(calls)

    epochs = list(draw_epochs(2, 4, 3, batch_generator(0)))
    loop = train_epochs(train_epoch, X, y, epochs)
    assert not calls
    assert next(loop) == 1
    assert len(calls) == 1
    assert list(loop) == [2]
    for (given_X, given_y, batches), epoch in zip(calls, epochs, strict=True):
        assert given_X is X
        assert given_y is y
        assert batches is epoch
