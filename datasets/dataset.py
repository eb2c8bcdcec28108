"""A data set ready for training: split, standardised, its labels numbered."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LARGEST = 1e100  # feature, so that the sum of a column's squares does not overflow


class DatasetError(Exception):
    """There is no such data set, or it cannot be used; one line, for the user."""


class Table(NamedTuple):
    """Rows before the split: X (n, d), labels (n,) from 0 to k − 1, and k class names."""

    X: Array
    labels: Array
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class Dataset:
    """A classification data set.

    Attributes:
        name: the name of the generator, or the path of the file.
        X_train, X_test: features, (n, d) float64, standardised by the mean and standard deviation
            of the training rows.
        y_train, y_test: labels, (n,) int64, from 0 to k − 1.
        class_names: k names, in the order of the labels.
    """

    name: str
    X_train: Array
    y_train: Array
    X_test: Array
    y_test: Array
    class_names: tuple[str, ...]

    @property
    def n_features(self) -> int:
        """The number of columns of X."""
        return int(self.X_train.shape[1])

    @property
    def n_classes(self) -> int:
        """The number of classes."""
        return len(self.class_names)


def split(name: str, table: Table, test_fraction: float, seed: int) -> Dataset:
    """Return the rows, split class by class and standardised by the training rows' statistics.

    Each class has its share of both parts, and at least one row in each.

    Raises:
        DatasetError: a class has fewer than two rows.
    """
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    X, labels, class_names = table
    test = np.zeros(len(X), bool)
    for label, class_name in enumerate(class_names):
        rows = np.flatnonzero(labels == label)
        if len(rows) < 2:
            raise DatasetError(
                f"data set {name!r}: the class {class_name!r} has {len(rows)} of {len(X)} rows; "
                "it needs two, to train and to test"
            )
        n_test = min(max(round(test_fraction * len(rows)), 1), len(rows) - 1)
        test[train_test_split(rows, test_size=n_test, random_state=seed)[1]] = True
    scaler = StandardScaler().fit(X[~test])
    return Dataset(
        name,
        scaler.transform(X[~test]),
        labels[~test].astype(np.int64),
        scaler.transform(X[test]),
        labels[test].astype(np.int64),
        class_names,
    )
