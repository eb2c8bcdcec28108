"""Microbenchmarks with pytest-benchmark: each operation forward and backward, one training step.

Run by ``make microbench``. Engines take part by what they declare; none is named here.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchgrad.engines import MLP, SGD, available, load

READY = [engine for engine in available() if engine.status == "ready" and engine.capabilities]
DIFFERENTIATING = [e.name for e in READY if e.capabilities and e.capabilities.value_and_grad]
SHAPE = {"scalar": (8,), "tensor": (1000,)}

# Each is reduced by sum, so that there is a scalar to go backward from.
CASES: dict[str, Callable[..., Any]] = {
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
    "matmul": lambda ops, x, y: x @ y,
    "mean": lambda ops, x, y: ops.mean(x),
}
NEEDS = {"exp", "log", "tanh", "relu", "sigmoid"}  # the others are operators, or every engine's


def cases() -> list[Any]:
    """Return every operation of every engine that has it."""
    return [
        pytest.param(engine.name, name, id=f"{name}-{engine.name}")
        for name in CASES
        for engine in READY
        if engine.capabilities
        and engine.capabilities.value_and_grad
        and (name not in NEEDS or name in engine.capabilities.operations)
    ]


@pytest.mark.parametrize(("engine", "case"), cases())
def test_forward_and_backward(benchmark: BenchmarkFixture, engine: str, case: str) -> None:
    loaded = load(engine)
    rng = np.random.default_rng(0)
    x, y = (rng.uniform(0.5, 2.0, SHAPE[loaded.kind]) for _ in range(2))
    benchmark.group = f"{case}, forward and backward"
    _, gradients = benchmark(loaded.value_and_grad, CASES[case], x, y)
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
