"""The estimator against scikit-learn's own checks, and against the loop of the harness."""

import numpy as np
import pandas as pd
import pytest
from estimators import ALL, assert_same_parameters, blobs, each_engine, make_classifier
from fresh_python import printed_by
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator

from benchgrad.benchmarks.cell.clock import Clock
from benchgrad.benchmarks.cell.training import Instruments, Schedule, train
from benchgrad.datasets import Recipe, make
from benchgrad.engines import (
    MLP,
    SGD,
    AutogradClassifier,
    EngineError,
    UnsupportedError,
    load,
    train_epochs,
)
from benchgrad.engines.estimator import classifier

# --- scikit-learn's own checks -------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # labels at random
@each_engine
def test_scikit_learn_finds_nothing_to_object_to(engine):
    results = check_estimator(AutogradClassifier(engine=engine), on_skip=None)
    left_out = {r["check_name"] for r in results if r["status"] != "passed"}
    # Recent releases skip this one themselves unless SCIPY_ARRAY_API is set.
    assert left_out <= {"check_array_api_input"}
    assert len(results) > 40


def test_the_tags_say_what_it_is():
    tags = get_tags(AutogradClassifier())
    assert tags.estimator_type == "classifier"
    assert not tags.non_deterministic
    assert tags.input_tags.sparse
    assert not tags.input_tags.allow_nan


# --- the loop of the harness ---------------------------------------------------------------


@pytest.fixture
def steps(monkeypatch):
    """Return the losses of every step that the estimator takes, epoch by epoch."""
    seen = []

    def noting(*arguments):
        for losses in train_epochs(*arguments):
            seen.append(losses)
            yield losses

    monkeypatch.setattr(classifier, "train_epochs", noting)
    return seen


@each_engine
def test_the_headline_plan_is_trained_step_by_step_as_the_harness_does(engine, steps):
    data = make("moons", Recipe(n_samples=1000, noise=0.2))
    model = MLP((2, 32, 32, 2))
    by_harness = load(engine).classifier(model, model.initial_parameters(0), SGD(0.05))
    schedule = Schedule(n_epochs=20, batch_size=32, seed=0)
    timed = list(train(by_harness, data.X_train, data.y_train, schedule, Instruments(Clock())))
    expected = [epoch.losses for epoch in timed]

    fitted = AutogradClassifier(engine, epochs=20, random_state=0).fit(data.X_train, data.y_train)
    np.testing.assert_array_equal(steps, expected, strict=True)
    assert np.shape(expected) == (20, 24)  # 750 rows: the last batch is short
    assert fitted.loss_curve_ == [float(np.mean(losses)) for losses in expected]
    parameters = [p for pair in zip(fitted.coefs_, fitted.intercepts_, strict=True) for p in pair]
    for found, wanted in zip(parameters, by_harness.parameters(), strict=True):
        np.testing.assert_array_equal(found, wanted, strict=True)
    np.testing.assert_array_equal(
        fitted.predict(data.X_test), by_harness.logits(data.X_test).argmax(axis=1)
    )
    assert fitted.score(data.X_test, data.y_test) > 0.9


@pytest.mark.parametrize("engine", ALL)
def test_every_engine_trains_the_same_classifier(engine):
    X, y = blobs(20)
    rule = {"momentum": 0.9, "weight_decay": 0.01, "epochs": 2}
    expected = make_classifier(engine="numpy", **rule).fit(X, y)
    found = make_classifier(engine=engine, **rule).fit(X, y)
    np.testing.assert_allclose(found.loss_curve_, expected.loss_curve_, rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        found.decision_function(X), expected.decision_function(X), rtol=0, atol=1e-12
    )


