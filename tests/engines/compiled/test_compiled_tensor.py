"""The tape in machine code gives the numbers of the graph within rounding, or is refused by name.

Compilation is slow, so most tests run the generated source as Python does, and few compile it.
"""

import tracemalloc
from importlib.metadata import version

import numpy as np
import pytest
from drawn_graphs import drawn_graphs

from benchgrad.engines import MLP, SGD, load
from benchgrad.engines.compiled import elementary, machine, program, tensor
from benchgrad.engines.compiled.buffers import LoweringError
from benchgrad.engines.compiled.forms import FORMS
from benchgrad.engines.compiled.interpreter import Interpreted
from benchgrad.engines.compiled.lowering import Lowering
from benchgrad.engines.compiled.program import Body
from benchgrad.engines.conformance.cases.table import CASES
from benchgrad.engines.tensor import Value
from benchgrad.engines.tensor.replay import Tape, plain

OPS = load("tensor").operations


def loss_of(case):
    return lambda ops, *xs: ops.sum(ops.tanh(case.program.function(ops, *xs)))


def assert_close(found, expected, tolerance=1e-12):
    for one, other in zip(found, expected, strict=True):
        scale = 1.0 + np.max(np.abs(other), initial=0.0)
        np.testing.assert_allclose(one, other, tolerance, tolerance * scale)


def eager(function, arrays):
    value, gradients = load("tensor").value_and_grad(function, *arrays)
    return [value, *gradients]


def by_source(function, arrays, run=machine.interpreted):
    """Return value and gradients from the fused source of a function."""
    tape = Tape()
    memory = [np.array(array) for array in arrays]
    leaves = [Value(array) for array in memory]
    for leaf in leaves:
        leaf.data = tape.input(leaf.data)
    loss = function(OPS, *leaves)
    loss.backward()
    results = [plain(loss.data), *(plain(leaf.grad) for leaf in leaves)]
    lowering = Lowering(tape.steps, arrays[0].dtype, memory)
    body = Body(lowering, [lowering.buffers.view(result) for result in results], n_state=0, start=0)
    work = np.zeros(body.end, arrays[0].dtype)
    for place, constant in body.constants:
        work[place : place + constant.size] = constant
    for buffer, array in enumerate(memory):
        work[body.places[buffer] :][: array.size] = array.ravel()
    lines = "\n    ".join(["pass", *body.lines])
    with np.errstate(all="ignore"):
        run(f"def run(blas, work):\n    {lines}\n", work.dtype.name)(0, work)
    found = []
    for result in results:
        view = lowering.buffers.view(result)
        first = (body.places[view.buffer] + view.offset) * work.itemsize
        strides = [s * work.itemsize for s in view.strides]
        found.append(np.ndarray(result.shape, work.dtype, work, first, strides))
    return found


def test_the_source_of_every_operation(case):
    arrays = case.arrays(0)
    assert_close(by_source(loss_of(case), arrays), eager(loss_of(case), arrays))


def test_200_random_graphs_as_source():
    for function, arrays in drawn_graphs(200):
        assert_close(by_source(function, arrays), eager(function, arrays))


def test_every_operation_and_200_random_graphs_in_compiled_loops():
    """All in one test, since the loops are compiled once in a process."""
    drawn = drawn_graphs(200)
    for function, arrays in [*((loss_of(case), case.arrays(0)) for case in CASES), *drawn]:
        leaves = [Value(np.array(array)) for array in arrays]
        value, gradients = Interpreted(lambda: function(OPS, *leaves), leaves).run()  # noqa: B023
        assert_close([value, *gradients], eager(function, arrays))
    found, (gradient,) = load("tensor-compiled").value_and_grad(
        lambda ops, x: ops.sum(x * x), arrays[0]
    )
    assert_close([found, gradient], [np.sum(arrays[0] ** 2), 2.0 * arrays[0]])


CONFIGURATIONS = [
    ("cross_entropy", "relu", 0.0, 0.0, "float64"),
    ("hinge", "tanh", 0.9, 0.01, "float64"),
    ("cross_entropy", "tanh", 0.9, 0.0, "float32"),
]


def trained(engine, configuration, n_epochs=3):
    """Return all that a training gives, and the classifier; the last batch is short."""
    loss, activation, momentum, weight_decay, dtype = configuration
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 2)).astype(dtype), rng.integers(0, 3, 90)
    model = MLP((2, 8, 3), activation, loss)
    rule = SGD(0.05, momentum, weight_decay)
    classifier = load(engine).classifier(model, model.initial_parameters(0), rule, dtype)
    batches = [np.split(rng.permutation(90), [32, 64]) for _ in range(n_epochs)]
    losses = [classifier.train_epoch(X, y, epoch) for epoch in batches]
    parts = (*losses, *classifier.parameters(), *classifier.gradients(X[:32], y[:32]))
    return [*parts, classifier.logits(X[:5])], classifier


def assert_trains_alike(configuration):
    tolerance = 1e-12 if configuration[-1] == "float64" else 1e-5
    found, classifier = trained("tensor-compiled", configuration)
    assert_close(found, trained("tensor", configuration)[0], tolerance)
    assert len(classifier._programs) == 2
    return classifier


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=str)
def test_the_source_trains_to_the_same_numbers(configuration, monkeypatch):
    """As Python runs it; the loss of the first two batches is compared with the graph's too."""
    monkeypatch.setattr(program, "compiled", machine.interpreted)
    assert_trains_alike(configuration)


