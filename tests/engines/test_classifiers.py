"""The one classifier on every engine: the same training as `numpy` to twelve digits, and copies.

That `numpy` itself is right, the conformance checks say. micrograd walks its graph in the order
of a set, so two runs of it may differ in the last bit.
"""

import numpy as np
import pytest

from benchgrad import datasets
from benchgrad.engines import (
    MLP,
    SGD,
    UnsupportedError,
    ValueEngine,
    batch_generator,
    draw_epochs,
    load,
    scalar,
    tensor,
)

RULES = [SGD(0.1), SGD(0.1, momentum=0.9, weight_decay=0.01)]
MODELS = [
    MLP((2, 5, 4, 3), activation, loss)
    for activation in ("relu", "tanh")
    for loss in ("cross_entropy", "hinge")
]
AUTOGRAD = ("tensor", "scalar", "scalar-dot", "micrograd")

each_model = pytest.mark.parametrize("model", MODELS, ids=lambda m: f"{m.activation} {m.loss}")
each_rule = pytest.mark.parametrize("rule", RULES, ids=["plain", "momentum and decay"])
each_engine = pytest.mark.parametrize("engine", ["numpy", "tensor", "scalar", "micrograd"])


def problem(n=11, n_features=2, n_classes=3, dtype="float64"):
    rng = np.random.default_rng(3)
    return rng.normal(size=(n, n_features)).astype(dtype), rng.integers(0, n_classes, size=n)


def batches(n=11, size=4):
    """Return batches in another order than the rows', the last one short."""
    return np.array_split(np.random.default_rng(5).permutation(n), range(size, n, size))


def make(engine, model, rule=RULES[0], dtype="float64", seed=0):
    return load(engine).classifier(model, model.initial_parameters(seed), rule, dtype)


def train(engine, model, rule, dtype="float64", n_epochs=3):
    """Return the loss at every step, and the classifier afterwards."""
    classifier = make(engine, model, rule, dtype)
    X, y = problem(dtype=dtype)
    losses = [classifier.train_epoch(X, y, batches()) for _ in range(n_epochs)]
    return np.concatenate(losses), classifier


# --- training ------------------------------------------------------------------------------


@each_model
@each_rule
def test_training_is_that_of_numpy(model, rule):
    expected, reference = train("numpy", model, rule)
    assert expected[-3:].mean() < expected[:3].mean()
    for engine in AUTOGRAD:
        if (engine, model.activation) == ("micrograd", "tanh"):
            continue  # it has none
        losses, classifier = train(engine, model, rule)
        np.testing.assert_allclose(losses, expected, rtol=0, atol=1e-12, strict=True)
        for found, by_numpy in zip(classifier.parameters(), reference.parameters(), strict=True):
            np.testing.assert_allclose(found, by_numpy, rtol=0, atol=1e-12, strict=True)


