"""Every peer does the work of the reference and declares what it has. Needs the libraries."""

import numpy as np
import pytest
from fresh_python import printed_by

from benchgrad.benchmarks import plan as plans
from benchgrad.benchmarks.cell.listener import Quiet
from benchgrad.benchmarks.run import runner
from benchgrad.engines import MLP, SGD, UnsupportedError, load, registry
from benchgrad.engines.registry import status_of

PEERS = ("torch", "torch-compile", "jax", "autograd", "mygrad", "tinygrad", "sklearn-mlp")
DIFFERENTIATING = [name for name in PEERS if name != "sklearn-mlp"]
TOLERANCE = {"float64": 1e-12, "float32": 1e-4}

pytestmark = [
    pytest.mark.peers,
    # Warnings from the libraries' own code.
    pytest.mark.filterwarnings("default"),
]


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Let PyTorch compile into a folder of this session.

    Its own is one for all: a compilation that was killed leaves half a library there, for good.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path_factory.mktemp("inductor")))
        yield


def peer(name):
    """Return an engine; skip only if the machine lacks a compiler."""
    status = status_of(name)
    if "compiler" in status.reason:
        pytest.skip(status.reason)
    assert status.status == "ready", status.reason
    engine = load(name)
    engine.limit_threads(1)
    return engine


CONFIGURATIONS = [
    ((2, 8, 2), "relu", "cross_entropy", SGD(0.05)),
    ((3, 8, 8, 4), "tanh", "cross_entropy", SGD(0.05)),
    ((3, 8, 8, 4), "relu", "hinge", SGD(0.05, 0.9, 0.01)),
    ((2, 8, 2), "tanh", "cross_entropy", SGD(0.05, 0.9, 0.01)),
]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=str)
@pytest.mark.parametrize("name", PEERS)
def test_a_peer_does_the_work_of_numpy(name, configuration, dtype):
    layers, activation, loss, rule = configuration
    model = MLP(layers, activation, loss)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, layers[0])).astype(dtype)
    y = rng.integers(0, layers[-1], 50)
    batches = np.split(rng.permutation(50), [16, 32, 48])  # the last one is short
    engine, first = peer(name), model.initial_parameters(0)
    if name == "sklearn-mlp" and (loss == "hinge" or rule.momentum):
        with pytest.raises(UnsupportedError, match="MLPClassifier"):
            engine.classifier(model, first, rule, dtype)
        return
    found = engine.classifier(model, first, rule, dtype)
    expected = load("numpy").classifier(model, first, rule, dtype)
    within = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    for a, b in zip(found.gradients(X, y), expected.gradients(X, y), strict=True):
        np.testing.assert_allclose(a, b, **within)
    for _ in range(3):
        a, b = found.train_epoch(X, y, batches), expected.train_epoch(X, y, batches)
        assert a.dtype == np.float64
        np.testing.assert_allclose(a, b, **within)
    np.testing.assert_allclose(found.train_step(X, y), expected.train_step(X, y), **within)
    np.testing.assert_allclose(found.logits(X), expected.logits(X), **within)
    for a, b in zip(found.parameters(), expected.parameters(), strict=True):
        assert a.dtype == np.float64
        np.testing.assert_allclose(a, b, **within)


def function(ops, x, W, b):
    """Use every operation."""
    h = ops.tanh(ops.linear(x, W, b)) + ops.sigmoid(x @ W) * ops.relu(b)
    row = ops.logsumexp(h, axis=1) - ops.pick(h, np.array([0, 2, 1]))
    top = ops.max(h, axis=1, keepdims=True) * ops.min(h) + ops.mean(h, axis=0)
    shaped = ops.transpose(ops.reshape(top, (9,)).reshape((3, 3)))
    return (
        ops.sum(ops.exp(shaped * 0.1))
        + ops.sum(row)
        + ops.sum(ops.log(ops.detach(h) ** 2 + x[0, 0] ** 2))
    )


@pytest.mark.parametrize("name", DIFFERENTIATING)
def test_a_peer_differentiates_as_tensor_does(name):
    rng = np.random.default_rng(1)
    arrays = [rng.normal(size=shape) for shape in ((3, 2), (2, 3), (3,))]
    value, gradients = peer(name).value_and_grad(function, *arrays)
    expected, wanted = load("tensor").value_and_grad(function, *arrays)
    assert value == pytest.approx(expected, rel=1e-12)
    for found, other in zip(gradients, wanted, strict=True):
        np.testing.assert_allclose(found, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", DIFFERENTIATING)
def test_an_argument_that_is_not_used_has_gradient_zero(name):
    x, y = np.array([1.0, 2.0]), np.array([[3.0]])
    _, gradients = peer(name).value_and_grad(lambda ops, a, b: ops.sum(a * a), x, y)
    np.testing.assert_allclose(gradients[0], 2 * x)
    np.testing.assert_array_equal(gradients[1], np.zeros((1, 1)))


def test_the_plan_peers_ranks_them_all(tmp_path):
    plan = plans.load_plan("peers").replace(rounds=1).with_each(epochs=2)
    results = runner.run_in(tmp_path, plan, "", Quiet())
    by_name = {cell.engine: cell for cell in results.cells}
    assert set(PEERS) <= set(by_name)
    for name, cell in by_name.items():
        if "compiler" not in cell.reason:
            assert (name, cell.status, cell.reason) == (name, "ok", "")
            assert cell.equality.loss_difference < 1e-9
            assert cell.version or name in ("tensor", "tensor-replay", "scalar-dot")


def test_declaring_a_peer_imports_no_library():
    code = (
        "import sys\n"
        "from benchgrad.engines import available\n"
        f"assert {{s.name for s in available()}} >= set({PEERS!r})\n"
        "heavy = {'torch', 'jax', 'autograd', 'mygrad', 'tinygrad', 'sklearn'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    assert printed_by(code).strip() == "[]"


def test_every_peer_is_registered():
    assert set(PEERS) <= set(registry.registered())
