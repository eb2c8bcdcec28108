"""The scalar Value by itself: what it accepts, what it refuses, and numbers that are not real."""

import math

import numpy as np
import pytest

from benchgrad.engines.scalar import Value, numbers


@pytest.mark.parametrize("given", [2, True, 2.5, np.float32(2.5), np.int64(2)])
def test_data_become_a_float(given):
    x = Value(given)
    assert type(x.data) is float
    assert x.data == given


def test_results_and_gradients_are_floats():
    x = Value(3)
    for y in (x + 1, 1 - x, x * 2, 2 * x, x / 2, 2 / x, x**2, 2**x, x + np.float64(1), -x):
        assert type(y.data) is float
        y.backward()
        assert type(x.grad) is float


@pytest.mark.parametrize("other", ["2", None, [2], 1j], ids=repr)
def test_other_operands_are_refused(other):
    x = Value(3.0)
    for operation in (
        lambda: x + other,
        lambda: other + x,
        lambda: x - other,
        lambda: other - x,
        lambda: x * other,
        lambda: x / other,
        lambda: other / x,
        lambda: x**other,
        lambda: other**x,
    ):
        with pytest.raises(TypeError):
            operation()


@pytest.mark.parametrize("number", [np.float64(2), np.float32(2), np.int64(2)], ids=repr)
def test_numbers_of_numpy_take_part(number):
    x = Value(3.0)
    pairs = [
        (x + number, 5.0),
        (number + x, 5.0),
        (x - number, 1.0),
        (number - x, -1.0),
        (x * number, 6.0),
        (number * x, 6.0),
        (x / number, 1.5),
        (number / x, 2 / 3),
        (x**number, 9.0),
        (number**x, 8.0),
    ]
    for y, expected in pairs:
        assert isinstance(y, Value)
        assert y.data == pytest.approx(expected)


def test_partials_are_the_local_derivatives():
    x, y = Value(3.0), Value(4.0)
    assert (x * y).partials == (4.0, 3.0)
    assert (x - y).partials == (1.0, -1.0)
    assert (x / y).partials == (0.25, -3 / 16)
    assert (5 - x).partials == (-1.0,)


def test_values_are_told_apart_by_identity():
    x, y = Value(1.0), Value(1.0)
    assert x != y
    assert len({x, y, x}) == 2


def test_operands_stay_as_they_are():
    x, y = Value(3.0), Value(4.0)
    (x * y + x / y).backward()
    assert (x.data, y.data) == (3.0, 4.0)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (1.0, 0.0, math.inf),
        (-1.0, 0.0, -math.inf),
        (1.0, -0.0, -math.inf),
        (-1.0, -0.0, math.inf),
        (math.inf, 0.0, math.inf),
        (0.0, 0.0, math.nan),
        (math.nan, 0.0, math.nan),
        (3.0, 4.0, 0.75),
    ],
)
def test_divide(a, b, expected):
    np.testing.assert_equal(numbers.divide(a, b), expected)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (2.0, 3.0, 8.0),
        (0.0, 0.0, 1.0),
        (0.0, -1.0, math.inf),
        (-0.0, -1.0, -math.inf),
        (-0.0, -2.0, math.inf),
        (-8.0, 1 / 3, math.nan),
        (1e200, 2.0, math.inf),
        (-1e200, 2.0, math.inf),
        (-1e200, 3.0, -math.inf),
        (10.0, -400.0, 0.0),
    ],
)
def test_power(a, b, expected):
    np.testing.assert_equal(numbers.power(a, b), expected)


def test_exp_and_log():
    assert numbers.exp(1.0) == math.e
    assert numbers.exp(710.0) == math.inf
    assert numbers.log(math.e) == 1.0
    assert numbers.log(0.0) == -math.inf
    assert math.isnan(numbers.log(-1.0))


def test_sigmoid_is_symmetric():
    for a in (0.0, 0.5, 3.0, 40.0, 800.0):
        assert numbers.sigmoid(a) + numbers.sigmoid(-a) == pytest.approx(1.0, rel=1e-15)
    assert numbers.sigmoid(-40.0) == pytest.approx(math.exp(-40.0), rel=1e-15)
