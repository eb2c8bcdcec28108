"""The plain hand-written step: no more arithmetic than the rule that the other engines share."""

import numpy as np
import pytest

from benchgrad.engines import MLP, SGD, load

MODEL = MLP((2, 4, 3))
X = np.random.default_rng(1).normal(size=(8, 2))
Y = np.arange(8) % 3


def classifier(rule):
    return load("numpy").classifier(MODEL, MODEL.initial_parameters(0), rule)


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_without_momentum_the_velocities_are_neither_read_nor_written(weight_decay):
    found = classifier(SGD(0.1, 0.0, weight_decay))
    for velocity in found._velocities:
        velocity.fill(np.nan)
    found.train_step(X, Y)
    assert all(np.isfinite(p).all() for p in found.parameters())
    assert all(np.isnan(velocity).all() for velocity in found._velocities)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_its_steps_are_those_of_the_shared_rule(momentum, weight_decay):
    rule = SGD(0.1, momentum, weight_decay)
    found = classifier(rule)
    parameters = MODEL.initial_parameters(0)
    velocities = [np.zeros_like(p) for p in parameters]
    for _ in range(5):
        gradients = found.gradients(X, Y)
        for p, g, v in zip(parameters, gradients, velocities, strict=True):
            rule.update(p, g, v)
        found.train_step(X, Y)
        for p, expected in zip(found.parameters(), parameters, strict=True):
            np.testing.assert_allclose(p, expected, rtol=1e-13, atol=1e-15)
