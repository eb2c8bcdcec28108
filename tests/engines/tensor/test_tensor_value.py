"""The tensor Value by itself: dtypes, constants, shared memory, errors."""

import operator

import numpy as np
import pytest

from benchgrad.engines import load
from benchgrad.engines.tensor import Value, no_grad

BINARY = ["add", "sub", "mul", "truediv", "pow"]
X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def run(case, dtype="float64"):
    """Return arrays, the leaves made of them and the result of a case, after backward."""
    arrays = case.arrays(0, dtype=dtype)
    leaves = [Value(array) for array in arrays]
    out = case.program.function(load("tensor").operations, *leaves)
    out.backward(np.ones(out.shape))
    return arrays, leaves, out


# --- dtypes --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_gradient_has_the_shape_and_dtype_of_the_data(case, dtype):
    _, leaves, out = run(case, dtype)
    assert out.dtype == ("float64" if case.group == "constants" else dtype)  # arrays of float64
    assert {leaf.dtype for leaf in leaves} == {np.dtype(dtype)}
    for value in (*leaves, out):
        assert (value.grad.shape, value.grad.dtype) == (value.shape, value.dtype)


@pytest.mark.parametrize("name", BINARY)
def test_gradient_keeps_the_dtype_of_its_leaf(name):
    x, y = Value(X.astype(np.float32)), Value(X)
    out = getattr(operator, name)(x, y)
    assert out.dtype == np.float64
    out.sum().backward()
    assert (x.grad.dtype, y.grad.dtype) == (np.float32, np.float64)


def test_gradient_keeps_the_dtype_of_its_leaf_after_matmul():
    x, y = Value(X), Value(X.T.astype(np.float32))
    (x @ y).sum().backward()
    assert (x.grad.dtype, y.grad.dtype) == (np.float64, np.float32)


def test_accumulated_gradient_keeps_its_dtype():
    x, y = Value(X.astype(np.float32)), Value(X)
    (x * y + x * y).sum().backward()
    np.testing.assert_array_equal(x.grad, (2 * X).astype(np.float32), strict=True)


@pytest.mark.parametrize("data", [2, True, [1, 2], [[1], [2]], (1, 2.5)], ids=repr)
def test_python_numbers_become_float64(data):
    assert Value(data).dtype == np.float64
    np.testing.assert_array_equal(Value(data).data, np.array(data, np.float64))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_of_numpy_are_kept(dtype):
    assert Value(np.ones(2, dtype)).dtype == dtype
    assert Value(np.dtype(dtype).type(2)).dtype == dtype


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "bool", "complex128"])
def test_other_arrays_cannot_require_a_gradient(dtype):
    with pytest.raises(TypeError, match=dtype):
        Value(np.ones(2, dtype))


def test_an_integer_of_numpy_cannot_require_a_gradient():
    with pytest.raises(TypeError, match="int64"):
        Value(np.int64(2))


def test_text_and_objects_are_refused():
    for data in ("text", None, [object()]):
        with pytest.raises(TypeError):
            Value(data)
        with pytest.raises(TypeError):
            Value(data, requires_grad=False)


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool"])
def test_integers_can_be_constants(dtype):
    constant = Value(np.array([0, 1, 1], dtype), requires_grad=False)
    assert constant.dtype == dtype
    x = Value([1.0, 2.0, 3.0])
    (x * constant).sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 1.0, 1.0], strict=True)


def test_integer_exponents():
    x = Value([2.0, 3.0, 4.0])
    y = x ** Value(np.array([0, 1, 2]), requires_grad=False)
    y.sum().backward()
    np.testing.assert_array_equal(y.data, [1.0, 3.0, 16.0])
    np.testing.assert_array_equal(x.grad, [0.0, 1.0, 8.0])


# --- constants -----------------------------------------------------------------------------


def test_what_is_made_of_constants_is_a_constant():
    a, b = Value(X, requires_grad=False), Value(X, requires_grad=False)
    for y in (a + b, a * 2, 2 - a, (a @ b.T).exp(), a.sum(axis=0), a[0], a.T, -a, X * a):
        assert not y.requires_grad
        assert y.parents == ()
        assert y.operation == ""


