"""Microbenchmarks with pytest-benchmark: operations, forward and backward, and a training step.

Run by ``make microbench``. Engines take part according to what they declare, none by name. Tensors
have from 1 to 10⁶ elements. Scalar engines stop at 100, because some of them recurse along a sum.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchgrad.engines import MLP, SGD, EngineStatus, ValueEngine, available, load

Function = Callable[..., Any]
SIZES = {"scalar": (1, 100), "tensor": (1, 1_000, 1_000_000)}
READY = [engine for engine in available() if engine.status == "ready"]

# Each ends in a sum, so that the backward pass starts from a scalar.
CASES: dict[str, Function] = {
    "add": lambda ops, x, y: ops.sum(x + y),
    "subtract": lambda ops, x, y: ops.sum(x - y),
    "multiply": lambda ops, x, y: ops.sum(x * y),
    "divide": lambda ops, x, y: ops.sum(x / y),
    "power": lambda ops, x, y: ops.sum(x**3),
    "exp": lambda ops, x, y: ops.sum(ops.exp(x)),
    "log": lambda ops, x, y: ops.sum(ops.log(x)),
    "tanh": lambda ops, x, y: ops.sum(ops.tanh(x)),
    "relu": lambda ops, x, y: ops.sum(ops.relu(x)),
    "sigmoid": lambda ops, x, y: ops.sum(ops.sigmoid(x)),
    "mean": lambda ops, x, y: ops.mean(x),
    "inner product": lambda ops, x, y: x @ y,
}
DECLARED = {"exp", "log", "tanh", "relu", "sigmoid"}  # every engine has the others


def differentiating() -> list[EngineStatus]:
    """Return the engines that differentiate functions."""
    return [e for e in READY if e.capabilities and e.capabilities.value_and_grad]


def with_values() -> list[EngineStatus]:
    """Return those of them whose native arrays can be computed with, outside a function."""
    return [e for e in differentiating() if isinstance(load(e.name), ValueEngine)]


def cases(engines: Iterable[EngineStatus]) -> list[Any]:
    """Return every operation of each engine that has it, at every size."""
    return [
        pytest.param(engine.name, name, size, id=f"{name}-{size}-{engine.name}")
        for name in CASES
        for engine in engines
        if name not in DECLARED or (engine.capabilities and name in engine.capabilities.operations)
        for size in SIZES[engine.kind]
    ]


def operands(size: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.uniform(0.5, 2.0, size), rng.uniform(0.5, 2.0, size)


@pytest.mark.parametrize(("engine", "case", "size"), cases(with_values()))
def test_forward(benchmark: BenchmarkFixture, engine: str, case: str, size: int) -> None:
    """The operation alone, on native arrays; its graph is built and freed."""
    loaded = load(engine)
    assert isinstance(loaded, ValueEngine)
    x, y = map(loaded.on_arrays(loaded.leaf), operands(size))
    benchmark.group = f"{case} of {size}, forward"
    benchmark(CASES[case], loaded.operations, x, y)


@pytest.mark.parametrize(("engine", "case", "size"), cases(differentiating()))
def test_forward_and_backward(
    benchmark: BenchmarkFixture, engine: str, case: str, size: int
) -> None:
    """The operation and its gradient, from NumPy arrays to NumPy arrays."""
    x, y = operands(size)
    benchmark.group = f"{case} of {size}, forward and backward"
    _, gradients = benchmark(load(engine).value_and_grad, CASES[case], x, y)
    assert gradients[0].shape == x.shape


@pytest.mark.parametrize("engine", [engine.name for engine in READY])
def test_training_step(benchmark: BenchmarkFixture, engine: str) -> None:
    """One step of the headline plan: 32 rows, MLP (2, 32, 32, 2)."""
    model = MLP((2, 32, 32, 2))
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(32, 2)), rng.integers(0, 2, 32)
    classifier = load(engine).classifier(model, model.initial_parameters(0), SGD(0.05))
    benchmark.group = "training step"
    loss = benchmark(classifier.train_step, X, y)
    assert np.isfinite(loss)
