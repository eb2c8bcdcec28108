"""Results of a replay share memory, and nothing is overwritten that is still to be read."""

from itertools import pairwise

import numpy as np
import pytest

from benchgrad.engines import MLP, SGD, load
from benchgrad.engines.tensor.memory import Step, owner_of, share


def made(steps):
    """Make the calls."""
    for step in steps:
        step.function(*step.arguments, **step.keywords)


def chain(start, n):
    """Return n calls, each of which adds one to the result of the last, and all results."""
    results = [start, *(np.full_like(start, np.nan) for _ in range(n))]
    pairs = pairwise(results)
    return [Step(np.add, after, (before, 1.0, after), {}) for before, after in pairs], results


def owners(steps):
    """Return the memory that calls write into."""
    return {id(owner_of(step.target)) for step in steps}


def test_a_chain_needs_two_places_and_its_end():
    start = np.zeros(5)
    steps, results = chain(start, 10)
    moved = share(steps, keep=[results[-1]])
    assert len(owners(moved)) == 3
    for offset in (0.0, 7.0):
        start[...] = offset
        made(moved)
        np.testing.assert_array_equal(results[-1], start + 10)


def test_no_result_takes_the_place_of_an_operand():
    steps, results = chain(np.zeros(5), 10)
    for step in share(steps, keep=[results[-1]]):
        before, _, after = step.arguments
        assert not np.shares_memory(before, after)


def test_what_is_kept_is_never_lent():
    steps, results = chain(np.zeros(5), 6)
    made(share(steps, keep=results[2:4]))
    np.testing.assert_array_equal(results[2], np.full(5, 2.0))
    np.testing.assert_array_equal(results[3], np.full(5, 3.0))


def test_what_is_read_late_is_not_overwritten():
    steps, results = chain(np.zeros(5), 6)
    total = np.empty(5)
    steps.append(Step(np.add, total, (results[1], results[6], total), {}))
    made(share(steps, keep=[total]))
    np.testing.assert_array_equal(total, np.full(5, 7.0))


def test_views_move_along_with_their_memory():
    start = np.arange(6.0).reshape(2, 3)
    middle, end = np.empty((2, 3)), np.empty((3, 2))
    steps = [
        Step(np.add, middle, (start, 1.0), {"out": middle}),
        Step(np.multiply, end, (middle.T[::-1], 2.0, end), {}),
    ]
    moved = share(steps, keep=[end])
    assert not np.shares_memory(moved[1].arguments[0], middle)
    made(moved)
    np.testing.assert_array_equal(end, (start + 1).T[::-1] * 2)


def test_arrays_within_tuples_move_too():
    parts, end = [np.empty(2), np.empty(2)], np.empty(4)
    steps = [Step(np.copyto, part, (part, float(i)), {}) for i, part in enumerate(parts)]
    steps.append(Step(np.concatenate, end, (tuple(parts),), {"out": end}))
    moved = share(steps, keep=[end])
    for part in parts:
        part[...] = np.nan
    made(moved)
    np.testing.assert_array_equal(end, [0.0, 0.0, 1.0, 1.0])


@pytest.mark.parametrize("n_layers", [4, 16])
def test_a_deep_network_replays_in_less_than_its_graph_holds(n_layers):
    model = MLP((8, *[32] * n_layers, 3))
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(64, 8)), rng.integers(0, 3, 64)
    parameters = model.initial_parameters(0)
    held = load("tensor").classifier(model, parameters, SGD(0.1)).counts(X, y).array_bytes
    replayed = load("tensor-replay").classifier(model, parameters, SGD(0.1))
    steps = replayed._run(X, y)._tape._steps
    places = {id(owner_of(step.target)): owner_of(step.target).nbytes for step in steps}
    places.pop(id(owner_of(replayed._eager.state)))  # that the gradients are written into
    hidden = 64 * 32 * 8
    assert sum(places.values()) < min(held, hidden * (n_layers + 8))
