"""The engine `scalar-dot`: a neuron is one node. Its training is compared in test_classifiers."""

import gc

import numpy as np
import pytest

from benchgrad.engines import MLP, SGD, load
from benchgrad.engines.scalar import Value
from benchgrad.engines.scalar.dot import linear
from benchgrad.engines.topology import topological_order


def values(array):
    return np.frompyfunc(Value, 1, 1)(array.astype(object))


def layer(tracked):
    rng = np.random.default_rng(0)
    x, W, b = rng.normal(size=(3, 4)), rng.normal(size=(4, 2)), rng.normal(size=2)
    native = values(x) if tracked else x.astype(object)
    return (x, W, b), (native, values(W), values(b))


@pytest.mark.parametrize("tracked", [True, False])
def test_a_layer_is_the_product_plus_the_bias_with_a_node_for_each_neuron(tracked):
    (x, W, b), natives = layer(tracked)
    out = linear(*natives)
    np.testing.assert_allclose([[v.data for v in row] for row in out], x @ W + b)
    parents = 4 + 1 + (4 if tracked else 0)
    assert {len(node.parents) for node in out.flat} == {parents}
    assert {node.operation for node in out.flat} == {"dot"}
    assert all(not parent.parents for node in out.flat for parent in node.parents)


@pytest.mark.parametrize("tracked", [True, False])
def test_its_gradients_are_those_of_the_composed_layer(tracked):
    gradients = []
    for function in (linear, lambda x, W, b: x @ W + b):
        _, natives = layer(tracked)
        (function(*natives) ** 2).sum().backward()
        leaves = [n for n in natives if isinstance(n.flat[0], Value)]
        gradients.append(np.concatenate([[v.grad for v in leaf.flat] for leaf in leaves]))
    np.testing.assert_allclose(*gradients, rtol=1e-12)


def test_shapes_that_do_not_fit_are_named_and_never_cut():
    x, W, b = (values(np.ones(shape)) for shape in ((3, 4), (5, 2), (2,)))
    with pytest.raises(ValueError, match=r"linear: shapes \(3, 4\), \(5, 2\) and \(2,\)"):
        linear(x, W, b)


def test_a_row_of_values_and_numbers_is_refused():
    x = np.array([[Value(1.0), 2.0]], object)
    with pytest.raises(TypeError, match="not both"):
        linear(x, values(np.ones((2, 1))), values(np.ones(1)))


@pytest.mark.parametrize("name", ["scalar", "scalar-dot"])
def test_the_collector_is_paused_inside_a_step_only(name, monkeypatch):
    engine = load(name)
    model = MLP((2, 3, 2))
    seen = []

    def backward(loss):
        seen.append(gc.isenabled())
        loss.backward()

    monkeypatch.setattr(engine, "backward", backward)
    classifier = engine.classifier(model, model.initial_parameters(0), SGD(0.1))
    X, y = np.ones((4, 2)), np.zeros(4, int)
    classifier.train_step(X, y)
    assert seen == [False]
    assert gc.isenabled()
    gc.disable()
    try:
        classifier.train_step(X, y)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_neuron_is_one_node_where_the_scalar_engine_has_dozens():
    model = MLP((2, 32, 32, 2))
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(4, 2)), rng.integers(0, 2, 4)
    counts = {}
    for name in ("scalar", "scalar-dot"):
        engine = load(name)
        found = []

        def backward(loss, found=found):
            found.append(sum(bool(node.parents) for node in topological_order(loss)))
            loss.backward()

        engine.backward = backward
        try:
            classifier = engine.classifier(model, model.initial_parameters(0), SGD(0.1))
            classifier.gradients(X, y)
        finally:
            del engine.backward
        counts[name] = found[0]
    neurons = 4 * (32 + 32 + 2)
    multiply_adds = 4 * (2 * 32 + 32 * 32 + 32 * 2)
    assert counts["scalar"] - counts["scalar-dot"] == 2 * multiply_adds - neurons
