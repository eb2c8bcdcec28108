"""The scalar graph in flat arrays: the same numbers, the same nodes, and no value frozen."""

import re

import numpy as np
import pytest
from drawn_graphs import drawn_graphs

from benchgrad.engines import MLP, SGD, UnsupportedError, load
from benchgrad.engines.compiled.recorder import Graph, Number, RecordError
from benchgrad.engines.conformance.cases.table import CASES

ENGINE, SCALAR = load("scalar-compiled"), load("scalar")


def assert_alike(function, *arrays):
    value, gradients = ENGINE.value_and_grad(function, *arrays)
    expected, wanted = SCALAR.value_and_grad(function, *arrays)
    np.testing.assert_allclose(value, expected, 1e-12, 1e-12)
    for one, other in zip(gradients, wanted, strict=True):
        np.testing.assert_allclose(one, other, 1e-12, 1e-12)


def loss_of(case):
    return lambda ops, *xs: ops.sum(ops.tanh(case.program.function(ops, *xs)))


def test_every_operation_and_200_random_graphs():
    """All in one test, since the loops are compiled once in a process."""
    for case in CASES:
        if not re.search(r"max|min", case.name):
            assert_alike(loss_of(case), *case.arrays(0))
    for function, arrays in drawn_graphs(200, without="max"):
        assert_alike(function, *arrays)


@pytest.mark.parametrize(
    ("loss", "activation", "rule"),
    [("cross_entropy", "relu", SGD(0.05)), ("hinge", "tanh", SGD(0.05, 0.9, 0.01))],
)
def test_it_trains_to_the_same_numbers_with_the_same_counts(loss, activation, rule):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 2)), rng.integers(0, 3, 20)
    model = MLP((2, 4, 3), activation, loss)
    batches = [np.split(rng.permutation(20), [8, 16]) for _ in range(3)]
    results = []
    for engine in (ENGINE, SCALAR):
        classifier = engine.classifier(model, model.initial_parameters(0), rule)
        losses = [classifier.train_epoch(X, y, epoch) for epoch in batches]
        parts = (*losses, *classifier.parameters(), *classifier.gradients(X[:8], y[:8]))
        counts = classifier.counts(X[:8], y[:8])
        results.append((np.concatenate([np.ravel(p) for p in parts]), counts.nodes, counts.edges))
        assert classifier.logits(X).shape == (20, 3)
    np.testing.assert_allclose(results[0][0], results[1][0], 1e-12, 1e-12)
    assert results[0][1:] == results[1][1:]


def test_a_step_of_the_headline_plan_has_76064_nodes():
    model = MLP((2, 32, 32, 2))
    classifier = ENGINE.classifier(model, model.initial_parameters(0), SGD(0.05))
    assert classifier.counts(np.zeros((32, 2)), np.zeros(32, int)).n_nodes == 76_064


def test_what_depends_on_the_data_is_not_frozen():
    """The maximum, the kink of a relu and the label may fall elsewhere in the next batch."""
    model = MLP((1, 2, 2))
    parameters = [np.array([[1.0, -1.0]]), np.zeros(2), np.eye(2) * 3.0, np.zeros(2)]
    compiled, eager = (e.classifier(model, parameters, SGD(0.0)) for e in (ENGINE, SCALAR))
    for x, label in ((1.0, 0), (-1.0, 0), (-1.0, 1), (400.0, 1), (0.0, 0)):
        X, y = np.array([[x]]), np.array([label])
        assert compiled.train_step(X, y) == pytest.approx(eager.train_step(X, y), abs=1e-12)
        for one, other in zip(compiled.gradients(X, y), eager.gradients(X, y), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-12)


@pytest.mark.parametrize("read", [bool, float, int, lambda n: [1, 2][n], lambda n: n > 0 and n])
def test_a_value_that_is_read_or_branched_on_is_refused(read):
    (number,) = Graph().inputs((1,))
    assert isinstance(number, Number)
    with pytest.raises(RecordError, match="was read, or branched on"):
        read(number)


def test_a_formula_that_reads_a_value_is_left_to_the_scalar_engine():
    assert_alike(lambda ops, x: x[0] * 2.0 if float(ops.detach(x)[0]) > 0 else x[1], np.ones(2))


def test_a_maximum_of_values_is_refused_as_by_the_scalar_engine():
    with pytest.raises(UnsupportedError, match="max of scalar Values"):
        ENGINE.value_and_grad(lambda ops, x: ops.max(x), np.ones(2))


@pytest.mark.parametrize(
    "function",
    [
        lambda ops, x: 3.0,
        lambda ops, x: ops.detach(x)[0],
        lambda ops, x: x[1],
        lambda ops, x: x[0] ** 0,
    ],
)
def test_results_without_a_graph(function):
    assert_alike(function, np.array([2.0, 4.0]))
