"""Data that the user has in memory: arrays, or a pandas frame with one column of labels.

Every error says what is wrong, and in a frame in which column.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np

from benchgrad.datasets.dataset import LARGEST, Array, DatasetError, Table

_PREFIX = "arrays "
_DIGITS = 12


def is_given(name: str) -> bool:
    """Return whether a name is that of data that somebody had in memory."""
    return name.startswith(_PREFIX)


def given_name(rows: Table) -> str:
    """Return a name for rows that were given as arrays: the beginning of their SHA-256."""
    digest = hashlib.sha256(repr((rows.X.shape, rows.class_names)).encode())
    digest.update(np.ascontiguousarray(rows.X).tobytes())
    digest.update(np.ascontiguousarray(rows.labels).tobytes())
    return f"{_PREFIX}{digest.hexdigest()[:_DIGITS]}"


def from_arrays(X: Any, y: Any) -> Table:
    """Return the rows of X (n, d), numbers, with their labels y (n,), numbers or texts.

    Raises:
        DatasetError: the shapes do not match, a number is not finite or too large, or there are
            fewer than two classes.
    """
    numbers = _as_numbers(X, "X")
    labels = np.asarray(y)
    if numbers.ndim != 2 or not numbers.shape[1]:
        raise DatasetError(f"X has the shape {numbers.shape}; it needs rows and columns, (n, d)")
    if labels.shape != numbers.shape[:1]:
        raise DatasetError(
            f"y has the shape {labels.shape}; it needs a label for each of the "
            f"{len(numbers)} rows of X"
        )
    _check_finite(numbers, [f"column {i} of X" for i in range(numbers.shape[1])])
    return _labelled(numbers, labels, "y")


def from_frame(frame: Any, label: str) -> Table:
    """Return the rows of a pandas frame; the column `label` has the classes, all others numbers.

    Raises:
        DatasetError: there is no such column or no other, a cell is no number or not finite, or
            there are fewer than two classes.
    """
    columns = [str(name) for name in frame.columns]
    if columns.count(label) != 1:
        listed = ", ".join(map(repr, columns))
        raise DatasetError(f"the frame has no column {label!r} among {listed}; name it with label=")
    features = frame.loc[:, [name != label for name in columns]]
    names = [f"the column {name!r}" for name in columns if name != label]
    if not names:
        raise DatasetError(f"the frame has no column to learn from, only {label!r}")
    numbers = np.column_stack(
        [_as_numbers(features.iloc[:, i], name) for i, name in enumerate(names)]
    )
    _check_finite(numbers, names)
    return _labelled(numbers, np.asarray(frame.iloc[:, columns.index(label)]), repr(label))


def _as_numbers(values: Any, what: str) -> Array:
    try:
        return np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise DatasetError(f"{what} holds something that is not a number: {error}") from error


def _check_finite(numbers: Array, names: list[str]) -> None:
    """Raise DatasetError for the first number that is not finite, or too large to scale."""
    bad = np.argwhere(~(np.abs(numbers) <= LARGEST))  # also where it is nan
    if len(bad):
        row, column = bad[0]
        number = numbers[row, column]
        problem = "too large to scale" if np.isfinite(number) else "not a finite number"
        raise DatasetError(f"{names[column]}, row {row}: {number} is {problem}")


def _labelled(numbers: Array, labels: Array, what: str) -> Table:
    if any(label is None or _is_nan(label) for label in labels.tolist()):
        raise DatasetError(f"{what} has a row without a label")
    try:
        classes, numbered = np.unique(labels, return_inverse=True)
    except TypeError as error:
        raise DatasetError(f"{what} mixes labels of different types: {error}") from error
    if len(classes) < 2:
        raise DatasetError(f"every row is in one class, {classes.tolist()}; a classifier needs two")
    return Table(numbers, numbered, tuple(str(name) for name in classes.tolist()))


def _is_nan(label: object) -> bool:
    return isinstance(label, float) and math.isnan(label)
