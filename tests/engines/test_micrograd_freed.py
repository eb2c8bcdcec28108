"""The ladder's micrograd whose steps leave nothing to the cyclic collector."""

import gc

import numpy as np
import pytest
from micrograd.engine import Value

from benchgrad.engines import MLP, SGD, load

MODEL = MLP((2, 4, 3))
X = np.random.default_rng(1).normal(size=(6, 2))
Y = np.arange(6) % 3
FREED = "benchgrad.engines.peers.micrograd:freed"


def trained(engine):
    """Return a classifier after three steps without the collector, and how many Values live."""
    classifier = load(engine).classifier(MODEL, MODEL.initial_parameters(0), SGD(0.1))
    gc.collect()
    gc.disable()
    try:
        losses = [classifier.train_step(X, Y) for _ in range(3)]
        return losses, classifier, sum(type(found) is Value for found in gc.get_objects())
    finally:
        gc.enable()


@pytest.fixture(scope="module")
def freed():
    return trained(FREED)


def test_only_the_parameters_outlive_a_step(freed):
    _, classifier, n_alive = freed
    assert n_alive == sum(p.size for p in classifier.parameters())


def test_as_shipped_the_graphs_stay_until_somebody_collects():
    _, classifier, n_alive = trained("micrograd")
    assert n_alive > 10 * sum(p.size for p in classifier.parameters())


def test_its_steps_are_those_of_micrograd(freed):
    losses, classifier, _ = freed
    expected, other, _ = trained("micrograd")
    assert losses == pytest.approx(expected, rel=1e-12)
    for p, q in zip(classifier.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-12)
