"""What `backward` promises beyond conformance: published numbers, gradients in between, parents."""

import numpy as np
import pytest

from benchgrad.engines import scalar, tensor


@pytest.fixture(params=[scalar.Value, tensor.Value], ids=["scalar", "tensor"])
def Value(request):  # noqa: N802 (the class of the engine)
    return request.param


def test_published_tanh(Value):
    a, b, c = Value(2), Value(-3), Value(10)
    y = (a * b + c).tanh()
    y.backward()
    assert float(y.data) == pytest.approx(0.9993292997, abs=1e-10)
    assert float(a.grad) == pytest.approx(-0.0040228521, abs=1e-10)
    assert float(b.grad) == pytest.approx(0.0026819014, abs=1e-10)
    assert float(c.grad) == pytest.approx(0.0013409507, abs=1e-10)


def test_published_layer():
    x = tensor.Value([[1, 2, 3]])
    W = tensor.Value([[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]])
    b = tensor.Value([[0.5, -0.5]])
    z = (x @ W + b).relu()
    np.testing.assert_allclose(z.data, [[1.9, 2.7]], rtol=1e-15)
    z.sum().backward()
    np.testing.assert_array_equal(z.grad, np.ones((1, 2)), strict=True)
    np.testing.assert_allclose(x.grad, [[0.5, 0.7, 0.9]], rtol=1e-15)
    np.testing.assert_array_equal(W.grad, [[1, 1], [2, 2], [3, 3]])
    np.testing.assert_array_equal(b.grad, [[1, 1]])


def test_published_layer_of_scalars():
    x = [scalar.Value(n) for n in (1, 2, 3)]
    W = [[scalar.Value(w) for w in row] for row in ([0.1, 0.4], [0.2, 0.5], [0.3, 0.6])]
    b = [scalar.Value(0.5), scalar.Value(-0.5)]
    z = [(x[0] * W[0][j] + x[1] * W[1][j] + x[2] * W[2][j] + b[j]).relu() for j in (0, 1)]
    assert [v.data for v in z] == pytest.approx([1.9, 2.7])
    (z[0] + z[1]).backward()
    assert [v.grad for v in z] == [1.0, 1.0]
    assert [v.grad for v in x] == pytest.approx([0.5, 0.7, 0.9])
    assert [[w.grad for w in row] for row in W] == [[1, 1], [2, 2], [3, 3]]
    assert [v.grad for v in b] == [1.0, 1.0]


def test_repr(Value):
    assert repr(Value(2.0)) == "Value(data=2.0, grad=0.0)"
    assert repr(Value(2)) == "Value(data=2.0, grad=0.0)"


def test_gradient_is_zero_before_backward(Value):
    x = Value(2.0)
    y = x * 3
    assert (float(x.grad), float(y.grad)) == (0.0, 0.0)


def test_parents_and_operation(Value):
    x, y = Value(2.0), Value(3.0)
    assert x.parents == ()
    assert x.operation == ""
    made = [x + y, x - y, x * y, x / y, x**y, -x, x.exp(), x.log(), x.tanh(), x.relu(), x.sigmoid()]
    names = ["+", "-", "*", "/", "**", "neg", "exp", "log", "tanh", "relu", "sigmoid"]
    assert [v.operation for v in made] == names
    assert [v.parents for v in made] == [(x, y)] * 5 + [(x,)] * 6


def test_plain_numbers_are_no_parents(Value):
    x = Value(2.0)
    for y in (x + 1, 1 + x, x - 1, 1 - x, x * 2, 2 * x, x / 2, 2 / x, x**2, 2**x):
        assert y.parents == (x,)


def test_gradient_of_a_value_by_itself(Value):
    x = Value(3.0)
    x.backward()
    assert float(x.grad) == 1.0
    x.backward()
    assert float(x.grad) == 2.0


def test_intermediates_show_the_last_call(Value):
    x = Value(3.0)
    z = x * 2
    y = z * 5
    for _ in range(3):
        y.backward()
        assert (float(y.grad), float(z.grad)) == (1.0, 5.0)
    z.backward()
    assert (float(z.grad), float(x.grad)) == (1.0, 32.0)


def test_zero_grad(Value):
    x = Value(3.0)
    y = x * x
    y.backward()
    x.zero_grad()
    assert float(x.grad) == 0.0
    y.backward()
    assert float(x.grad) == 6.0


def test_gradient_can_be_assigned(Value):
    x = Value(3.0)
    x.grad = 10.0
    (x * 2).backward()
    assert float(x.grad) == 12.0
