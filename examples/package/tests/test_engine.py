"""What must hold of the engine `forward`: its name, its gradients, its training."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from benchgrad.engines import MLP, SGD, Operations, UnsupportedError, available, load

ENGINE = load("forward")


def test_it_is_found_by_its_name() -> None:
    (status,) = [status for status in available() if status.name == "forward"]
    assert (status.status, status.reason) == ("ready", "")
    assert ENGINE.name == "forward"


# The same operations on plain arrays: with them, nothing below trusts the engine.
NUMPY = Operations(
    "NumPy",
    {
        "exp": np.exp,
        "log": np.log,
        "tanh": np.tanh,
        "relu": lambda x: np.maximum(x, 0.0),
        "sigmoid": lambda x: 1.0 / (1.0 + np.exp(-x)),
        "sum": np.sum,
        "mean": np.mean,
        "max": np.max,
        "min": np.min,
        "reshape": np.reshape,
        "transpose": np.transpose,
        "detach": lambda x: x,
    },
)

# A function of operations and arrays, and the shapes of the arrays.
CASES: dict[str, tuple[Any, ...]] = {
    "x + y": (lambda ops, x, y: x + y, (3, 4), (3, 4)),
    "x - y": (lambda ops, x, y: x - y, (3, 4), (3, 4)),
    "x * y": (lambda ops, x, y: x * y, (3, 4), (3, 4)),
    "x / y": (lambda ops, x, y: x / (y * y + 0.5), (3, 4), (3, 4)),
    "-x": (lambda ops, x: -x, (3, 4)),
    "x ** 3": (lambda ops, x: x**3, (3, 4)),
    "x ** -1.5": (lambda ops, x: (x * x + 0.5) ** -1.5, (3, 4)),
    "plain numbers": (lambda ops, x: 2.0 + 3.0 * (1.0 - x) / 4.0 - 1.0 / (x * x + 0.5), (3, 4)),
    "matrix + row": (lambda ops, x, y: x + y, (3, 4), (4,)),
    "row - column": (lambda ops, x, y: x - y, (4,), (3, 1)),
    "column * row": (lambda ops, x, y: x * y, (3, 1), (1, 4)),
    "x @ y": (lambda ops, x, y: x @ y, (3, 4), (4, 2)),
    "x[rows, columns]": (lambda ops, x: x[np.array([0, 2, 2, 2]), np.array([1, 0, 3, 3])], (3, 4)),
    "x * x": (lambda ops, x: x * x, (3, 4)),
    "x + x": (lambda ops, x: x + x, (3, 4)),
    "x - x * x / (x * x + 1)": (lambda ops, x: x - x * x / (x * x + 1.0), (3, 4)),
    "exp": (lambda ops, x: ops.exp(x), (3, 4)),
    "log": (lambda ops, x: ops.log(x * x + 0.5), (3, 4)),
    "tanh": (lambda ops, x: ops.tanh(x), (3, 4)),
    "relu": (lambda ops, x: ops.relu(x), (3, 4)),
    "sigmoid": (lambda ops, x: ops.sigmoid(x), (3, 4)),
    "sum": (lambda ops, x: ops.sum(x), (3, 4)),
    "sum of rows": (lambda ops, x: ops.sum(x, axis=1), (3, 4)),
    "sum of columns, kept": (lambda ops, x: ops.sum(x, axis=0, keepdims=True), (3, 4)),
    "mean": (lambda ops, x: ops.mean(x, axis=1), (3, 4)),
    "max": (lambda ops, x: ops.max(x, axis=1), (3, 4)),
    "min": (lambda ops, x: ops.min(x, axis=1, keepdims=True), (3, 4)),
    "reshape": (lambda ops, x: x @ ops.reshape(x, (4, 3)), (3, 4)),
    "transpose": (lambda ops, x: x @ ops.transpose(x), (3, 4)),
    "linear": (lambda ops, x, W, b: ops.linear(x, W, b), (3, 4), (4, 2), (2,)),
    "logsumexp": (lambda ops, x: ops.logsumexp(x, axis=1), (3, 4)),
    "pick": (lambda ops, x: ops.pick(x, np.array([3, 0, 3])), (3, 4)),
    "pick a column": (lambda ops, x: ops.pick(x, np.array([[1], [0], [1]])), (3, 4)),
}


@contextmanager
def skipping_what_is_not_there() -> Iterator[None]:
    """Skip a test that needs an operation which the engine does not have."""
    try:
        yield
    except UnsupportedError as error:
        pytest.skip(str(error))


def differences(function: Callable[[], float], array: Any) -> Any:
    """Return (f(x + h) - f(x - h)) / 2h for each element of an array that the function reads."""
    h = 1e-5
    gradient = np.empty_like(array)
    for i in np.ndindex(array.shape):
        kept = array[i]
        array[i] = kept + h
        above = function()
        array[i] = kept - h
        gradient[i] = (above - function()) / (2 * h)
        array[i] = kept
    return gradient


@pytest.mark.parametrize("name", CASES)
def test_gradients_agree_with_central_differences(name: str) -> None:
    function, *shapes = CASES[name]
    rng = np.random.default_rng(0)
    arrays = [rng.uniform(-2.0, 2.0, shape) for shape in shapes]

    def squared(ops: Any, *natives: Any) -> Any:
        out = function(ops, *natives)
        return ops.sum(out * out)

    with skipping_what_is_not_there():
        value, gradients = ENGINE.value_and_grad(squared, *arrays)
    assert value == pytest.approx(squared(NUMPY, *arrays), rel=1e-12)
    for gradient, array in zip(gradients, arrays, strict=True):
        expected = differences(lambda: squared(NUMPY, *arrays), array)
        np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-6)


def test_every_operation_that_it_declares_has_a_case() -> None:
    assert ENGINE.capabilities.operations <= {*CASES, "detach"}


def test_detached_values_are_constants() -> None:
    x = np.array([[1.0, -2.0, 3.0]])
    with skipping_what_is_not_there():
        _, (gradient,) = ENGINE.value_and_grad(lambda ops, x: ops.sum(x * ops.detach(x)), x)
    np.testing.assert_array_equal(gradient, x)


def test_a_chain_may_be_longer_than_the_stack_of_python() -> None:
    def chain(ops: Any, x: Any) -> Any:
        for _ in range(5000):
            x = x + 1.0
        return ops.sum(x)

    with skipping_what_is_not_there():
        value, (gradient,) = ENGINE.value_and_grad(chain, np.array([1.0]))
    assert value == 5001.0
    np.testing.assert_array_equal(gradient, [1.0])


@pytest.mark.parametrize("loss", ["cross_entropy", "hinge"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_training_is_that_of_numpy(activation: Any, loss: Any) -> None:
    model, rule = MLP((2, 5, 4, 3), activation, loss), SGD(0.1, momentum=0.9, weight_decay=0.01)
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(8, 2)), rng.integers(0, 3, size=8)
    with skipping_what_is_not_there():
        ours = ENGINE.classifier(model, model.initial_parameters(0), rule)
    reference = load("numpy").classifier(model, model.initial_parameters(0), rule)
    for _ in range(3):
        assert_same(ours.gradients(X, y), reference.gradients(X, y))
        assert ours.train_step(X, y) == pytest.approx(reference.train_step(X, y), abs=1e-12)
        assert_same(ours.parameters(), reference.parameters())
    assert_same([ours.logits(X)], [reference.logits(X)])


def assert_same(found: list[Any], expected: list[Any]) -> None:
    """Compare arrays up to the order in which numbers were added."""
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)
