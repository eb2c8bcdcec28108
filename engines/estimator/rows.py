"""Rows of X for an engine, which takes dense arrays: of a sparse matrix, a batch at a time."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from scipy.sparse import issparse

from benchgrad.engines.interface import Array, Classifier


def chunks(X: Any, n_rows: int) -> Iterator[Array]:
    """Yield the rows of X, dense or CSR, in arrays of at most `n_rows`."""
    for start in range(0, X.shape[0], n_rows):
        yield _dense(X[start : start + n_rows])


def epoch_trainer(classifier: Classifier, X: Any) -> Callable[[Any, Array, Sequence[Array]], Array]:
    """Return the function that trains an epoch on rows of X: the classifier's own if X is dense.

    A sparse X as a whole may have no room in memory; each step gets its rows as a dense array.
    """
    if not issparse(X):
        return classifier.train_epoch

    def train_epoch(X: Any, y: Array, batches: Sequence[Array]) -> Array:
        steps = [classifier.train_step(_dense(X[rows]), y[rows]) for rows in batches]
        return np.array(steps, dtype=np.float64)

    return train_epoch


def _dense(X: Any) -> Array:
    return X.toarray() if issparse(X) else X  # type: ignore[no-any-return]
