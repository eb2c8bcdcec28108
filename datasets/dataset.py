"""What a data set is once it is ready: split, standardised, its labels numbered."""

from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class DatasetError(Exception):
    """A data set that is not there or cannot be used; one line, for its user."""


class Table(NamedTuple):
    """Rows before they are split: X (n, d), labels (n,) from 0 to k − 1, and k class names."""

    X: Array
    labels: Array
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class Dataset:
    """A classification data set.

    Attributes:
        name: of the generator or the file.
        X_train, X_test: features, (n, d) float64, standardised with the mean and the standard
            deviation of the training rows.
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
    """Return the rows in a stratified split, standardised with the training rows' statistics.

    Each part gets at least as many rows as there are classes.
    """
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    X, labels, class_names = table
    k = len(class_names)
    n_test = min(max(ceil(test_fraction * len(X)), k), len(X) - k)
    X_train, X_test, y_train, y_test = train_test_split(
        X, labels, test_size=n_test, stratify=labels, random_state=seed
    )
    scaler = StandardScaler().fit(X_train)
    return Dataset(
        name,
        scaler.transform(X_train),
        y_train.astype(np.int64),
        scaler.transform(X_test),
        y_test.astype(np.int64),
        class_names,
    )