def test_a_path_names_an_engine_too(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("from benchgrad.engines.tensor.engine import engine\n")
    X, y = blobs()
    assert_same_parameters(make_classifier(engine=str(path)).fit(X, y), make_classifier().fit(X, y))


# --- what is predicted ---------------------------------------------------------------------


def test_words_come_back_as_labels_in_the_order_of_the_classes():
    X, y = blobs()
    fitted = make_classifier(epochs=30).fit(X, y)
    assert fitted.classes_.tolist() == ["apple", "fig", "pear"]
    assert fitted.score(X, y) > 0.9
    logits = fitted.decision_function(X)
    assert logits.shape == (60, 3)
    np.testing.assert_array_equal(fitted.predict(X), fitted.classes_[logits.argmax(axis=1)])


def test_the_decision_is_the_scores_of_the_fitted_network():
    X, y = blobs()
    fitted = make_classifier().fit(X, y)
    (W0, W1), (b0, b1) = fitted.coefs_, fitted.intercepts_
    scores = np.maximum(X @ W0 + b0, 0) @ W1 + b1
    np.testing.assert_allclose(fitted.decision_function(X), scores, rtol=1e-12)
    e = np.exp(scores)
    expected = e / e.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(fitted.predict_proba(X), expected, rtol=1e-12)


def test_two_classes_have_one_decision_the_log_odds():
    X, y = blobs(n_classes=2)
    fitted = make_classifier().fit(X, y)
    decision, probabilities = fitted.decision_function(X), fitted.predict_proba(X)
    assert decision.shape == (60,)
    odds = np.log(probabilities[:, 1] / probabilities[:, 0])
    np.testing.assert_allclose(decision, odds, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(fitted.predict(X), fitted.classes_[(decision > 0).astype(int)])


def test_many_rows_reach_the_engine_in_chunks(monkeypatch):
    X, y = blobs()
    fitted = make_classifier().fit(X, y)
    many, expected = np.tile(X, (20, 1)), np.tile(fitted.decision_function(X), (20, 1))
    live, sizes = fitted._classifier, []
    logits = live.logits
    monkeypatch.setattr(live, "logits", lambda rows: sizes.append(len(rows)) or logits(rows))
    np.testing.assert_allclose(fitted.decision_function(many), expected, rtol=1e-12)
    assert sizes == [500, 500, 200]


def test_the_hinge_loss_has_no_probabilities():
    X, y = blobs()
    fitted = make_classifier(loss="hinge", epochs=30).fit(X, y)
    assert not hasattr(fitted, "predict_proba")
    assert hasattr(make_classifier(), "predict_proba")
    with pytest.raises(AttributeError, match="has no attribute 'predict_proba'"):
        fitted.predict_proba(X)
    assert fitted.score(X, y) > 0.9


def test_large_logits_have_finite_probabilities():
    X, y = blobs()
    probabilities = make_classifier().fit(X, y).predict_proba(1e6 * X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)


def test_no_hidden_layers_is_a_linear_classifier():
    X, y = blobs()
    fitted = make_classifier(hidden_layers=()).fit(X, y)
    assert [W.shape for W in fitted.coefs_] == [(2, 3)]
    assert [b.shape for b in fitted.intercepts_] == [(3,)]


def test_float32_is_computed_in_float32_also_with_rates_from_numpy():
    X, y = blobs()
    rates = {"learning_rate": np.float64(0.05), "momentum": np.float64(0.5)}
    plain = {name: float(rate) for name, rate in rates.items()}
    fitted = make_classifier(dtype="float32", **rates).fit(X, y)
    assert_same_parameters(fitted, make_classifier(dtype="float32", **plain).fit(X, y))
    assert fitted.decision_function(X).dtype == np.float32
    for W in fitted.coefs_:
        assert W.dtype == np.float64
        np.testing.assert_array_equal(W, W.astype(np.float32))


# --- in the company of scikit-learn --------------------------------------------------------


def test_in_a_pipeline():
    X, y = blobs()
    pipeline = make_pipeline(StandardScaler(), make_classifier(epochs=30)).fit(1000 + X, y)
    assert pipeline.score(1000 + X, y) > 0.9
    alone = make_classifier(epochs=30).fit(StandardScaler().fit_transform(1000 + X), y)
    assert_same_parameters(pipeline[-1], alone)


def test_a_grid_is_searched_over_engines_and_rates():
    X, y = blobs()
    grid = {"engine": ["tensor", "numpy"], "learning_rate": np.array([1e-6, 0.1])}
    search = GridSearchCV(make_classifier(epochs=20), grid, cv=3).fit(X, y)
    assert search.best_params_["learning_rate"] == 0.1
    assert search.best_score_ > 0.9
    scores = search.cv_results_["mean_test_score"].reshape(2, 2)
    np.testing.assert_array_equal(scores[0], scores[1])  # engines differ in nothing else


def test_a_frame_keeps_its_column_names():
    X, y = blobs()
    frame, labels = pd.DataFrame(X, columns=["width", "height"]), pd.Series(y)
    fitted = make_classifier().fit(frame, labels)
    assert fitted.feature_names_in_.tolist() == ["width", "height"]
    assert_same_parameters(fitted, make_classifier().fit(X, y))
    np.testing.assert_array_equal(fitted.predict(frame), make_classifier().fit(X, y).predict(X))
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(frame[["height", "width"]])


def test_a_clone_has_the_hyperparameters_and_nothing_learnt():
    X, y = blobs()
    fitted = make_classifier(hidden_layers=[4]).fit(X, y)
    copied = clone(fitted)
    assert copied.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        copied.predict(X)


def test_weights_of_samples_are_refused():
    X, y = blobs()
    with pytest.raises(TypeError, match="sample_weight"):
        make_classifier().fit(X, y, sample_weight=np.ones(len(y)))


# --- random states -------------------------------------------------------------------------


def test_fitting_again_begins_anew():
    X, y = blobs()
    fitted = make_classifier(momentum=0.9).fit(X, y)
    again = clone(fitted).fit(X, y).fit(X, y)
    assert_same_parameters(again, fitted)
    assert again.loss_curve_ == fitted.loss_curve_
    assert again.n_iter_ == 4


def test_the_random_state_draws_weights_and_batches():
    X, y = blobs()

    def losses(random_state):
        return make_classifier(random_state=random_state).fit(X, y).loss_curve_

    assert losses(1) == losses(np.int64(1)) != losses(0)
    assert losses(np.random.RandomState(3)) == losses(np.random.RandomState(3))
    shared = np.random.RandomState(3)
    assert losses(shared) != losses(shared)
    assert losses(None) != losses(None)


# --- refusals ------------------------------------------------------------------------------


def test_an_engine_says_itself_what_is_wrong():
    X, y = blobs()
    with pytest.raises(EngineError, match="did you mean 'tensor'"):
        make_classifier(engine="tensr").fit(X, y)
    with pytest.raises(UnsupportedError, match="scalar computes in float64"):
        make_classifier(engine="scalar", dtype="float32").fit(X, y)
    with pytest.raises(UnsupportedError, match="needs tanh"):
        make_classifier(engine="micrograd", activation="tanh").fit(X, y)


def test_one_class_is_not_enough():
    X, _ = blobs()
    with pytest.raises(ValueError, match=r"y has one class, .*'fig'"):
        make_classifier().fit(X, ["fig"] * len(X))


@pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered:RuntimeWarning")
def test_a_loss_that_is_not_finite_ends_the_training():
    X, y = blobs()
    diverging = make_classifier(epochs=50, learning_rate=1.0, weight_decay=1e3)
    with pytest.raises(ValueError, match=r"the loss is (nan|inf) in epoch \d+; a smaller"):
        diverging.fit(X, y)
    assert 1 < diverging.n_iter_ < 50


def test_an_interrupted_training_keeps_what_it_has_reached(monkeypatch):
    def interrupted(*arguments):
        loop = train_epochs(*arguments)
        yield next(loop)
        raise KeyboardInterrupt

    X, y = blobs()
    monkeypatch.setattr(classifier, "train_epochs", interrupted)
    cut = make_classifier()
    with pytest.raises(KeyboardInterrupt):
        cut.fit(X, y)
    monkeypatch.undo()
    assert cut.n_iter_ == 1
    assert_same_parameters(cut, make_classifier(epochs=1).fit(X, y))


# --- imports -------------------------------------------------------------------------------


def test_the_room_imports_scikit_learn_only_for_the_estimator():
    code = (
        "import sys, benchgrad.engines\n"
        "assert not {'sklearn', 'scipy'} & set(sys.modules)\n"
        "from benchgrad.engines import AutogradClassifier\n"
        "print(AutogradClassifier.__module__, 'sklearn' in sys.modules)\n"
    )
    assert printed_by(code).split() == ["benchgrad.engines.estimator.classifier", "True"]


def test_the_room_has_no_other_attributes_than_it_has():
    import benchgrad.engines

    with pytest.raises(AttributeError, match="no attribute 'Autograd'"):
        _ = benchgrad.engines.Autograd


def test_one_width_is_one_hidden_layer():
    X, y = blobs()
    one, tuple_of_one = (make_classifier(hidden_layers=h).fit(X, y) for h in (8, (8,)))
    assert_same_parameters(one, tuple_of_one)


def test_logarithms_of_probabilities_stay_finite():
    X, y = blobs()
    fitted = make_classifier(epochs=20).fit(X, y)
    np.testing.assert_allclose(np.exp(fitted.predict_log_proba(X)), fitted.predict_proba(X))
    far = 1e4 * X  # where the smallest probabilities are zero
    assert (fitted.predict_proba(far) == 0).any()
    assert np.isfinite(fitted.predict_log_proba(far)).all()
    assert not hasattr(make_classifier(loss="hinge"), "predict_log_proba")
