"""Training that goes on: pass by pass, after a fit, and after a pickle."""

import copy
import pickle

import numpy as np
import pytest
from estimators import ALL, assert_same_parameters, blobs, each_engine, make_classifier

from benchgrad.engines.handwritten import HandwrittenClassifier

# --- one pass at a time --------------------------------------------------------------------


@each_engine
def test_passes_one_by_one_are_a_fit(engine):
    X, y = blobs(50)
    rule = {"engine": engine, "momentum": 0.9, "weight_decay": 0.01}
    fitted = make_classifier(**rule).fit(X, y)
    by_passes = make_classifier(**rule)
    for _ in range(4):
        by_passes.partial_fit(X, y, classes=["pear", "fig", "apple"])
    assert by_passes.loss_curve_ == fitted.loss_curve_
    assert by_passes.loss_ == fitted.loss_
    assert by_passes.n_iter_ == fitted.n_iter_ == 4
    assert_same_parameters(by_passes, fitted)


def test_a_pass_after_a_fit_goes_on():
    X, y = blobs()
    longer = make_classifier(epochs=5, momentum=0.9).fit(X, y)
    assert_same_parameters(make_classifier(momentum=0.9).fit(X, y).partial_fit(X, y), longer)


def test_a_pass_may_lack_classes_and_have_other_rows():
    X, y = blobs()
    fitted = make_classifier().partial_fit(X[y == "fig"], y[y == "fig"], classes=np.unique(y))
    fitted.partial_fit(X[:7], y[:7])
    assert fitted.classes_.tolist() == ["apple", "fig", "pear"]
    assert fitted.n_iter_ == 2


def test_a_changed_rate_counts_from_the_next_pass():
    X, y = blobs()
    classes = np.unique(y)
    fitted = make_classifier(engine="numpy").partial_fit(X, y, classes)
    before = fitted.coefs_
    moved = copy.deepcopy(fitted).set_params(learning_rate=0.05).partial_fit(X, y)
    little = copy.deepcopy(fitted).set_params(learning_rate=1e-12, engine="tensor")
    little.partial_fit(X, y)
    np.testing.assert_allclose(little.coefs_[0], before[0], rtol=0, atol=1e-9)
    assert np.abs(moved.coefs_[0] - before[0]).max() > 1e-3


def test_what_a_pass_refuses():
    X, y = blobs()
    fresh = make_classifier()
    with pytest.raises(ValueError, match="classes: the first call"):
        fresh.partial_fit(X, y)
    with pytest.raises(ValueError, match=r"unseen labels.*pear"):
        fresh.partial_fit(X, y, classes=["apple", "fig"])
    fresh.partial_fit(X, y, classes=np.unique(y))  # the failures have left no trace
    with pytest.raises(ValueError, match=r"classes: .*differ from the first call"):
        fresh.partial_fit(X, y, classes=["apple", "fig"])
    with pytest.raises(ValueError, match=r"hidden_layers: .*does not match"):
        fresh.set_params(hidden_layers=(9,)).partial_fit(X, y)


# --- pickles -------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ALL)
def test_a_pickle_predicts_and_trains_on_to_the_same_numbers(engine):
    X, y = blobs(20)
    fitted = make_classifier(engine=engine, epochs=2).fit(X, y)
    data = pickle.dumps(fitted)
    assert b"Value" not in data
    loaded = pickle.loads(data)
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))
    fitted.partial_fit(X, y)
    loaded.partial_fit(X, y)
    if engine == "micrograd":  # it sums in the order of a set
        np.testing.assert_allclose(loaded.loss_curve_, fitted.loss_curve_, rtol=1e-12)
    else:
        assert loaded.loss_curve_ == fitted.loss_curve_
        assert_same_parameters(loaded, fitted)


def test_an_engine_that_hides_its_velocity_starts_again_at_zero(monkeypatch):
    X, y = blobs()
    monkeypatch.setattr(HandwrittenClassifier, "velocities", lambda _: None)
    fitted = make_classifier(engine="numpy", momentum=0.9).fit(X, y)
    loaded = pickle.loads(pickle.dumps(fitted)).set_params(learning_rate=1e-12)
    before = loaded.coefs_
    loaded.partial_fit(X, y)
    np.testing.assert_allclose(loaded.coefs_[0], before[0], rtol=0, atol=1e-9)


def test_a_pickle_keeps_to_what_it_was_trained_with():
    X, y = blobs()
    fitted = make_classifier().fit(X, y)
    expected = fitted.decision_function(X)
    fitted.set_params(hidden_layers=(3, 3), activation="tanh", dtype="float32")
    for one in (fitted, pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        np.testing.assert_array_equal(one.decision_function(X), expected, strict=True)


def test_an_estimator_that_is_not_fitted_is_pickled_too():
    loaded = pickle.loads(pickle.dumps(make_classifier(engine="numpy")))
    assert loaded.get_params() == make_classifier(engine="numpy").get_params()
