"""Chapter 6: arrays. The reader writes two rules, and shares a cost among rows."""

import numpy as np

from benchgrad.learning.exercise import Answer, exercise, must, pair, returned, shown

TITLE = "Arrays"


def _same(found: object, right: object) -> bool:
    array, wanted = np.asarray(found), np.asarray(right)
    return array.shape == wanted.shape and bool(np.allclose(array, wanted))


@exercise(
    "6.1",
    "A matrix product, backward",
    """
    C = A @ B, and `g` is the gradient of the loss with respect to C. Write `by_matmul(g, A, B)`:
    a pair, the gradients of A and of B. The shapes leave little choice, except where all of them
    are equal.
    """,
    """
    import numpy as np


    def by_matmul(g, A, B):
        ...
    """,
)
def matmul(answer: Answer) -> None:
    """G @ Bᵀ and Aᵀ @ g, on square matrices too."""
    rng = np.random.default_rng(0)
    g, A, B = rng.normal(size=(3, 2, 2))
    by_A, by_B = pair(answer.by_matmul(g, A, B), "by_matmul(g, A, B)")
    must(
        not _same(by_A, g @ B),
        "the gradient of A lacks a transpose: g @ B fits only square matrices",
    )
    must(
        not _same(by_B, A @ g),
        "the gradient of B lacks a transpose: A @ g fits only square matrices",
    )
    must(
        not (_same(by_A, A.T @ g) and _same(by_B, g @ B.T)),
        "the two gradients are swapped: first that of A",
    )
    must(not _same(by_A, g * B), "that is the rule for `*`, element by element; use @")
    must(
        _same(by_A, g @ B.T), "the gradient of A is wrong: it is g @ B with one of them transposed"
    )
    must(
        _same(by_B, A.T @ g), "the gradient of B is wrong: it is A @ g with one of them transposed"
    )
    g, A, B = rng.normal(size=(3, 4)), rng.normal(size=(3, 2)), rng.normal(size=(2, 4))
    by_A, by_B = answer.by_matmul(g, A, B)
    must(
        _same(by_A, g @ B.T) and _same(by_B, A.T @ g),
        "it is wrong for matrices that are not square",
    )


@exercise(
    "6.2",
    "A sum, backward",
    """
    Write `by_sum(g, a, axis)`: the gradient of an array `a` (two axes), given the gradient `g` of
    `a.sum(axis)`. Every element went into one sum, so it gets that sum's gradient.
    """,
    """
    import numpy as np


    def by_sum(g, a, axis):
        ...
    """,
)
def total(answer: Answer) -> None:
    """The gradient of each sum, repeated along the axis."""
    a, g = np.zeros((2, 2)), np.array([3.0, 5.0])
    columns = np.array([[3.0, 5.0], [3.0, 5.0]])
    found = returned(answer.by_sum(g, a, 0), "by_sum(g, a, 0)")
    must(np.shape(found) == (2, 2), f"a gradient has the shape of its array, not {np.shape(found)}")
    must(
        not _same(found, np.zeros((2, 2))),
        "all of it is 0, as `a` is here: the derivative of a sum does not depend on its terms",
    )
    must(
        not _same(found, np.ones((2, 2))),
        "those are the derivatives of the sums: by the chain rule each is multiplied by `g`",
    )
    must(not _same(found, columns / 2), "that is the gradient of a mean: a sum divides by nothing")
    must(
        not _same(found, columns.T), "g is repeated along the wrong axis: a square array hides that"
    )
    must(
        _same(found, columns), "with axis 0, every element of a column gets that column's gradient"
    )
    must(
        _same(answer.by_sum(g, a, 1), columns.T),
        "with axis 1 it is repeated along the wrong axis: every element of a row gets that row's "
        "gradient",
    )
    must(
        _same(answer.by_sum(np.ones(3), np.zeros((2, 3)), 0), np.ones((2, 3))),
        "it is wrong for an array that is not square",
    )


@exercise(
    "6.3",
    "How many rows are enough?",
    """
    A step costs `fixed` seconds however many rows it has, plus `per_row` seconds for each. Write
    `rows_for(fixed, per_row, factor)`: the smallest batch in which a row costs at most `factor`
    times `per_row`. A batch is a whole number.
    """,
    """
    import math


    def rows_for(fixed, per_row, factor):
        ...
    """,
)
def rows(answer: Answer) -> None:
    """Fixed / n + per_row ≤ factor · per_row."""
    found = returned(answer.rows_for(100.0, 1.0, 2.0), "rows_for(100, 1, 2)")
    must(
        found != 50,
        "with 50 rows each still costs 3: a row costs fixed / n, and its own cost on top of that",
    )
    must(found == 100, f"100 / n + 1 is at most 2 from 100 rows on, not {found}")
    many = answer.rows_for(100.0, 3.0, 1.5)
    must(many == int(many), f"a batch is a whole number of rows, not {shown(many)}: round up")
    must(
        many != 66,
        "66 rows are just too few: round up",
    )
    must(
        many == 67,
        f"100 / n + 3 is at most 4.5 from 67 rows on, not {many}: `factor` multiplies `per_row`",
    )
    must(
        answer.rows_for(100.0, 3.0, 2.0) == 34, "with 33 rows, 100 / 33 is still above 3: round up"
    )


EXERCISES = (matmul, total, rows)
