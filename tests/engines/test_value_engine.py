"""From a Value class to an engine: `value_and_grad`, and the methods that a plugin overrides."""

from collections import Counter

import numpy as np
import pytest

from benchgrad.engines import MLP, SGD, Capabilities, UnsupportedError, ValueEngine, load, scalar

NAMES = ("scalar", "tensor", "micrograd")
AUTOGRAD = pytest.mark.parametrize("engine", [load(name) for name in NAMES], ids=NAMES)
EXACT = pytest.mark.parametrize("engine", [load(name) for name in NAMES[:2]], ids=NAMES[:2])


@AUTOGRAD
def test_value_is_a_float_and_gradients_are_arrays(engine):
    x, y = np.array([[1.0, 2.0]]), np.array([3.0, 4.0])
    value, gradients = engine.value_and_grad(lambda ops, x, y: ops.sum(x * y), x, y)
    assert type(value) is float
    assert value == 11.0
    np.testing.assert_array_equal(gradients[0], [[3.0, 4.0]], strict=True)
    np.testing.assert_array_equal(gradients[1], [1.0, 2.0], strict=True)


@AUTOGRAD
def test_each_call_starts_anew_and_leaves_its_arrays_alone(engine):
    x = np.array([1.0, 2.0])
    for _ in range(2):
        _, (gradient,) = engine.value_and_grad(lambda ops, x: ops.sum(x * x), x)
        np.testing.assert_array_equal(gradient, [2.0, 4.0])
        gradient[:] = 99.0
    np.testing.assert_array_equal(x, [1.0, 2.0])


def test_leaves_of_tensor_share_no_memory_with_the_arrays():
    x, natives = np.array([1.0, 2.0]), []

    def function(ops, native):
        natives.append(native.data)
        return ops.sum(native)

    load("tensor").value_and_grad(function, x)
    assert not np.shares_memory(natives[0], x)


@EXACT
@pytest.mark.parametrize("shape", [(1,), (1, 1)])
def test_result_of_one_element(engine, shape):
    value, (gradient,) = engine.value_and_grad(lambda ops, x: x * x, np.full(shape, 3.0))
    assert value == 9.0
    np.testing.assert_array_equal(gradient, np.full(shape, 6.0), strict=True)


@EXACT
def test_result_of_many_elements_is_refused(engine):
    with pytest.raises((TypeError, ValueError)):
        engine.value_and_grad(lambda ops, x: x * x, np.ones(2))


@EXACT
def test_float32_arrays_have_float32_gradients(engine):
    _, (gradient,) = engine.value_and_grad(lambda ops, x: ops.sum(x * x), np.ones(2, np.float32))
    np.testing.assert_array_equal(gradient, np.array([2, 2], np.float32), strict=True)


def test_numpy_differentiates_no_functions():
    engine = load("numpy")
    assert not engine.capabilities.value_and_grad
    with pytest.raises(UnsupportedError, match="numpy"):
        engine.value_and_grad(lambda ops, x: ops.sum(x), np.ones(2))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("scalar", "scalar"), ("micrograd", "scalar"), ("tensor", "tensor"), ("numpy", "tensor")],
)
def test_declarations(name, kind):
    engine = load(name)
    assert (engine.name, engine.kind) == (name, kind)
    assert isinstance(engine.capabilities, Capabilities)
    both = ("float64", "float32")
    assert engine.capabilities.dtypes == (both if kind == "tensor" else both[:1])


# --- plugins -------------------------------------------------------------------------------


class Foreign:
    """A scalar Value whose names are all different."""

    def __init__(self, number):
        self.inner = scalar.Value(number)

    def wrap(self, inner):
        out = Foreign.__new__(Foreign)
        out.inner = inner
        return out

    def __add__(self, other):
        return self.wrap(self.inner + getattr(other, "inner", other))

    def __mul__(self, other):
        return self.wrap(self.inner * getattr(other, "inner", other))

    def __sub__(self, other):
        return self + other * -1.0

    __radd__ = __add__
    __rmul__ = __mul__

    def rectified(self):
        return self.wrap(self.inner.relu())


class ForeignEngine(ValueEngine):
    """Says in each method what differs, and counts the calls."""

    def __init__(self):
        table = {"relu": Foreign.rectified}
        super().__init__("foreign", kind="scalar", value=Foreign, operations=table, version="1.2")
        self.calls = Counter()

    def leaf(self, data):
        self.calls["leaf"] += 1
        return Foreign(data)

    def constant(self, data):
        self.calls["constant"] += 1
        return data

    def read(self, value):
        self.calls["read"] += 1
        return value.inner.data

    def gradient(self, value):
        self.calls["gradient"] += 1
        return value.inner.grad

    def zero(self, value):
        self.calls["zero"] += 1
        value.inner.zero_grad()

    def assign(self, value, data):
        self.calls["assign"] += 1
        value.inner.data = data

    def backward(self, loss):
        self.calls["backward"] += 1
        loss.inner.backward()

    def inference(self):
        self.calls["inference"] += 1
        return super().inference()


def test_plugin_overrides_what_differs():
    model = MLP((2, 3, 2), loss="hinge")
    parameters = model.initial_parameters(0)
    X, y = np.array([[0.5, -1.0], [1.5, 2.0]]), np.array([0, 1])
    engine = ForeignEngine()
    assert engine.version == "1.2"
    classifier = engine.classifier(model, parameters, SGD(0.1))
    assert engine.calls == {"leaf": 17}
    loss = classifier.train_step(X, y)
    assert engine.calls["zero"] == engine.calls["gradient"] == engine.calls["assign"] == 17
    assert engine.calls["backward"] == 1
    assert engine.calls["constant"] == 4 + 4  # X, and which classes are wrong

    reference = load("numpy").classifier(model, parameters, SGD(0.1))
    assert loss == pytest.approx(reference.train_step(X, y), abs=1e-15)
    for found, expected in zip(classifier.parameters(), reference.parameters(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert engine.calls["inference"] == 0
    np.testing.assert_allclose(classifier.logits(X), reference.logits(X), rtol=1e-14)
    assert engine.calls["inference"] == 1
    value, (gradient,) = engine.value_and_grad(lambda ops, x: ops.sum(x * x), X)
    assert value == 7.5
    np.testing.assert_array_equal(gradient, 2 * X)


def test_scalar_engine_makes_parameters_with_plain_floats():
    seen = []

    class Recording(scalar.Value):
        def __init__(self, data, *rest):
            seen.append(type(data))
            super().__init__(data, *rest)

    engine = ValueEngine("recording", kind="scalar", value=Recording, operations=("relu",))
    model = MLP((2, 2), loss="hinge")
    engine.classifier(model, model.initial_parameters(0), SGD(0.1))
    assert seen == [float] * 6


def test_tensor_knows_constants_and_inference():
    engine = load("tensor")
    assert not engine.constant(np.ones(2)).requires_grad
    assert engine.constant(np.ones(2, int)).dtype == int
    x = engine.leaf(np.ones(2))
    with engine.inference():
        assert (x * 2).parents == ()
    assert (x * 2).parents == (x,)


def test_scalar_constants_are_plain_numbers():
    engine = load("scalar")
    assert engine.constant(2.0) == 2.0
    assert isinstance(engine.leaf(2.0), scalar.Value)
