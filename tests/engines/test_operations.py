"""The table of operations: names, forms of the arguments, and what an engine does not have."""

import gc

import numpy as np
import pytest

from benchgrad.engines import Operations, UnsupportedError, load, scalar, tensor
from benchgrad.engines.operations import (
    COMPOUNDS,
    CONSTANTS,
    ELEMENTWISE,
    REDUCTIONS,
    SHAPING,
    methods_of,
    over_object_arrays,
)

EVERY = {*ELEMENTWISE, *REDUCTIONS, *SHAPING, *CONSTANTS}
OBJECTS = over_object_arrays(
    methods_of(scalar.Value, ELEMENTWISE), lambda v: isinstance(v, scalar.Value), lambda v: v.data
)


def values(array):
    return np.frompyfunc(scalar.Value, 1, 1)(np.asarray(array, object))


def test_operations_are_attributes():
    ops = Operations("toy", {"double": lambda v: 2 * v})
    assert ops.double(3) == 6


def test_an_operation_that_is_missing_is_named():
    with pytest.raises(UnsupportedError, match="toy has no operation exp"):
        Operations("toy", {}).exp(1.0)


@pytest.mark.parametrize("name", ["scalar", "tensor"])
def test_engine_declares_every_operation_and_has_it(name):
    engine = load(name)
    assert engine.capabilities.operations - set(COMPOUNDS) == EVERY
    for operation in EVERY | set(COMPOUNDS):
        assert callable(getattr(engine.operations, operation))


def test_micrograd_declares_what_it_has():
    engine = load("micrograd")
    assert engine.capabilities.operations == EVERY - {"tanh", "sigmoid"}
    with pytest.raises(UnsupportedError, match="micrograd has no operation tanh"):
        engine.value_and_grad(lambda ops, x: ops.sum(ops.tanh(x)), np.ones(2))


@pytest.mark.parametrize("name", ["scalar", "scalar-dot", "tensor", "tensor-replay"])
def test_differentiating_leaves_nothing_to_the_collector(name):
    engine, x = load(name), np.array([[0.5, 2.0]])

    def differentiate():
        # As the engines of other libraries do: a table of operations for each call.
        own = Operations(name, {"exp": engine.table["exp"]})
        engine.value_and_grad(lambda ops, x: ops.sum(own.exp(x) * ops.tanh(x)), x)

    differentiate()
    gc.collect()
    gc.disable()
    try:
        differentiate()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_methods_of_a_class():
    table = methods_of(tensor.Value, ["exp", "sum"])
    assert set(table) == {"exp", "sum"}
    np.testing.assert_array_equal(table["sum"](tensor.Value([1.0, 2.0]), axis=0).data, 3.0)


def test_names_of_methods_in_one_string():
    with pytest.raises(ValueError, match=r"must be a list: \['exp', 'log'\]"):
        methods_of(tensor.Value, "exp, log")


def test_methods_of_a_class_that_lacks_one():
    with pytest.raises(AttributeError, match="cosine"):
        methods_of(tensor.Value, ["cosine"])


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_extreme_of_plain_numbers(axis, keepdims):
    x = np.arange(6.0).reshape(2, 3)
    for name in ("max", "min"):
        expected = getattr(np, name)(x, axis=axis, keepdims=keepdims)
        out = OBJECTS[name](x.astype(object), axis=axis, keepdims=keepdims)
        np.testing.assert_array_equal(np.asarray(out, float), expected, strict=True)


@pytest.mark.parametrize("name", ["max", "min"])
def test_extreme_of_scalar_values_is_not_supported(name):
    with pytest.raises(UnsupportedError, match=f"{name} of scalar Values"):
        OBJECTS[name](values([1.0, 2.0]))
    mixed = np.array([1.0, scalar.Value(2.0)], object)
    with pytest.raises(UnsupportedError, match=f"{name} of scalar Values"):
        OBJECTS[name](mixed, axis=0)


def test_detach_of_object_arrays_gives_plain_numbers():
    out = OBJECTS["detach"](np.array([scalar.Value(2.0), 3.0], object))
    assert [type(element) for element in out] == [float, float]
    assert list(out) == [2.0, 3.0]


@pytest.mark.parametrize("engine", ["scalar", "tensor"])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_operations_take_detached_values(engine, name):
    # Constants are natives, too: "object arrays of scalar Values and plain numbers".
    def function(ops, x):
        return ops.sum(x * getattr(ops, name)(ops.detach(x)))

    x = np.array([0.5, 2.0])
    _, (gradient,) = load(engine).value_and_grad(function, x)
    np.testing.assert_allclose(gradient, getattr(tensor.Value(x), name)().data, rtol=1e-15)


@pytest.mark.parametrize("engine", ["scalar", "tensor"])
@pytest.mark.parametrize(
    "call",
    [
        lambda ops, x: ops.transpose(x, None),
        lambda ops, x: ops.transpose(x, axes=None),
        lambda ops, x: ops.transpose(x, axes=(1, 0)),
        lambda ops, x: ops.transpose(x, [1, 0]),
        lambda ops, x: ops.reshape(x, (3, 2)),
        lambda ops, x: ops.reshape(x, [3, 2]),
        lambda ops, x: ops.sum(x, axis=None, keepdims=True),
        lambda ops, x: ops.mean(x, 0),
    ],
    ids=["None", "axes=None", "axes=", "list of axes", "shape", "list", "sum", "mean"],
)
def test_arguments_have_one_form_on_every_engine(engine, call):
    # The table in operations.py: "shape; axes=None" and "axis=None, keepdims=False".
    x = np.arange(6.0).reshape(2, 3)
    value, (gradient,) = load(engine).value_and_grad(lambda ops, x: ops.sum(call(ops, x)), x)
    scale = 1.0 if value == 15.0 else 0.5
    np.testing.assert_array_equal(gradient, np.full((2, 3), scale))
