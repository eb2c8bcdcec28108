"""What a ValueEngine says of classes that do not fit, and what it takes of those that do."""

import numpy as np
import pytest

from benchgrad.engines import MLP, SGD, UnsupportedError, ValueEngine
from benchgrad.engines.tensor import Value
from benchgrad.engines.tensor.engine import TensorEngine, logsumexp, pick

MODEL = MLP((2, 3, 2))
X, Y = np.ones((4, 2)), np.array([0, 1, 1, 0])
DIFFERENTIABLE = ("exp", "log", "relu", "sum", "max", "detach")


def engine_of(value=Value, operations=DIFFERENTIABLE, base=TensorEngine, **keywords):
    return base("mine", kind="tensor", value=value, operations=operations, **keywords)


def step(engine):
    classifier = engine.classifier(MODEL, MODEL.initial_parameters(0), SGD(0.1))
    return classifier.train_step(X, Y)


def test_a_kind_that_is_none_is_refused_at_once():
    with pytest.raises(ValueError, match="engine 'mine': kind is 'Tensor', not 'scalar' or"):
        ValueEngine("mine", kind="Tensor", value=Value, operations=())


def test_an_engine_with_a_logsumexp_of_its_own_needs_no_exp_and_log():
    compounds = {"logsumexp": logsumexp, "pick": pick}
    own = engine_of(operations=("relu", "sum"), compounds=compounds)
    assert step(own) == step(engine_of())
    with pytest.raises(UnsupportedError, match="needs detach, exp, log, max"):
        step(engine_of(operations=("relu", "sum")))


def test_a_mean_is_made_of_the_sum():
    assert step(engine_of()) == pytest.approx(step(engine_of(operations=(*DIFFERENTIABLE, "mean"))))


class Nothing(Value):
    """A Value whose gradient is None until there is one."""

    @property
    def grad(self):
        return self._gradient

    @grad.setter
    def grad(self, gradient):
        self._gradient = gradient


class BeginsWithNone(ValueEngine):
    def leaf(self, data):
        return Nothing(data)


def test_a_leaf_that_is_not_used_has_gradient_zero_though_its_class_begins_with_none():
    engine = BeginsWithNone("mine", kind="tensor", value=Value, operations=("sum",))
    _, gradients = engine.value_and_grad(lambda ops, a, b: ops.sum(a), np.ones(2), np.ones(3))
    np.testing.assert_array_equal(gradients[0], np.ones(2))
    np.testing.assert_array_equal(gradients[1], np.zeros(3))


class KeepsAnAxis(TensorEngine):
    """Its losses have shape (1, 1)."""

    def read(self, value):
        return value.data.reshape(1, 1) if value.data.ndim == 0 else value.data


def test_a_loss_of_one_element_in_any_shape_is_a_float():
    assert step(engine_of(base=KeepsAnAxis)) == step(engine_of())


class Broadcasts(TensorEngine):
    """It leaves the gradient of a bias as broadcasting made it."""

    def gradient(self, value):
        return np.ones((4, 3)) if value.shape == (3,) else value.grad


def test_a_gradient_of_another_shape_is_named_with_both_shapes():
    with pytest.raises(ValueError, match=r"gradient of b0, shape \(3,\), has shape \(4, 3\)"):
        step(engine_of(base=Broadcasts))