@each_model
@each_rule
def test_training_in_float32(model, rule):
    expected, reference = train("numpy", model, rule)
    for engine in ("tensor", "numpy"):
        losses, classifier = train(engine, model, rule, "float32")
        np.testing.assert_allclose(losses, expected, rtol=1e-5)
        assert np.any(losses != expected)
        for found, in_double in zip(classifier.parameters(), reference.parameters(), strict=True):
            assert found.dtype == np.float64
            np.testing.assert_array_equal(found, found.astype(np.float32))
            np.testing.assert_allclose(found, in_double, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("engine", ["tensor", "numpy"])
@each_model
def test_everything_is_float32_in_float32(engine, model):
    X, y = problem(dtype="float32")
    classifier = make(engine, model, RULES[1], "float32")
    classifier.train_step(X, y)
    assert classifier.logits(X).dtype == np.float32
    assert {g.dtype for g in classifier.gradients(X, y)} == {np.dtype("float32")}


@each_engine
def test_gradients_before_a_step_do_not_change_it(engine):
    X, y = problem()
    model = MLP((2, 4, 3), loss="hinge")
    plain, curious = make(engine, model, RULES[1]), make(engine, model, RULES[1])
    for _ in range(2):
        curious.gradients(X, y)[0][:] = 99.0
        assert plain.train_step(X, y) == pytest.approx(curious.train_step(X, y), rel=1e-14)


# --- copies --------------------------------------------------------------------------------


@each_engine
def test_parameters_are_copies(engine):
    X, y = problem()
    model = MLP((2, 4, 3), loss="hinge")
    classifier = make(engine, model)
    for _ in range(2):
        before = [p.copy() for p in classifier.parameters()]
        for p in classifier.parameters():
            assert p.dtype == np.float64
            p[:] = 99.0
        for found, expected in zip(classifier.parameters(), before, strict=True):
            np.testing.assert_array_equal(found, expected)
        classifier.train_step(X, y)


@pytest.mark.parametrize("engine", ["numpy", "tensor"])
def test_float32_arrays_given_are_not_modified(engine):
    X, y = problem(dtype="float32")
    model = MLP((2, 4, 3), loss="hinge")
    initial = [p.astype("float32") for p in model.initial_parameters(0)]
    kept = [p.copy() for p in initial]
    classifier = load(engine).classifier(model, initial, RULES[1], "float32")
    classifier.train_step(X, y)
    classifier.train_step(X, y)
    for found, expected in zip(initial, kept, strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(X, problem(dtype="float32")[0])
    assert not np.array_equal(classifier.parameters()[0], initial[0])


@each_engine
def test_two_classifiers_share_nothing(engine):
    X, y = problem()
    model = MLP((2, 4, 3), loss="hinge")
    initial = model.initial_parameters(0)
    one, other = (load(engine).classifier(model, initial, RULES[1]) for _ in range(2))
    losses = [one.train_step(X, y) for _ in range(3)]
    assert [other.train_step(X, y) for _ in range(3)] == pytest.approx(losses, rel=1e-14)


# --- epochs --------------------------------------------------------------------------------


@each_engine
def test_an_epoch_is_its_steps(engine):
    X, y = problem()
    model = MLP((2, 4, 3))
    by_epoch, by_step = make(engine, model), make(engine, model)
    losses = by_epoch.train_epoch(X, y, batches())
    assert isinstance(losses, np.ndarray)
    assert (losses.shape, losses.dtype) == ((3,), np.float64)
    steps = [by_step.train_step(X[rows], y[rows]) for rows in batches()]
    assert {type(loss) for loss in steps} == {float}
    np.testing.assert_allclose(losses, steps, rtol=1e-14)
    for found, expected in zip(by_epoch.parameters(), by_step.parameters(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


# --- edges ---------------------------------------------------------------------------------


@each_engine
def test_large_logits_do_not_overflow(engine):
    model = MLP((2, 3))
    parameters = [1e4 * p for p in model.initial_parameters(0)]
    X, y = problem()
    classifier = load(engine).classifier(model, parameters, SGD(0.1))
    scores = X @ parameters[0] + parameters[1]
    expected = np.mean(scores.max(axis=1) - scores[np.arange(11), y])
    assert classifier.train_step(X, y) == pytest.approx(expected, rel=1e-12)
    assert all(np.isfinite(p).all() for p in classifier.parameters())


@pytest.mark.parametrize("engine", ["numpy", "tensor", "scalar"])
@pytest.mark.parametrize("loss", ["cross_entropy", "hinge"])
def test_zero_parameters(engine, loss):
    # Every ReLU stands at its kink, and every logit ties for the maximum.
    model = MLP((2, 4, 3), loss=loss)
    X, y = problem()
    classifier = load(engine).classifier(
        model, [0 * p for p in model.initial_parameters(0)], SGD(1)
    )
    gradients = classifier.gradients(X, y)
    n_of = np.bincount(y, minlength=3)
    by_bias = 1 / 3 - n_of / 11 if loss == "cross_entropy" else (11 - 3 * n_of) / 11
    np.testing.assert_allclose(gradients[-1], by_bias, rtol=1e-13, atol=1e-15)
    for g in gradients[:-1]:
        np.testing.assert_array_equal(g, np.zeros_like(g))


# --- refusals ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("engine", "dtype"),
    [("scalar", "float32"), ("micrograd", "float32"), ("tensor", "float16"), ("numpy", "int64")],
)
def test_dtype_that_is_not_supported(engine, dtype):
    with pytest.raises(UnsupportedError, match=f"{engine} computes in float64.*not in {dtype}"):
        make(engine, MODELS[0], dtype=dtype)


def test_micrograd_has_no_tanh():
    with pytest.raises(UnsupportedError, match="needs tanh"):
        make("micrograd", MLP((2, 3, 2), "tanh"))


def test_missing_operations_are_named():
    model = MLP((2, 3, 2), "tanh", "cross_entropy")
    bare = ValueEngine("bare", kind="scalar", value=scalar.Value, operations=("relu",))
    with pytest.raises(UnsupportedError, match="needs exp, log, tanh"):
        bare.classifier(model, model.initial_parameters(0), SGD(0.1))
    bare = ValueEngine("bare", kind="tensor", value=tensor.Value, operations=("relu", "tanh"))
    with pytest.raises(UnsupportedError, match="needs detach, exp, log, max, sum"):
        bare.classifier(model, model.initial_parameters(0), SGD(0.1))


def test_operations_that_the_model_does_not_need_may_be_missing():
    model = MLP((2, 3, 2), "relu", "hinge")
    for value, kind, names in [
        (scalar.Value, "scalar", ("relu",)),
        (tensor.Value, "tensor", ("relu", "sum")),
    ]:
        bare = ValueEngine("bare", kind=kind, value=value, operations=names)
        classifier = bare.classifier(model, model.initial_parameters(0), SGD(0.1))
        X, y = problem(n_classes=2)
        expected = make("numpy", model).train_step(X, y)
        assert classifier.train_step(X, y) == pytest.approx(expected, rel=1e-13)


# --- the headline --------------------------------------------------------------------------


def test_headline_is_one_and_the_same_training():
    data = datasets.make("moons", datasets.Recipe(n_samples=160))
    X, y = data.X_train, data.y_train
    results = {}
    for engine in ("numpy", "tensor", "scalar"):
        classifier = make(engine, MLP((2, 32, 32, 2)), SGD(0.05))
        epochs = draw_epochs(5, len(y), 32, batch_generator(seed=0, round=0))
        losses = [classifier.train_epoch(X, y, rows) for rows in epochs]
        assert np.mean(classifier.logits(data.X_test).argmax(axis=1) == data.y_test) > 0.7
        results[engine] = np.concatenate([*losses, *map(np.ravel, classifier.parameters())])
    for engine in ("tensor", "scalar"):
        np.testing.assert_allclose(results[engine], results["numpy"], rtol=0, atol=1e-9)
