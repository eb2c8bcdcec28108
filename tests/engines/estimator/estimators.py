"""What the tests of the estimator share: small data, a small classifier, the engines."""

import numpy as np
import pytest

from benchgrad.engines import AutogradClassifier

ENGINES = ["tensor", "tensor-replay", "numpy"]
ALL = [*ENGINES, "scalar", "scalar-dot", "micrograd"]

each_engine = pytest.mark.parametrize("engine", ENGINES)


def blobs(n=60, n_classes=3):
    """Return points of two features around a centre for each class, labelled with words."""
    rng = np.random.default_rng(7)
    y = np.arange(n) % n_classes
    X = rng.normal(scale=0.6, size=(n, 2)) + 2.0 * np.stack([np.cos(2 * y), np.sin(2 * y)], axis=1)
    return X, np.array(["pear", "apple", "fig"])[y]


def make_classifier(**changes):
    few = {"hidden_layers": (8,), "epochs": 4, "batch_size": 16, "random_state": 0}
    return AutogradClassifier(**(few | changes))


def assert_same_parameters(one, other):
    for name in ("coefs_", "intercepts_"):
        for found, expected in zip(getattr(one, name), getattr(other, name), strict=True):
            np.testing.assert_array_equal(found, expected, strict=True)
