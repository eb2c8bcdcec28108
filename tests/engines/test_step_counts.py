"""What a training step costs in Python, counted exactly: calls, arrays, NumPy calls. No clock."""

import sys
from collections import Counter

import numpy as np
import pytest
from counted_arrays import counted, counting, plain

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
    assert found == {"numpy": 11, "tensor": 90, "tensor-replay": 26}


def test_numpy_calls_and_arrays_of_a_step():
    assert (numpy_calls(load("tensor")), numpy_calls(before())) == ((43, 36), (45, 40))


def whole(engine, method):
    """Return the calls that a method makes, by name, with their sum and the arrays they make."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(32, 2)), rng.integers(0, 2, 32)
    classifier = load(engine).classifier(MODEL, MODEL.initial_parameters(0), SGD(0.05))
    calls = counted(classifier, method, X, y)
    arrays = calls.pop("arrays")
    return calls, calls.total(), arrays


def test_a_whole_step_of_the_tensor_engine_by_name():
    """It makes as many calls as the hand-written step: one update serves all parameters."""
    calls, total, arrays = whole("tensor", "train_step")
    assert calls == {
        "dot": 11,  # three of them sum a bias's gradient over the rows
        "zeros": 1,
        "add": 5,
        "maximum": 2,
        "maximum.reduce": 1,
        "subtract": 3,
        "exp": 1,
        "add.reduce": 2,
        "log": 1,
        "take": 1,
        "divide": 1,
        "multiply": 4,
        "put": 1,
        "copy": 6,
        "greater": 2,
        "astype": 2,
        "concatenate": 1,
    }
    assert (total, arrays) == (45, 35)
    handwritten, its_total, its_arrays = whole("numpy", "train_step")
    assert handwritten["matmul"] == calls["dot"] - 3
    assert total == its_total
    assert arrays > its_arrays


def test_a_replay_makes_no_copies_and_takes_the_update_too():
    X, y = np.zeros((32, 2)), np.zeros(32, int)
    replay = load("tensor-replay").classifier(MODEL, MODEL.initial_parameters(0), SGD(0.05))
    assert (len(replay._run(X, y)._tape), len(replay._update)) == (37, 2)


def test_the_gradients_of_a_step_beside_the_hand_written_ones():
    (_, *eager), (_, *handwritten) = whole("tensor", "gradients"), whole("numpy", "gradients")
    assert (eager, handwritten) == ([42, 34], [33, 20])


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (lambda x: x @ x.T, {"matmul": 1, "arrays": 1}),
        (lambda x: np.add(x, 1, out=x), {"add": 1}),
        (lambda x: x.sum(axis=0), {"add.reduce": 1, "arrays": 1}),
        (lambda x: x.sum(), {"add.reduce": 1}),
        (lambda x: x[[0, 1]], {"__getitem__": 1, "arrays": 1}),
        (lambda x: x[0].reshape(1, 2).T, {}),
        (lambda x: np.concatenate([plain(x), plain(x)], out=counting(np.empty((4, 2)), x.counter)),
         {"concatenate": 1}),
        (lambda x: x.__iadd__(x * 2), {"multiply": 1, "add": 1, "arrays": 1}),
    ],
)  # fmt: skip
def test_calls_and_arrays_are_counted_once_each(made, expected):
    calls = Counter()
    made(counting(np.ones((2, 2)), calls))
    assert calls == expected
