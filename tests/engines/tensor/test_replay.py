"""A replay gives the numbers of the graph to the last bit, or is refused."""

import doctest
import gc
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchgrad import datasets
from benchgrad.engines import MLP, SGD, load
from benchgrad.engines.tensor import Value, replay
from benchgrad.engines.tensor.replay import ReplayError, Tape, plain
from benchgrad.engines.tensor.replay_engine import Recording

OPS = load("tensor").operations


def recorded(function, *arrays):
    """Return a recording of a function of arrays, and the arrays that it reads."""
    memory = [np.array(array) for array in arrays]
    leaves = [Value(array) for array in memory]
    return Recording(lambda: function(OPS, *leaves), (), leaves), memory


def eager(function, *arrays):
    """Return the value and the gradients of a function from the graph itself."""
    leaves = [Value(np.array(array)) for array in arrays]
    out = function(OPS, *leaves)
    out.backward()
    return out.data, [leaf.grad for leaf in leaves]


def assert_replays(function, first, *others):
    """Record on some arrays, replay on others of their shapes, compare each with the graph."""
    recording, memory = recorded(function, *first)
    assert len(repr(recording._tape).splitlines()) == 1 + len(recording._tape)
    for arrays in (*others, first):
        for place, array in zip(memory, arrays, strict=True):
            place[...] = array
        recording.run()
        value, gradients = eager(function, *arrays)
        np.testing.assert_array_equal(recording.loss, value)
        for found, expected in zip(recording.gradients, gradients, strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_operation_replays(case, dtype):
    draws = [case.arrays(seed, dtype=dtype) for seed in range(3)]
    assert_replays(lambda ops, *xs: ops.sum(ops.tanh(case.program.function(ops, *xs))), *draws)


SHAPES = st.sampled_from([(3, 4), (4,), (1, 4), (3, 1), (1, 1), ()])
UNARY = ("exp", "tanh", "relu", "sigmoid", "square", "half", "mean", "max", "sum", "flip")
BINARY = ("+", "-", "*")


def grown(ops, leaves, plan):
    """Return the sum over a graph in which each entry of the plan adds a node."""
    nodes = list(leaves)
    for name, i, j in plan:
        a, b = nodes[i % len(nodes)], nodes[j % len(nodes)]
        if name in BINARY:
            node = {"+": a + b, "-": a - b, "*": a * b}[name]
        elif name == "square":
            node = a**2
        elif name == "half":
            node = 0.5 * a - 1.0
        elif name == "flip":
            node = a.T if a.ndim != 2 else a[::-1]
        elif name in ("mean", "max", "sum"):
            node = getattr(ops, name)(a, axis=-1, keepdims=True) if a.ndim else a
        else:
            node = getattr(ops, name)(a * 0.1)
        nodes.append(node)
    total = ops.sum(nodes[0])
    for node in nodes[1:]:
        total = total + ops.sum(ops.tanh(node))
    return total


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    shapes=st.lists(SHAPES, min_size=1, max_size=3),
    plan=st.lists(
        st.tuples(st.sampled_from(UNARY + BINARY), st.integers(0, 9), st.integers(0, 9)),
        max_size=12,
    ),
    seed=st.integers(0, 99),
)
def test_any_graph_replays(shapes, plan, seed):
    rng = np.random.default_rng(seed)
    draws = [[rng.normal(size=shape) for shape in shapes] for _ in range(3)]
    assert_replays(lambda ops, *leaves: grown(ops, leaves, plan), *draws)


CONFIGURATIONS = [
    (loss, activation, momentum, weight_decay, dtype)
    for loss in ("cross_entropy", "hinge")
    for activation in ("relu", "tanh")
    for momentum, weight_decay in ((0.0, 0.0), (0.9, 0.01))
    for dtype in ("float64", "float32")
]


