"""Where a derivative or a real result does not exist: the documented convention, in both engines.

NumPy's warnings are silenced only where a value is meant to overflow, to divide by zero or to be
no number; elsewhere a warning is an error.
"""

import math
import operator
import re

import numpy as np
import pytest

from benchgrad.engines import UnsupportedError, load, scalar, tensor
from benchgrad.engines.conformance.cases.program import Program
from benchgrad.engines.conformance.checks.edges import ANYTHING, EDGES, Between

SPECIAL = [-math.inf, -1e200, -3.0, -1.5, -1.0, -0.0, 0.0, 0.3, 1.0, 2.0, 3.0, 1e200, math.inf]
SPECIAL.append(math.nan)


@pytest.fixture(params=[scalar.Value, tensor.Value], ids=["scalar", "tensor"])
def Value(request):  # noqa: N802 (the class of the engine)
    return request.param


def derive(Value, function, *numbers):
    """Return [value, one derivative for each number] as floats, nothing silenced."""
    leaves = [Value(float(number)) for number in numbers]
    out = function(*leaves)
    out.backward()
    return [float(out.data), *(float(leaf.grad) for leaf in leaves)]


def derive_quietly(Value, function, *numbers):
    with np.errstate(all="ignore"):
        return derive(Value, function, *numbers)


def is_offered(edge):
    """Return whether our engines have the operations of an edge."""
    try:
        for name in re.findall(r"ops\.(\w+)", edge.expression):
            getattr(load("tensor").operations, name)
    except UnsupportedError:
        return False
    return True


def ours(accepted, found):
    """Return the convention that is documented: of those that the checker accepts, the first."""
    if accepted is ANYTHING:
        return found
    return accepted.low if isinstance(accepted, Between) else accepted[0]


@pytest.mark.parametrize("edge", [*filter(is_offered, EDGES)], ids=lambda edge: edge.name)
def test_of_the_accepted_conventions_the_first_is_ours(Value, edge):
    operations = load("scalar" if Value is scalar.Value else "tensor").operations
    program = Program.of(edge.expression, *"xy"[: len(edge.at)])
    found = derive_quietly(Value, lambda *xs: program.function(operations, *xs), *edge.at)
    expected = list(map(ours, (edge.values, *edge.gradients), found))
    np.testing.assert_allclose(found, expected, rtol=1e-15, atol=1e-300)
    if np.all(np.isfinite(expected)):
        derive(Value, lambda *xs: program.function(operations, *xs), *edge.at)  # without a warning


def test_relu_of_nan_is_nan_with_derivative_0(Value):
    np.testing.assert_equal(derive(Value, lambda x: x.relu(), math.nan), [math.nan, 0.0])


@pytest.mark.parametrize("exponent", [0, 0.0])
@pytest.mark.parametrize("base", [0.0, 2.0, -2.0])
def test_exponent_0_has_derivative_0(Value, base, exponent):
    assert derive(Value, lambda x: x**exponent, base) == [1.0, 0.0]


def test_exponent_array_with_zeros():
    x = tensor.Value([0.0, 0.0, 2.0, -3.0])
    y = x ** np.array([0.0, 2.0, 0.0, 3.0])
    y.sum().backward()
    np.testing.assert_array_equal(y.data, [1.0, 0.0, 1.0, -27.0])
    np.testing.assert_array_equal(x.grad, [0.0, 0.0, 0.0, 27.0])


def test_0_to_the_power_of_a_value(Value):
    assert derive(Value, lambda x: 0**x, 2.0) == [0.0, 0.0]


def test_negative_base_with_a_fractional_exponent_is_nan(Value):
    for power in (lambda x: x ** (1 / 3), lambda x: x**-1.5):
        assert all(map(math.isnan, derive_quietly(Value, power, -8.0)))
    assert all(map(math.isnan, derive_quietly(Value, lambda x: (-8) ** x, 0.5)))
    assert all(map(math.isnan, derive_quietly(Value, lambda x, y: x**y, -8.0, 0.5)))


