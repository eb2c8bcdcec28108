"""Depth and memory of graphs: a million nodes, and nothing left to the cycle collector."""

import gc
from contextlib import contextmanager

import numpy as np
import pytest

from benchgrad.engines import MLP, SGD, load, scalar, tensor
from benchgrad.engines.value_classifier import collector_paused


@contextmanager
def without_collector():
    """Collect once, then never within this context."""
    gc.collect()
    with collector_paused():
        yield


def count(Value):
    """Return how many Values of a class are alive, reachable or not."""
    return sum(type(o) is Value for o in gc.get_objects())


@pytest.mark.parametrize("Value", [scalar.Value, tensor.Value], ids=["scalar", "tensor"])
def test_a_million_additions(Value):
    n = 1_000_000
    x = Value(1.0)
    with without_collector():
        before = count(Value)
        y = x
        for _ in range(n):
            y = y + x
        y.backward()
        assert count(Value) == before + n
        assert (float(y.data), float(x.grad)) == (n + 1.0, n + 1.0)
        del y
        assert count(Value) == before


def train(engine, loss):
    model = MLP((2, 4, 3), loss=loss)
    classifier = load(engine).classifier(model, model.initial_parameters(0), SGD(0.1, momentum=0.9))
    X, y = np.random.default_rng(0).normal(size=(6, 2)), np.array([0, 1, 2, 2, 1, 0])
    return classifier, lambda: (classifier.train_step(X, y), classifier.gradients(X, y))


@pytest.mark.parametrize("loss", ["cross_entropy", "hinge"])
@pytest.mark.parametrize(
    ("engine", "Value"),
    [("scalar", scalar.Value), ("tensor", tensor.Value)],
    ids=["scalar", "tensor"],
)
def test_a_training_step_leaves_nothing_behind(engine, Value, loss):
    classifier, step = train(engine, loss)
    step()
    with without_collector():
        before = count(Value)
        step()
        classifier.logits(np.ones((3, 2)))
        assert count(Value) == before
        gc.collect()
        assert count(Value) == before


def test_the_count_notices_cycles():
    # The graphs of micrograd are cycles; if this fails, the tests above prove nothing.
    micrograd = load("micrograd")
    _, step = train("micrograd", "hinge")
    with without_collector():
        before = count(micrograd.value)
        step()
        left = count(micrograd.value)
        gc.collect()
        assert left > before + 100 >= count(micrograd.value)


@pytest.mark.parametrize("Value", [scalar.Value, tensor.Value], ids=["scalar", "tensor"])
def test_values_have_slots_only(Value):
    with pytest.raises(AttributeError):
        Value(1.0).label = "a new attribute would cost every node a dictionary"
