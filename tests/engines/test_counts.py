"""Counts that a change cannot move unseen, on any machine: no clock is read."""

import numpy as np
import pytest

from benchgrad.engines import MLP, SGD, ValueEngine, load
from benchgrad.engines.counts import count_graph
from benchgrad.engines.scalar import Value as Scalar
from benchgrad.engines.tensor import Value as Tensor

N, MULTIPLY_ADDS, NEURONS = 32, 32 * (2 * 32 + 32 * 32 + 32 * 2), 32 * (32 + 32 + 2)


def counted(name, n=N):
    """Return the counts of a step of the headline plan."""
    model = MLP((2, 32, 32, 2))
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(n, 2)), rng.integers(0, 2, n)
    classifier = load(name).classifier(model, model.initial_parameters(0), SGD(0.05))
    return classifier.counts(X, y)


# Of the loss: shift, exp, log and the maximum put back, the sums of a row and of the batch.
LOSS = {"-": 3 * N, "exp": 2 * N, "log": N, "relu": 64 * N}


def test_the_scalar_graph_has_two_nodes_for_each_multiply_add():
    found = counted("scalar")
    sums = MULTIPLY_ADDS + N + N + N - 1  # products and biases; row sums; maxima; the batch
    assert found.nodes == {"*": MULTIPLY_ADDS + 1, "+": sums, **LOSS}
    assert found.array_bytes == 0


def test_scalar_dot_has_one_node_for_each_neuron():
    found = counted("scalar-dot")
    assert found.nodes == {"*": 1, "+": N + N + N - 1, "dot": NEURONS, **LOSS}


def test_micrograd_has_the_scalar_graph_with_its_own_subtraction():
    found, scalar = counted("micrograd", n=4), counted("scalar", n=4)
    assert found.nodes["ReLU"] == scalar.nodes["relu"]
    assert found.nodes["*"] >= scalar.nodes["*"]
    assert found.n_nodes > scalar.n_nodes


def test_a_scalar_node_takes_at_most_a_third_of_micrograds_memory():
    scalar, micrograd = counted("scalar", n=4), counted("micrograd", n=4)
    assert scalar.node_bytes / scalar.n_nodes <= micrograd.node_bytes / micrograd.n_nodes / 3


def test_the_tensor_graph_has_six_nodes_whatever_the_batch():
    expected = {"linear": 3, "relu": 2, "cross_entropy": 1}
    for n in (1, N):
        found = counted("tensor", n)
        assert found.nodes == expected
        assert found.edges == 2 + 3 + 3 + 2 + 1
    assert counted("tensor", 64).array_bytes > counted("tensor", 32).array_bytes > 0


def test_counts_are_the_same_each_time():
    assert counted("scalar", n=4) == counted("scalar", n=4)
    assert counted("tensor") == counted("tensor")


@pytest.mark.parametrize("name", ["numpy", "tensor-replay"])
def test_an_engine_without_a_graph_in_its_step_says_nothing(name):
    assert counted(name) is None


def test_an_engine_that_does_not_show_its_graph_says_nothing():
    engine = ValueEngine("plain", kind="scalar", value=Scalar, operations=("exp", "log", "relu"))
    model = MLP((2, 3, 2))
    classifier = engine.classifier(model, model.initial_parameters(0), SGD(0.1))
    assert classifier.counts(np.ones((2, 2)), np.zeros(2, int)) is None


@pytest.mark.parametrize("value", [Scalar, Tensor])
def test_shared_nodes_and_leaves(value):
    x = value(2.0)
    y = x * x
    found = count_graph(y + y, lambda v: v.parents, lambda v: v.operation)
    assert found.nodes == {"*": 1, "+": 1}
    assert found.edges == 4
    leaf = count_graph(x, lambda v: v.parents, lambda v: v.operation)
    assert (leaf.nodes, leaf.edges, leaf.node_bytes) == ({}, 0, 0)
