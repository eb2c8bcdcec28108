"""Training that ends early, that goes on from the last fit, and that says when it is in doubt."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from estimators import ENGINES, assert_same_parameters, blobs, each_engine, make_classifier
from sklearn.datasets import load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score
from sklearn.neural_network import MLPClassifier

from benchgrad.engines import load
from benchgrad.engines.estimator.stopping import Patience, doubt, guess

# --- the rule ------------------------------------------------------------------------------


def test_patience_ends_after_more_epochs_than_it_has_without_an_improvement():
    patience = Patience(tol=0.1, n_epochs=2)
    seen = [
        (patience.note(figure), patience.is_over) for figure in (1.0, 0.95, 0.5, 0.45, 0.6, 0.44)
    ]
    is_lowest, is_over = zip(*seen, strict=True)
    assert is_lowest == (True, True, True, True, False, True)
    assert is_over == (False, False, False, False, False, True)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_the_rule_is_that_of_scikit_learn(early_stopping):
    X, y = blobs(200)
    rule = {"tol": 0.01, "n_iter_no_change": 3, "early_stopping": early_stopping}
    theirs = MLPClassifier((8,), solver="sgd", random_state=0, max_iter=500, **rule).fit(X, y)
    figures = theirs.validation_scores_ if early_stopping else theirs.loss_curve_
    patience = Patience(0.01, 3)
    for i, figure in enumerate(figures):
        patience.note(-figure if early_stopping else figure)
        assert patience.is_over == (i == len(figures) - 1)


def test_a_training_stops_when_its_loss_no_longer_falls():
    X, y = blobs()
    whole = make_classifier(epochs=60).fit(X, y)
    stopped = make_classifier(epochs=60, tol=0.02, n_iter_no_change=2).fit(X, y)
    assert 3 < stopped.n_iter_ < 60
    assert stopped.loss_curve_ == whole.loss_curve_[: stopped.n_iter_]
    assert stopped.best_loss_ == min(stopped.loss_curve_)
    assert stopped.validation_scores_ is stopped.best_validation_score_ is None


def test_a_training_that_does_not_stop_is_warned_of():
    X, y = blobs()
    with pytest.warns(ConvergenceWarning, match="epochs: after 8 the training still improves"):
        make_classifier(epochs=8, tol=1e-9).fit(X, y)


# --- early stopping ------------------------------------------------------------------------


@each_engine
def test_the_parameters_that_were_best_on_the_rows_held_out_are_kept(engine):
    X, y = blobs(200)
    rule = {"epochs": 40, "early_stopping": True, "n_iter_no_change": 3, "engine": engine}
    fitted = make_classifier(**rule, validation_fraction=0.25).fit(X, y)
    scores = fitted.validation_scores_
    assert len(scores) == fitted.n_iter_ < 40
    assert fitted.best_validation_score_ == max(scores)
    assert fitted.best_loss_ is None
    # The rows held out are not known outside; but training to the best epoch is.
    until_best = make_classifier(**{**rule, "epochs": int(np.argmax(scores)) + 1})
    until_best.set_params(validation_fraction=0.25).fit(X, y)
    assert_same_parameters(fitted, until_best)
    np.testing.assert_array_equal(fitted.decision_function(X), until_best.decision_function(X))
    assert fitted.t_ == fitted.n_iter_ * 150


def test_scores_are_those_of_the_last_fit():
    X, y = blobs(200)
    fitted = make_classifier(early_stopping=True, warm_start=True).fit(X, y)
    assert len(fitted.validation_scores_) == 4
    fitted.set_params(early_stopping=False).fit(X, y)
    assert fitted.validation_scores_ is fitted.best_validation_score_ is None
    assert fitted.best_loss_ == min(fitted.loss_curve_)


def test_a_pass_alone_cannot_stop_early():
    X, y = blobs()
    with pytest.raises(ValueError, match=r"^early_stopping: partial_fit takes a single pass"):
        make_classifier(early_stopping=True).partial_fit(X, y, np.unique(y))


# --- warm starts ---------------------------------------------------------------------------


@each_engine
def test_a_warm_start_goes_on_where_the_last_fit_ended(engine):
    X, y = blobs()
    rule = {"engine": engine, "momentum": 0.9}
    warm = make_classifier(**rule, warm_start=True).fit(X, y)
    assert_same_parameters(warm, make_classifier(**rule).fit(X, y))
    warm.fit(X, y)
    longer = make_classifier(**rule, epochs=8).fit(X, y)
    assert_same_parameters(warm, longer)
    assert warm.n_iter_ == 8
    assert warm.loss_curve_ == longer.loss_curve_


def test_a_warm_start_refuses_other_classes_and_other_features():
    X, y = blobs()
    warm = make_classifier(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=r"classes: .*differ"):
        warm.fit(X, np.where(y == "fig", "plum", y))
    with pytest.raises(ValueError, match="3 features"):
        warm.fit(np.c_[X, X[:, 0]], y)
    with pytest.raises(ValueError, match=r"hidden_layers: .*does not match"):
        warm.set_params(hidden_layers=(5,)).fit(X, y)


# --- momentum ------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", [*ENGINES, "tensor-compiled", "scalar", "scalar-compiled"])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_keeps_its_velocity(engine, copied):
    if engine.endswith("compiled"):
        pytest.importorskip("numba")
    X, y = blobs(30)
    fitted = make_classifier(engine=engine, momentum=0.9, epochs=2).fit(X, y)
    twice = copied(copied(fitted))
    fitted.partial_fit(X, y)
    twice.partial_fit(X, y)
    assert_same_parameters(twice, fitted)


def test_a_changed_rate_keeps_the_velocity():
    X, y = blobs()
    fitted = make_classifier(momentum=0.9).fit(X, y)
    before = fitted._velocities_now()
    assert all(np.abs(velocity).max() > 0 for velocity in before)
    fitted.set_params(learning_rate=1e-12, momentum=1.0).partial_fit(X[:1], y[:1])
    slope = [now - old for now, old in zip(fitted._velocities_now(), before, strict=True)]
    expected = load("numpy").classifier(
        fitted._work.model, fitted._parameters(), fitted._work.optimizer
    )
    label = np.searchsorted(fitted.classes_, y[:1])
    for found, wanted in zip(slope, expected.gradients(X[:1], label), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-6)


# --- doubt ---------------------------------------------------------------------------------


def test_the_loss_of_a_guess_is_that_of_the_best_constant_scores():
    y = np.array([0] * 5 + [1] * 3 + [2] * 2)
    assert guess(y, 3, "cross_entropy") == pytest.approx(1.0296530140645737)  # the entropy
    assert guess(y, 3, "hinge") == pytest.approx(0.5 * 3)  # the first class ahead of the others
    level = np.array([0, 1, 2, 0, 1, 2])
    assert guess(level, 3, "hinge") == pytest.approx(2.0)
    for loss in ("cross_entropy", "hinge"):  # a row of zeros has one score for all classes
        zeros, rows = [np.zeros((2, 3)), np.zeros(3)], np.zeros((6, 2))
        rng = np.random.default_rng(0)
        model = make_classifier(loss=loss, hidden_layers=())._described(2, 3).model
        for bias in rng.normal(size=(50, 3)):
            classifier = load("numpy").classifier(model, [zeros[0], bias], make_sgd())
            assert classifier.train_step(rows, level) >= guess(level, 3, loss) - 1e-12


def make_sgd():
    return make_classifier()._described(2, 3).optimizer


def test_doubt_is_about_a_guess_or_a_jump_and_silent_otherwise():
    assert doubt([0.7, 0.3, 0.1], 0.69) == ""
    assert doubt([0.7, 0.01, 0.04], 0.69) == ""  # so low that the difference is noise
    assert "ended at 0.695, and scores that ignore X have 0.69" in doubt([0.7, 0.695], 0.69)
    assert "ended at 0.4, and was 0.1 before" in doubt([0.7, 0.1, 0.4], 0.69)


def test_wine_without_a_scaler_is_warned_of():
    X, y = load_wine(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match=r"the loss ended at .*standardised features"):
        fitted = make_classifier(hidden_layers=(32, 32), epochs=100, batch_size=32).fit(X, y)
    assert accuracy_score(y, fitted.predict(X)) < 0.6


def test_a_training_that_has_learnt_is_not_warned_of():
    X, y = blobs()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert make_classifier(epochs=30).fit(X, y).score(X, y) > 0.9


# --- what is printed -----------------------------------------------------------------------


def test_verbose_prints_a_line_every_so_many_epochs(capsys):
    X, y = blobs()
    make_classifier(epochs=3).fit(X, y)
    assert capsys.readouterr().out == ""
    fitted = make_classifier(epochs=3, verbose=True).fit(X, y)
    expected = [f"epoch {i + 1}: loss {loss:.6f}" for i, loss in enumerate(fitted.loss_curve_)]
    assert capsys.readouterr().out.splitlines() == expected
    make_classifier(epochs=6, verbose=3, early_stopping=True).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["epoch 3", "epoch 6"]
    assert "validation score" in lines[0]
