"""The one classifier on every engine: the same losses, gradients and parameters, step by step.

Everything is compared with `numpy`, whose hand-derived gradients are compared with differences
of its own loss, whose loss is compared with the formula of the design. micrograd walks its
graph in the order of a set, so two runs of it may differ in the last bit.
"""

import numpy as np
import pytest
from cases import assert_close, central_differences

from benchgrad.engines import MLP, SGD, UnsupportedError, ValueEngine, load, scalar, tensor

RULES = [SGD(0.1), SGD(0.1, momentum=0.9, weight_decay=0.01)]
MODELS = [
    MLP((2, 5, 4, 3), activation, loss)
    for activation in ("relu", "tanh")
    for loss in ("cross_entropy", "hinge")
]
ALL = ["numpy", "tensor", "scalar", "micrograd"]

each_model = pytest.mark.parametrize("model", MODELS, ids=lambda m: f"{m.activation} {m.loss}")
each_rule = pytest.mark.parametrize("rule", RULES, ids=["plain", "momentum and decay"])
each_engine = pytest.mark.parametrize("engine", ALL)
each_model_on_each_engine = pytest.mark.parametrize(
    ("engine", "model"),
    [
        pytest.param(engine, model, id=f"{engine}: {model.activation} {model.loss}")
        for engine in ALL
        for model in MODELS
        if (engine, model.activation) != ("micrograd", "tanh")  # it has none
    ],
)


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


# --- the oracle ----------------------------------------------------------------------------


def logits_by_hand(model, parameters, X):
    h = X
    for i in range(0, len(parameters), 2):
        if i:
            h = np.maximum(h, 0) if model.activation == "relu" else np.tanh(h)
        h = h @ parameters[i] + parameters[i + 1]
    return h


def loss_by_hand(model, scores, y):
    """Return the loss as the design states it, row by row."""
    losses = []
    for s, label in zip(scores, y, strict=True):
        if model.loss == "cross_entropy":
            losses.append(np.log(np.sum(np.exp(s))) - s[label])
        else:
            losses.append(sum(max(0, 1 + s[j] - s[label]) for j in range(len(s)) if j != label))
    return float(np.mean(losses))


@each_model_on_each_engine
def test_loss_and_logits_are_those_of_the_design(engine, model):
    X, y = problem()
    classifier = make(engine, model)
    scores = logits_by_hand(model, model.initial_parameters(0), X)
    np.testing.assert_allclose(classifier.logits(X), scores, rtol=1e-12, strict=True)
    loss = classifier.train_step(X, y)
    assert type(loss) is float
    assert loss == pytest.approx(loss_by_hand(model, scores, y), rel=1e-13)


@each_model
def test_gradients_of_numpy_agree_with_central_differences(model):
    X, y = problem()
    engine = load("numpy")

    def loss(*parameters):
        return engine.classifier(model, parameters, SGD(0.0)).train_step(X, y)

    differences = central_differences(loss, model.initial_parameters(0))
    assert_close(make("numpy", model).gradients(X, y), differences)


@each_model_on_each_engine
@each_rule
def test_a_step_is_the_rule_applied_to_the_gradients(engine, model, rule):
    X, y = problem()
    classifier = make(engine, model, rule)
    parameters = model.initial_parameters(0)
    velocities = [np.zeros_like(p) for p in parameters]
    for _ in range(2):
        gradients = classifier.gradients(X, y)
        classifier.train_step(X, y)
        for i, g in enumerate(gradients):
            velocities[i] = rule.momentum * velocities[i] + g + rule.weight_decay * parameters[i]
            parameters[i] = parameters[i] - rule.learning_rate * velocities[i]
        for found, expected in zip(classifier.parameters(), parameters, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15, strict=True)


# --- the engines against it ----------------------------------------------------------------


@each_model_on_each_engine
@each_rule
def test_training_is_that_of_numpy(engine, model, rule):
    expected, reference = train("numpy", model, rule)
    losses, classifier = train(engine, model, rule)
    np.testing.assert_allclose(losses, expected, rtol=0, atol=1e-12, strict=True)
    assert losses[-3:].mean() < losses[:3].mean()
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