def test_constants_are_no_parents():
    x, a = Value(X), Value(X, requires_grad=False)
    for y in (x + a, a + x, a - x, x * a, a / x, x**a, a**x, a.T @ x, x @ a.T):
        assert y.requires_grad
        assert y.parents == (x,)


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("is_left", [False, True])
def test_gradient_beside_a_constant_is_that_of_its_own_side(name, is_left):
    function = getattr(operator, name)
    sides = [Value(X), Value(X + 1)]
    function(*sides).sum().backward()
    constant = Value(sides[is_left].data, requires_grad=False)
    leaf = Value(sides[not is_left].data)
    function(*((leaf, constant) if is_left else (constant, leaf))).sum().backward()
    np.testing.assert_array_equal(leaf.grad, sides[not is_left].grad)
    np.testing.assert_array_equal(constant.grad, np.zeros((2, 3)))


def test_matmul_beside_a_constant():
    weights = np.arange(4.0).reshape(2, 2)
    x = Value(X)
    (x @ X.T).backward(weights)
    np.testing.assert_array_equal(x.grad, weights @ X)
    x = Value(X)
    (X.T @ x).backward(np.ones((3, 3)))
    np.testing.assert_array_equal(x.grad, X @ np.ones((3, 3)))


def test_backward_through_a_constant_goes_no_further():
    x = Value(X)
    constant = (x * 2).detach()
    (x * constant).sum().backward()
    np.testing.assert_array_equal(x.grad, 2 * X)


def test_detach_has_the_same_data_and_no_past():
    y = Value(X) * 2
    constant = y.detach()
    assert constant.data is y.data
    assert not constant.requires_grad
    assert constant.parents == ()
    assert y.requires_grad


def test_no_grad():
    x = Value(X)
    with no_grad():
        inside = [x * 2, 2 - x, x @ x.T, x.sum(), x[0], x.exp()]
        assert Value(1.0).requires_grad
    assert not any(y.requires_grad or y.parents for y in inside)
    assert x.requires_grad
    assert (x * 2).parents == (x,)


def test_no_grad_nests_and_ends_with_an_exception():
    x = Value(X)
    with no_grad():
        with no_grad():
            pass
        assert (x * 2).parents == ()
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert (x * 2).parents == (x,)


# --- beside plain arrays -------------------------------------------------------------------


@pytest.mark.parametrize("name", [*BINARY, "matmul"])
@pytest.mark.parametrize("is_list", [False, True], ids=["array", "list"])
def test_array_on_either_side(name, is_list):
    function = getattr(operator, name)
    square = X[:, 1:]
    plain = square.tolist() if is_list else square
    x = Value(square + 1)
    for out, expected in [
        (function(plain, x), function(square, square + 1)),
        (function(x, plain), function(square + 1, square)),
    ]:
        assert isinstance(out, Value)
        assert out.parents == (x,)
        np.testing.assert_array_equal(out.data, expected)


@pytest.mark.parametrize("number", [np.float64(2), np.int64(2), np.array(2.0)], ids=repr)
def test_number_of_numpy_on_either_side(number):
    x = Value(X)
    for out, expected in [(number * x, 2 * X), (x - number, X - 2), (number**x, 2.0**X)]:
        assert isinstance(out, Value)
        np.testing.assert_array_equal(out.data, expected)


def test_shape_ndim_size_len_float():
    x = Value(X)
    assert (x.shape, x.ndim, x.size, len(x)) == ((2, 3), 2, 6, 2)
    assert float(Value(2.5)) == 2.5


def test_repr_of_an_array():
    assert repr(Value([1.0, 2.0])) == "Value(data=[1. 2.], grad=[0. 0.])"


def test_assigned_gradient_is_a_copy_in_the_shape_and_dtype_of_the_data():
    x = Value(X.astype(np.float32))
    given = np.ones((2, 3))
    x.grad = given
    x.grad[0, 0] = 7
    assert given[0, 0] == 1
    assert x.grad.dtype == np.float32
    x.grad = 0
    np.testing.assert_array_equal(x.grad, np.zeros((2, 3)))


# --- memory --------------------------------------------------------------------------------


def test_gradients_of_leaves_are_their_own_and_arrays_are_never_modified(case):
    arrays, leaves, out = run(case)
    gradients = [leaf.grad for leaf in leaves]
    for i, gradient in enumerate(gradients):
        assert gradient.flags.writeable
        for other in (*arrays, out.grad, *gradients[:i]):
            assert not np.shares_memory(gradient, other)
    for array, untouched in zip(arrays, case.arrays(0), strict=True):
        np.testing.assert_array_equal(array, untouched)


def test_gradient_that_is_given_is_neither_kept_nor_modified():
    x, y, given = Value(X), Value(X), np.ones((2, 3))
    (x + y).backward(given)
    x.backward(given)
    for leaf in (x, y):
        assert not np.shares_memory(leaf.grad, given)
    np.testing.assert_array_equal(given, np.ones((2, 3)))
    np.testing.assert_array_equal(x.grad, 2 * np.ones((2, 3)))