def test_machine_code_trains_to_the_same_numbers_and_an_epoch_allocates_nothing_per_step():
    classifier = assert_trains_alike(CONFIGURATIONS[1])
    assert [len(p._run.signatures) for p in classifier._programs.values()] == [1, 1]
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(3200, 2)), rng.integers(0, 3, 3200)
    peaks = []
    for n_batches in (10, 100):
        batches = list(np.arange(n_batches * 32).reshape(n_batches, 32))
        classifier.train_epoch(X, y, batches)
        tracemalloc.start()
        classifier.train_epoch(X, y, batches)
        peaks.append(tracemalloc.get_traced_memory()[1] - 8 * n_batches)  # the losses
        tracemalloc.stop()
    rows = 90 * 32 * 8  # what the caller passed, as one array; twice while it is checked
    assert peaks[1] - peaks[0] < 3 * rows + 40_000


def test_a_call_without_machine_code_is_named_and_the_step_replayed(monkeypatch):
    monkeypatch.delitem(FORMS, np.tanh)
    configuration = CONFIGURATIONS[1]
    with pytest.warns(RuntimeWarning, match="no machine code for tanh: .*replays every step"):
        found, classifier = trained("tensor-compiled", configuration)
    assert_close(found, trained("tensor", configuration)[0])
    assert not classifier._programs


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("cumsum", np.cumsum),
        ("sin", np.sin),
        ("concatenate", lambda x: np.concatenate([x, x])),
        ("logaddexp.reduce", np.logaddexp.reduce),
        ("multiply.at", lambda x: np.multiply.at(x * 1.0, [0], 2.0)),
        ("add", lambda x: x + np.ones(4, np.float32).astype(np.longdouble)),
        ("getitem", lambda x: x[np.argsort(np.ones(4)) + (x < 0.0)]),
    ],
)
def test_a_call_that_cannot_be_lowered_is_refused_by_name(name, function):
    tape = Tape()
    data = np.ones(4)
    function(tape.input(data))
    with pytest.raises(LoweringError, match=f"^{name}: "):
        Lowering(tape.steps, "float64", [data])


def test_a_graph_that_is_refused_is_replayed():
    x = np.array([1.0, 2.0])

    def branching(ops, x):
        return ops.sum(x * 2.0) if float(ops.sum(x)) > 0 else ops.sum(x)

    def mixed(ops, x):
        return ops.sum(x * np.array([0.1, 0.2]))

    for array, function in ((x, branching), (x.astype("float32"), mixed)):
        value, (gradient,) = load("tensor-compiled").value_and_grad(function, array)
        expected, (wanted,) = load("tensor").value_and_grad(function, array)
        assert value == expected
        np.testing.assert_array_equal(gradient, wanted)


def test_the_first_step_compiles_the_program_of_the_short_last_batch_too(monkeypatch):
    made = []
    monkeypatch.setattr(
        program.StepProgram, "run", lambda *given: made.append(given[-1].shape) or [0.0]
    )
    monkeypatch.setattr(tensor.CompiledClassifier, "_check", lambda *_: None)
    model = MLP((2, 3, 2))
    classifier = tensor.engine.classifier(model, model.initial_parameters(0), SGD(0.1))
    classifier.train_epoch(np.ones((10, 2)), np.zeros(10, int), [np.arange(4)])
    assert made == [(0, 4), (0, 2), (1, 4)]


def test_rows_that_do_not_exist_are_refused(monkeypatch):
    monkeypatch.setattr(program, "compiled", machine.interpreted)
    model = MLP((2, 3, 2))
    classifier = tensor.engine.classifier(model, model.initial_parameters(0), SGD(0.1))
    with pytest.raises(IndexError):
        classifier.train_epoch(np.ones((4, 2)), np.zeros(4, int), [np.array([0, 4])])


def test_exp_and_tanh_to_a_few_units_in_the_last_place():
    x = np.array([*np.linspace(-740, 712, 3001), *np.linspace(-2, 2, 999), 0.0, 1e-300])
    edges = np.array([-np.inf, np.inf, -800.0, 800.0])
    with np.errstate(all="ignore"):
        for name, given in (("exp", x), ("tanh", np.clip(x, -30, 30))):
            written, expected = getattr(elementary, name), getattr(np, name)
            found = np.array([written(np.float64(v)) for v in given])
            np.testing.assert_allclose(found, expected(given), rtol=1e-15, atol=1e-307)
            at_edges = [written(np.float64(v)) for v in edges]
            np.testing.assert_array_equal(at_edges, expected(edges))
            assert np.isnan(written(np.float64("nan")))


def test_a_missing_numba_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setattr(tensor.engine, "requires", ("numba_that_is_missing",))
    assert "pip install 'benchgrad[compiled]'" in tensor.engine.missing()


def test_the_version_of_a_compiled_engine_is_numbas():
    assert [load(name).version for name in ("tensor-compiled", "scalar-compiled")] == [
        version("numba")
    ] * 2