def test_division_by_zero(Value):
    assert derive_quietly(Value, lambda x: x / 0, -2.0) == [-math.inf, math.inf]
    assert derive_quietly(Value, lambda x: 1 / x, -0.0) == [-math.inf, -math.inf]
    assert derive_quietly(Value, lambda x: x**-2, 0.0) == [math.inf, -math.inf]


def test_overflow_is_infinite(Value):
    assert derive_quietly(Value, lambda x: x * 10, 1e308)[0] == math.inf
    assert derive_quietly(Value, lambda x: x + x, -1e308)[0] == -math.inf
    assert derive_quietly(Value, lambda x: x**2, 1e200)[0] == math.inf
    assert derive_quietly(Value, lambda x: x**3, -1e200)[0] == -math.inf


# Without the exponent 0.5: of −inf NumPy takes a square root, nan, where C's pow says inf.
@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "pow"])
def test_special_numbers_in_pairs_are_the_same_in_both_engines(name):
    function = getattr(operator, name)
    for a in SPECIAL:
        for b in SPECIAL:
            forms = [
                (function, (a, b)),
                (lambda x, b=b: function(x, b), (a,)),
                (lambda y, a=a: function(a, y), (b,)),
            ]
            for form, numbers in forms:
                by_scalar = derive_quietly(scalar.Value, form, *numbers)
                by_tensor = derive_quietly(tensor.Value, form, *numbers)
                np.testing.assert_allclose(
                    by_scalar, by_tensor, rtol=1e-13, err_msg=f"{name} of {a} and {b}"
                )


@pytest.mark.parametrize("name", ["exp", "log", "tanh", "relu", "sigmoid"])
def test_special_numbers_are_the_same_in_both_engines(name):
    function = operator.methodcaller(name)
    for a in SPECIAL:
        by_scalar = derive_quietly(scalar.Value, function, a)
        by_tensor = derive_quietly(tensor.Value, function, a)
        np.testing.assert_allclose(by_scalar, by_tensor, rtol=1e-13, err_msg=f"{name} of {a}")


@pytest.mark.parametrize("name", ["max", "min"])
def test_ties_share_the_gradient_equally(name):
    x = tensor.Value([[5.0, 5.0, 1.0], [5.0, 1.0, 1.0], [2.0, 2.0, 2.0]])
    flat = {
        "max": [[1 / 3, 1 / 3, 0], [1 / 3, 0, 0], [0, 0, 0]],
        "min": [[0, 0, 1 / 3], [0, 1 / 3, 1 / 3], [0, 0, 0]],
    }
    getattr(x, name)().backward()
    np.testing.assert_allclose(x.grad, flat[name], rtol=1e-15)


@pytest.mark.parametrize("keepdims", [False, True])
def test_ties_share_the_gradient_row_by_row(keepdims):
    x = tensor.Value([[5.0, 5.0, 1.0], [5.0, 1.0, 1.0], [2.0, 2.0, 2.0]])
    x.max(axis=1, keepdims=keepdims).sum().backward()
    expected = [[1 / 2, 1 / 2, 0], [1, 0, 0], [1 / 3, 1 / 3, 1 / 3]]
    np.testing.assert_allclose(x.grad, expected, rtol=1e-15)


def test_nan_gets_the_gradient_of_its_row():
    x = tensor.Value([[1.0, math.nan, 2.0], [4.0, 3.0, 4.0]])
    out = x.max(axis=1)
    np.testing.assert_array_equal(out.data, [math.nan, 4.0])
    out.sum().backward()
    np.testing.assert_array_equal(x.grad, [[0, 1, 0], [0.5, 0, 0.5]])


@pytest.mark.parametrize("name", ["exp", "tanh", "relu", "sigmoid"])
def test_arrays_follow_the_scalars(name):
    numbers = [-40.0, -2.0, 0.0, 3.0, 40.0]
    function = operator.methodcaller(name)
    x = tensor.Value(numbers)
    out = function(x)
    out.sum().backward()
    expected = np.transpose([derive(scalar.Value, function, number) for number in numbers])
    np.testing.assert_allclose([out.data, x.grad], expected, rtol=1e-13)