@each_model_on_each_engine
def test_gradients_make_no_update(engine, model):
    X, y = problem()
    reference, classifier = make("numpy", model), make(engine, model)
    first = classifier.gradients(X, y)
    again = classifier.gradients(X, y)
    for found, repeated, expected, parameter, initial in zip(
        first,
        again,
        reference.gradients(X, y),
        classifier.parameters(),
        model.initial_parameters(0),
        strict=True,
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15, strict=True)
        np.testing.assert_allclose(repeated, found, rtol=1e-14, atol=1e-16)
        np.testing.assert_array_equal(parameter, initial)


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


@pytest.mark.parametrize(
    ("engine", "dtype"),
    [*((engine, "float64") for engine in ALL), ("numpy", "float32"), ("tensor", "float32")],
)
def test_arrays_given_are_not_modified(engine, dtype):
    X, y = problem(dtype=dtype)
    model = MLP((2, 4, 3), loss="hinge")
    initial = [p.astype(dtype) for p in model.initial_parameters(0)]
    kept = [p.copy() for p in initial]
    classifier = load(engine).classifier(model, initial, RULES[1], dtype)
    classifier.train_step(X, y)
    classifier.train_step(X, y)
    for found, expected in zip(initial, kept, strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(X, problem(dtype=dtype)[0])
    np.testing.assert_array_equal(y, problem()[1])
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
    np.testing.assert_allclose(losses, steps, rtol=1e-14)
    for found, expected in zip(by_epoch.parameters(), by_step.parameters(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


@each_engine
def test_a_batch_of_one_row(engine):
    X, y = problem(n=1)
    model = MLP((2, 4, 3))
    losses = make(engine, model).train_epoch(X, y, [np.array([0])])
    assert losses == pytest.approx(make("numpy", model).train_step(X, y), rel=1e-13)


@each_engine
def test_a_model_without_hidden_layers(engine):
    X, y = problem()
    model = MLP((2, 3), "relu", "hinge")
    classifier, reference = make(engine, model), make("numpy", model)
    for _ in range(3):
        assert classifier.train_step(X, y) == pytest.approx(reference.train_step(X, y), rel=1e-13)


# --- edges ---------------------------------------------------------------------------------


@each_engine
def test_large_logits_do_not_overflow(engine):
    model = MLP((2, 3))
    parameters = [1e4 * p for p in model.initial_parameters(0)]
    X, y = problem()
    classifier = load(engine).classifier(model, parameters, SGD(0.1))
    scores = logits_by_hand(model, parameters, X)
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


def moons(n=160):
    """Return two interleaved half circles with noise, shuffled."""
    rng = np.random.default_rng(0)
    angle, y = rng.uniform(0, np.pi, n), np.arange(n) % 2
    X = np.where(
        y[:, None] == 0,
        np.stack([np.cos(angle), np.sin(angle)], axis=1),
        np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1),
    )
    rows = rng.permutation(n)
    return (X + rng.normal(0, 0.2, X.shape))[rows], y[rows]


def test_headline_is_one_and_the_same_training():
    X, y = moons()
    model = MLP((2, 32, 32, 2))
    losses, accuracy, parameters = {}, {}, {}
    for engine in ("numpy", "tensor", "scalar"):
        rng = np.random.default_rng(1)  # the same batches for every engine
        classifier = make(engine, model, SGD(0.05))
        epochs = [np.array_split(rng.permutation(120), [32, 64, 96]) for _ in range(5)]
        losses[engine] = np.concatenate(
            [classifier.train_epoch(X[:120], y[:120], rows) for rows in epochs]
        )
        accuracy[engine] = np.mean(classifier.logits(X[120:]).argmax(axis=1) == y[120:])
        parameters[engine] = np.concatenate([p.ravel() for p in classifier.parameters()])
    assert accuracy["numpy"] > 0.7
    for engine in ("tensor", "scalar"):
        np.testing.assert_allclose(losses[engine], losses["numpy"], rtol=0, atol=1e-9)
        np.testing.assert_allclose(parameters[engine], parameters["numpy"], rtol=0, atol=1e-9)
        assert accuracy[engine] == accuracy["numpy"]
