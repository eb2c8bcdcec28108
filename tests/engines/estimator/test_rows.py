"""Sparse X, batches of `auto` size, an engine as an object, and what a fit leaves behind."""

import pickle

import numpy as np
import pytest
from estimators import ALL, assert_same_parameters, blobs, each_engine, make_classifier
from scipy.sparse import coo_array, csr_array, csr_matrix
from sklearn.base import clone

from benchgrad.engines import estimator, load
from benchgrad.engines.estimator import rows


def sparse_blobs():
    X, y = blobs()
    return np.where(np.abs(X) > 1, X, 0.0), y


@each_engine
@pytest.mark.parametrize("kind", [csr_matrix, csr_array, coo_array])
def test_a_sparse_matrix_gives_the_numbers_of_a_dense_one(engine, kind):
    X, y = sparse_blobs()
    dense = make_classifier(engine=engine).fit(X, y)
    found = make_classifier(engine=engine).fit(kind(X), y)
    assert_same_parameters(found, dense)
    assert found.loss_curve_ == dense.loss_curve_
    np.testing.assert_array_equal(found.predict_proba(kind(X)), dense.predict_proba(X))
    found.partial_fit(kind(X), y)
    assert_same_parameters(found, dense.partial_fit(X, y))


def test_no_more_than_a_batch_of_a_sparse_matrix_is_ever_dense(monkeypatch):
    X, y = sparse_blobs()
    sizes, real = [], rows._dense
    monkeypatch.setattr(rows, "_dense", lambda X: sizes.append(X.shape[0]) or real(X))
    make_classifier(epochs=1).fit(csr_array(X), y)
    assert sizes == [16, 16, 16, 12]


def test_auto_is_200_rows_or_all_there_are():
    X, y = blobs(450)
    assert_same_parameters(
        make_classifier(batch_size="auto").fit(X, y), make_classifier(batch_size=200).fit(X, y)
    )
    few, labels = blobs(60)
    assert_same_parameters(
        make_classifier(batch_size="auto").fit(few, labels),
        make_classifier(batch_size=60).fit(few, labels),
    )


@pytest.mark.parametrize("engine", ALL)
def test_an_engine_as_an_object_is_the_engine(engine):
    X, y = blobs(20)
    loaded = load(engine)
    one = make_classifier(engine=loaded, epochs=1)
    assert clone(one).engine is loaded
    named = make_classifier(engine=engine, epochs=1).fit(X, y)
    fitted = one.fit(X, y)
    np.testing.assert_allclose(fitted.loss_curve_, named.loss_curve_, rtol=1e-12)


def test_an_engine_of_ones_own_goes_into_a_pickle():
    X, y = blobs()
    fitted = make_classifier(engine=load("numpy"), momentum=0.9).fit(X, y)
    again = pickle.loads(pickle.dumps(fitted)).partial_fit(X, y)
    assert_same_parameters(again, fitted.partial_fit(X, y))


def test_the_attributes_of_scikit_learn_are_there():
    X, y = blobs()
    fitted = make_classifier(hidden_layers=(8, 4)).fit(X, y)
    assert fitted.n_layers_ == 4
    assert fitted.n_outputs_ == 3
    assert fitted.out_activation_ == "softmax"
    assert fitted.t_ == 4 * 60
    assert make_classifier(loss="hinge").fit(X, y).out_activation_ == "identity"
    assert fitted.partial_fit(X[:7], y[:7]).t_ == 247


def test_the_room_of_the_estimator_shows_one_name():
    assert estimator.__all__ == ["AutogradClassifier"]
