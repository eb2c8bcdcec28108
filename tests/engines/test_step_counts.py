"""What a training step costs in Python, counted exactly: calls, arrays, NumPy calls. No clock."""

import sys

import numpy as np

from benchgrad.engines import MLP, SGD, load
from benchgrad.engines.tensor.engine import TensorEngine
from benchgrad.engines.tensor.memory import owner_of
from benchgrad.engines.tensor.value import Value

MODEL = MLP((2, 32, 32, 2))


def before():
    """Return the tensor engine with the loss made of four nodes."""
    own = load("tensor")
    table = {name: function for name, function in own.table.items() if name != "cross_entropy"}
    return TensorEngine("before", kind="tensor", value=Value, operations=table)


def python_calls(engine):
    """Return the calls of functions written in Python within a step."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(32, 2)), rng.integers(0, 2, 32)
    classifier = engine.classifier(MODEL, MODEL.initial_parameters(0), SGD(0.05))
    for k in range(3):  # a replay compares batches that differ with the graph
        classifier.train_step(X + k, (y + k) % 2)
    calls = []
    sys.setprofile(lambda frame, event, _: event == "call" and calls.append(frame.f_code.co_name))
    try:
        classifier.train_step(X, y)
    finally:
        sys.setprofile(None)
    return len(calls)


def numpy_calls(engine):
    """Return NumPy calls from the loss to the gradients, and the arrays that they make."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(32, 2)), rng.integers(0, 2, 32)
    eager = load("tensor").classifier(MODEL, MODEL.initial_parameters(0), SGD(0.05))
    eager._engine = engine
    steps = record(eager, X, y).steps
    return len(steps), len({id(owner_of(step.target)) for step in steps})


def record(eager, X, y):
    from benchgrad.engines.tensor.replay import Tape

    tape = Tape()
    for leaf in eager.leaves:
        leaf.data = tape.input(leaf.data)
    eager.loss(tape.input(X), tape.input(y)).backward()
    return tape


def test_python_calls_of_a_step():
    found = {
        "numpy": python_calls(load("numpy")),
        "tensor": python_calls(load("tensor")),
        "tensor-replay": python_calls(load("tensor-replay")),
    }
    assert found == {"numpy": 11, "tensor": 80, "tensor-replay": 24}


def test_numpy_calls_and_arrays_of_a_step():
    assert (numpy_calls(load("tensor")), numpy_calls(before())) == ((43, 38), (45, 40))
