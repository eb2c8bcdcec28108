"""Data in memory: what is taken, what it is called, and what is refused in one line."""

import numpy as np
import pandas as pd
import pytest

from benchgrad.datasets import DatasetError, from_arrays, from_frame, given_name, is_given

X = np.arange(12.0).reshape(6, 2)
Y = ["b", "a", "b", "a", "b", "a"]


def test_labels_are_numbered_in_order():
    rows = from_arrays(X, Y)
    assert rows.labels.tolist() == [1, 0, 1, 0, 1, 0]
    assert rows.class_names == ("a", "b")
    assert from_arrays(X, [10, 9, 10, 9, 10, 9]).class_names == ("9", "10")


def test_a_frame_is_the_same_as_its_arrays():
    frame = pd.DataFrame({"kind": Y, "x": X[:, 0], "y": X[:, 1]})
    same, rows = from_frame(frame, "kind"), from_arrays(X, Y)
    assert np.array_equal(same.X, rows.X)
    assert given_name(same) == given_name(rows)


def test_the_name_says_which_rows_they_are():
    name = given_name(from_arrays(X, Y))
    assert is_given(name)
    assert not is_given("moons")
    assert name != given_name(from_arrays(X + 1e-9, Y))
    assert name != given_name(from_arrays(X, Y[::-1]))
    assert name != given_name(from_arrays(X, [{"a": "c"}.get(each, each) for each in Y]))


@pytest.mark.parametrize(
    ("numbers", "labels", "complaint"),
    [
        (X[:, 0], Y, "X has the shape (6,)"),
        (X[:, :0], Y, "X has the shape (6, 0)"),
        (X, Y[:5], "y has the shape (5,); it needs a label for each of the 6 rows"),
        ([["one", 2]] * 6, Y, "X holds something that is not a number"),
        (np.where(X == 5, np.nan, X), Y, "column 1 of X, row 2: nan is not a finite number"),
        (np.where(X == 4, 1e200, X), Y, "column 0 of X, row 2: 1e+200 is too large"),
        (X, [1] * 6, "every row is in one class, [1]"),
        (X, [*Y[:5], None], "y has a row without a label"),
        (X, [1.0, 2.0, 1.0, 2.0, 1.0, np.nan], "y has a row without a label"),
        (X, np.array([1, "a", 1, "a", 1, 1], object), "y mixes labels of different types"),
    ],
)
def test_arrays_that_are_refused(numbers, labels, complaint):
    with pytest.raises(DatasetError) as caught:
        from_arrays(numbers, labels)
    assert str(caught.value).startswith(complaint)


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"x": [1, 2]}, "the frame has no column 'label' among 'x'; name it with label="),
        ({"label": [1, 2]}, "the frame has no column to learn from, only 'label'"),
        ({"label": [1, 2], "x": ["1", "two"]}, "the column 'x' holds something that is not a"),
        ({"label": [1, 2], "x": [1, None]}, "the column 'x', row 1: nan is not a finite number"),
        ({"label": [1, None], "x": [1, 2]}, "'label' has a row without a label"),
    ],
)
def test_frames_that_are_refused(columns, complaint):
    with pytest.raises(DatasetError) as caught:
        from_frame(pd.DataFrame(columns), "label")
    assert str(caught.value).startswith(complaint)
