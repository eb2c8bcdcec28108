"""Each hyperparameter of the estimator that is wrong is named, when it is used."""

import numpy as np
import pytest
from estimators import blobs, make_classifier

from benchgrad.engines.estimator.hyperparameters import check_hyperparameters


@pytest.mark.parametrize(
    ("name", "values"),
    {
        "engine": [None, 3],
        "hidden_layers": [0, True, 5.0, (0,), (2.0,), (True,), "32", None, (4, -1)],
        "activation": ["sigmoid", None, ["relu"]],
        "loss": ["log_loss", None],
        "learning_rate": [0, -0.1, np.inf, np.nan, "0.1", True, None],
        "momentum": [-0.1, np.nan, None],
        "weight_decay": [-1e-4, np.inf],
        "epochs": [0, 1.0, True, None],
        "batch_size": [0, -3, 32.0, "all"],
        "dtype": ["float16", np.float64, "int64"],
        "tol": [-1e-4, np.nan, "1e-4"],
        "n_iter_no_change": [0, 2.0, None],
        "early_stopping": [1, None, "yes"],
        "validation_fraction": [0, 1, 1.5, None],
        "warm_start": [1, None],
        "verbose": [-1, 0.5, "loud", None],
        "random_state": [-1, 2**32, "a", 0.5],
    }.items(),
)
def test_a_wrong_hyperparameter_is_named(name, values):
    X, y = blobs()
    for value in values:
        wrong = make_classifier(**{name: value})  # not before it is used
        for train_on in (wrong.fit, wrong.partial_fit):
            with pytest.raises(ValueError, match=f"^{name}: "):
                train_on(X, y)


def test_numbers_of_numpy_are_numbers():
    right = {
        "hidden_layers": np.array([4, 4]),
        "learning_rate": np.float32(0.1),
        "momentum": np.int64(0),
        "epochs": np.int32(2),
        "random_state": np.int64(2),
        "engine": np.str_("tensor"),
    }
    check_hyperparameters(make_classifier(**right).get_params())
    X, y = blobs()
    assert make_classifier(**right).fit(X, y).n_iter_ == 2
