"""What the records keep of a data set: its size, its labels, and its points in two dimensions.

Data sets are made in `benchgrad.datasets`.
"""

from __future__ import annotations

import numpy as np

from benchgrad.benchmarks.records import Data, Grid
from benchgrad.datasets import Dataset

_GRID_N = 100  # points along each side of the grid on which decision boundaries are drawn
_GRID_MARGIN = 0.3  # in standard deviations, around the points


def grid(dataset: Dataset) -> Grid | None:
    """Return the grid around the points of a data set; None unless it has two features."""
    if dataset.n_features != 2:
        return None
    X = np.vstack([dataset.X_train, dataset.X_test])
    low, high = X.min(axis=0) - _GRID_MARGIN, X.max(axis=0) + _GRID_MARGIN
    return Grid(float(low[0]), float(high[0]), float(low[1]), float(high[1]), _GRID_N)


def describe(dataset: Dataset) -> Data:
    """Return what the records keep of a data set."""
    flat = dataset.n_features == 2
    return Data(
        name=dataset.name,
        n_train=len(dataset.X_train),
        n_test=len(dataset.X_test),
        n_features=dataset.n_features,
        class_names=list(dataset.class_names),
        train_labels=dataset.y_train.tolist(),
        test_labels=dataset.y_test.tolist(),
        train_points=[(x, y) for x, y in dataset.X_train.tolist()] if flat else [],
        test_points=[(x, y) for x, y in dataset.X_test.tolist()] if flat else [],
        grid=grid(dataset),
    )
