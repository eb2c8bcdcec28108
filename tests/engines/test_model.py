"""What is trained and how: first weights to the letter, and the rule of SGD."""

import numpy as np
import pytest

from benchgrad.engines import MLP, SGD


@pytest.mark.parametrize(("activation", "gain"), [("relu", 2.0), ("tanh", 1.0)])
def test_first_weights_to_the_letter(activation, gain):
    rng = np.random.default_rng(7)
    expected = [
        rng.normal(0.0, np.sqrt(gain / 2), size=(2, 32)),
        np.zeros(32),
        rng.normal(0.0, np.sqrt(gain / 32), size=(32, 5)),
        np.zeros(5),
        rng.normal(0.0, np.sqrt(gain / 5), size=(5, 3)),
        np.zeros(3),
    ]
    found = MLP((2, 32, 5, 3), activation).initial_parameters(seed=7)
    assert len(found) == len(expected)
    for parameter, by_rule in zip(found, expected, strict=True):
        np.testing.assert_array_equal(parameter, by_rule, strict=True)


def test_seeds_differ_and_repeat():
    model = MLP((2, 3))
    np.testing.assert_array_equal(model.initial_parameters(1)[0], model.initial_parameters(1)[0])
    assert not np.array_equal(model.initial_parameters(1)[0], model.initial_parameters(2)[0])


def test_defaults():
    model = MLP([2, 32, 2])
    assert model == MLP((2, 32, 2), "relu", "cross_entropy")
    assert model.layers == (2, 32, 2)
    assert SGD(0.05) == SGD(0.05, momentum=0.0, weight_decay=0.0)


@pytest.mark.parametrize("layers", [(), (2,), (2, 0), (0, 2), (2, -3, 2)])
def test_layers_that_are_none(layers):
    with pytest.raises(ValueError, match="layers"):
        MLP(layers)


def test_unknown_activation():
    with pytest.raises(ValueError, match="activation: 'gelu'"):
        MLP((2, 2), activation="gelu")


def test_unknown_loss():
    with pytest.raises(ValueError, match="loss: 'mse'"):
        MLP((2, 2), loss="mse")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_update_by_hand(dtype):
    rule = SGD(learning_rate=0.5, momentum=0.25, weight_decay=0.125)
    p, v = np.array([8.0], dtype), np.zeros(1, dtype)
    g = np.array([2.0], dtype)
    rule.update(p, g, v)  # v = 2 + 0.125 · 8 = 3; p = 8 − 1.5
    assert (v[0], p[0], g[0]) == (3.0, 6.5, 2.0)
    rule.update(p, g, v)  # v = 0.25 · 3 + 2 + 0.125 · 6.5 = 3.5625; p = 6.5 − 1.78125
    assert (v[0], p[0], g[0]) == (3.5625, 4.71875, 2.0)
    assert p.dtype == v.dtype == dtype


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
def test_update_is_the_rule(momentum, weight_decay):
    rng = np.random.default_rng(0)
    p, v, g = rng.normal(size=(3, 4, 2))
    velocity = momentum * v + g + weight_decay * p
    expected = p - 0.1 * velocity
    SGD(0.1, momentum, weight_decay).update(p, g, v)
    np.testing.assert_allclose(p, expected, rtol=1e-15)
    if momentum:
        np.testing.assert_allclose(v, velocity, rtol=1e-15)


def test_step_flops_count_two_for_each_multiply_add_of_the_three_products():
    model = MLP((3, 5, 7, 2))
    forward = weights = 3 * 5 + 5 * 7 + 7 * 2
    inputs = 5 * 7 + 7 * 2  # nobody asks for the gradient of the data
    assert model.step_flops(10) == 2 * 10 * (forward + weights + inputs)