@pytest.mark.parametrize("name", list(datasets.SOURCES))
def test_every_data_set_trains_to_the_same_numbers(name):
    data = datasets.make(name, datasets.Recipe(n_samples=120))
    model_ends = (data.n_features, 8, data.n_classes)
    batches = np.split(np.arange(90), [32, 64])  # the last one is short
    for loss, activation, momentum, weight_decay, dtype in CONFIGURATIONS:
        model = MLP(model_ends, activation, loss)
        runs = []
        for engine in ("tensor", "tensor-replay"):
            rule = SGD(0.05, momentum, weight_decay)
            classifier = load(engine).classifier(model, model.initial_parameters(0), rule, dtype)
            X = data.X_train.astype(dtype)
            losses = [classifier.train_epoch(X, data.y_train, batches) for _ in range(3)]
            gradients = classifier.gradients(X[:7], data.y_train[:7])
            parts = (*losses, *classifier.parameters(), *gradients, classifier.logits(X[:5]))
            runs.append(np.concatenate([np.ravel(part) for part in parts]))
        np.testing.assert_array_equal(*runs)


@pytest.mark.parametrize(
    "function",
    [
        lambda ops, x: ops.sum(x) if float(ops.sum(x)) > 0 else ops.sum(-x),
        lambda ops, x: ops.sum(x) if (x.data > 0).any() else ops.sum(-x),
        lambda ops, x: ops.sum(x * x.data.item(0)),
        lambda ops, x: ops.sum(x * x.data.max().tolist()),
    ],
    ids=["float", "bool", "item", "tolist"],
)
def test_a_value_that_is_read_is_refused(function):
    with pytest.raises(ReplayError, match="was read while the graph was being recorded"):
        recorded(function, np.array([1.0, 2.0]))
    value, (gradient,) = load("tensor-replay").value_and_grad(function, np.array([1.0, 2.0]))
    expected, (wanted,) = load("tensor").value_and_grad(function, np.array([1.0, 2.0]))
    assert value == expected
    np.testing.assert_array_equal(gradient, wanted)


def test_numbers_taken_past_the_recording_are_found_by_the_check():
    def function(ops, x):
        return ops.sum(x * np.asarray(x.data).sum())  # NumPy hands out a bare view

    recording, (memory,) = recorded(function, np.array([1.0, 2.0]))
    memory[...] = [3.0, 4.0]
    with pytest.raises(ReplayError, match="replay differs from the graph"):
        recording.run()


def test_numbers_taken_from_an_input_are_found_when_it_varies():
    """Also if it stays the same for a while, and others vary before it does."""
    leaf = Value(np.array([1.0, 2.0]))

    def function(x, y):
        return (leaf * x).sum() * float(np.asarray(y)[0])

    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    recording = Recording(function, (x, y), [leaf])
    recording.run(x, y)
    recording.run(x + 1, y)
    assert recording.loss == 3.0 * (1.0 * 2.0 + 2.0 * 3.0)
    with pytest.raises(ReplayError, match="replay differs from the graph"):
        recording.run(x + 1, y + 1)


def test_a_replay_makes_no_array_and_no_node():
    model = MLP((16, 256, 256, 3))
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(512, 16)), rng.integers(0, 3, 512)
    classifier = load("tensor-replay").classifier(model, model.initial_parameters(0), SGD(0.1))
    for _ in range(3):
        classifier.train_step(X, y)
    recording = classifier._run(X, y)
    tracemalloc.start()
    try:
        recording.run(X, y)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 100_000  # NumPy's buffer for casts has 64 kB, a hidden layer 1 MB


def test_a_recording_that_is_dropped_is_freed_without_the_collector():
    x = np.ones(20_000)
    engine = load("tensor-replay")

    def differentiate():
        engine.value_and_grad(lambda ops, x: ops.sum(ops.exp(x) * x), x)

    differentiate()
    gc.disable()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(20):
            differentiate()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert after - before < x.nbytes