def test_writing_to_one_gradient_changes_no_other():
    x, y = Value(X), Value(X)
    out = x + y
    out.backward(np.ones((2, 3)))
    x.grad[:] = 9
    np.testing.assert_array_equal(y.grad, np.ones((2, 3)))
    np.testing.assert_array_equal(out.grad, np.ones((2, 3)))


def test_accumulation_writes_to_no_array_that_was_handed_out():
    x = Value(X)
    y = x * 2
    y.sum().backward()
    first = x.grad
    y.sum().backward()
    np.testing.assert_array_equal(first, 2 * np.ones((2, 3)))
    np.testing.assert_array_equal(x.grad, 4 * np.ones((2, 3)))


# --- backward ------------------------------------------------------------------------------


def test_backward_with_a_gradient():
    x = Value(X)
    (x * 3).backward([[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(x.grad, 3 * X, strict=True)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_one_element_needs_no_gradient(shape):
    x = Value(np.full(shape, 3.0))
    (x * x).backward()
    np.testing.assert_array_equal(x.grad, np.full(shape, 6.0), strict=True)


def test_backward_on_more_than_one_element_needs_a_gradient():
    with pytest.raises(ValueError, match=r"\(2, 3\)"):
        (Value(X) * 2).backward()


@pytest.mark.parametrize("shape", [(3,), (3, 2), (1, 3), ()])
def test_backward_with_a_gradient_of_another_shape(shape):
    x = Value(X)
    with pytest.raises(ValueError, match=r"\(2, 3\)") as caught:
        (x * 2).backward(np.ones(shape))
    assert str(shape) in str(caught.value)
    np.testing.assert_array_equal(x.grad, np.zeros((2, 3)))


def test_backward_on_a_constant():
    for constant in (Value(1.0, requires_grad=False), Value(1.0).detach() * 2):
        with pytest.raises(ValueError, match="constant"):
            constant.backward()


@pytest.mark.parametrize("axis", [0, -1, None, ()])
@pytest.mark.parametrize("name", ["sum", "mean", "max", "min"])
def test_reduction_of_a_single_number(name, axis):
    x = Value(3.0)  # NumPy reduces an array without axes over axis 0, and −1, too
    y = getattr(x, name)(axis=axis)
    y.backward()
    assert (float(y), float(x.grad)) == (3.0, 1.0)


# --- errors --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sign"),
    [("add", "+"), ("sub", "-"), ("mul", "*"), ("truediv", "/"), ("pow", "**"), ("matmul", "@")],
)
def test_shapes_that_do_not_fit(name, sign):
    function = getattr(operator, name)
    for left, right in [(Value(X), Value(X[:, :2])), (X, Value(X[:, :2])), (Value(X), X[:, :2])]:
        with pytest.raises(ValueError, match=r"\(2, 3\) and \(2, 2\)") as caught:
            function(left, right)
        assert str(caught.value).startswith(f"{sign}:")


def test_matmul_with_a_number():
    with pytest.raises(ValueError, match=r"^@: .*\(2, 3\) and \(\)"):
        Value(X) @ 2.0


@pytest.mark.parametrize(
    ("name", "call", "given"),
    [
        ("sum", lambda x: x.sum(axis=2), "2"),
        ("mean", lambda x: x.mean(axis=-3), "-3"),
        ("max", lambda x: x.max(axis=(0, 5)), "(0, 5)"),
        ("min", lambda x: x.min(axis=(1, 1)), "(1, 1)"),
        ("reshape", lambda x: x.reshape(4, 2), "(4, 2)"),
        ("reshape", lambda x: x.reshape((5,)), "(5,)"),
        ("transpose", lambda x: x.transpose(0, 0), "(0, 0)"),
        ("transpose", lambda x: x.transpose((0, 1, 2)), "(0, 1, 2)"),
        ("index", lambda x: x[2], "2"),
        ("index", lambda x: x[0, 3], "(0, 3)"),
        ("index", lambda x: x[:, [3]], "[3]"),
    ],
)
def test_arguments_that_do_not_fit(name, call, given):
    with pytest.raises((ValueError, IndexError)) as caught:
        call(Value(X))
    message = str(caught.value)
    assert message.startswith(f"{name}:")
    assert "(2, 3)" in message
    assert given in message


def test_kinds_of_errors():
    with pytest.raises(IndexError):
        Value(X)[2]
    with pytest.raises(np.exceptions.AxisError):
        Value(X).sum(axis=2)