@pytest.mark.parametrize("constant", [lambda ops, x: 6.0, lambda ops, x: ops.sum(ops.detach(x))])
def test_a_result_without_a_past_has_gradient_zero(constant):
    value, (gradient,) = load("tensor-replay").value_and_grad(constant, np.array([2.0, 4.0]))
    assert value == 6.0
    np.testing.assert_array_equal(gradient, [0.0, 0.0])


def test_what_does_not_vary_is_not_computed_again():
    recording, (memory,) = recorded(lambda ops, x: ops.sum(x * 3.0), np.ones(4))
    assert len(recording._tape) == 2  # the product and the sum; the gradient is constant
    memory[...] = 2.0
    recording.run()
    assert recording.loss == 24.0


def test_the_program_in_the_docstring_is_recorded_printed_and_replayed():
    failed, attempted = doctest.testmod(replay)
    assert (failed, attempted > 5) == (0, True)


def test_a_tape_prints_operands_views_and_keywords():
    tape = Tape()
    x, other = tape.input(np.ones((2, 3))), tape.input(np.ones((2, 2)))
    y = x.T @ (x * 2.0)
    y *= 3.0
    np.concatenate([other, other], axis=1)
    y[0, ...] = other[0, 0]
    np.maximum(y, 0.0, out=y)
    assert repr(tape).splitlines() == [
        "Tape of 7 calls",
        "  v0 (2, 3) = multiply(x0, 2.0)",
        "  v1 (3, 3) = matmul(x0.T, v0)",
        "  v1 (3, 3) = multiply(v1, 3.0)",
        "  v2 (2, 4) = concatenate((x1, x1), axis=1)",
        "  v3 () = getitem(x1, (0, 0))",
        "  v1 (3, 3) = setitem((0, ...), v3)",
        "  v1 (3, 3) = maximum(v1, 0.0)",
    ]


def test_a_changed_shape_is_recorded_anew():
    model = MLP((2, 3, 2))
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(10, 2)), rng.integers(0, 2, 10)
    classifier = load("tensor-replay").classifier(model, model.initial_parameters(0), SGD(0.1))
    reference = load("numpy").classifier(model, model.initial_parameters(0), SGD(0.1))
    for n in (10, 4, 10, 7, 4, 1, 1):
        assert classifier.train_step(X[:n], y[:n]) == pytest.approx(
            reference.train_step(X[:n], y[:n]), abs=1e-13
        )


def trained_on(name, rows):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(12, 2)), rng.integers(0, 2, 12)
    model = MLP((2, 3, 2))
    classifier = load(name).classifier(model, model.initial_parameters(0), SGD(0.1))
    for k in range(3):  # by then its rows go straight into the memory of the tape
        classifier.train_epoch(X, y, [np.arange(4) + k, np.arange(4, 8)])
    return [classifier.train_epoch(X, y, [rows]), *classifier.parameters()]


def test_rows_counted_from_the_end_are_found_and_missing_ones_refused():
    rows = np.array([-1, 3, -12, 5])
    for found, expected in zip(
        trained_on("tensor-replay", rows), trained_on("tensor", rows), strict=True
    ):
        np.testing.assert_array_equal(found, expected)
    for missing in ([0, 12, 1, 2], [0, -13, 1, 2]):
        with pytest.raises(IndexError):
            trained_on("tensor-replay", np.array(missing))


def test_a_copy_stays_where_the_original_or_the_copy_changes_later():
    for changed, n_calls in ((None, 1), (0, 3), (1, 3)):
        tape, data = Tape(), np.array([1.0, 2.0])
        made = tape.input(data) * 2.0
        pair = [made, made.copy()]
        if changed is not None:
            np.add(pair[changed], 1.0, out=pair[changed])
        kept = plain(pair[1])
        expected = kept.copy()
        tape.close(keep=[kept])
        kept[...] = 0.0
        tape.replay()
        np.testing.assert_array_equal(kept, expected)
        assert len(tape) == n_calls
