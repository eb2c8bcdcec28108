"""The table: every operation in at least one case, its exact derivative in closed form beside it.

Functions and derivatives are text, so that a failure shows what was run. To add an operation,
add a case to `elementwise` or `arrays`.
"""

from benchgrad.engines.conformance.cases.arrays import (
    COMPOUNDS,
    INDICES,
    MATMUL,
    ONE,
    REDUCTIONS,
    SHAPES,
    SQUARE,
    TAKEN_TWICE,
    WITH_ARRAYS,
)
from benchgrad.engines.conformance.cases.case import POSITIVE, Case
from benchgrad.engines.conformance.cases.elementwise import (
    FUNCTIONS,
    PAIRS,
    WITH_NUMBERS,
    elementwise,
)

SQUARED = elementwise("x * x", "2 * g * x", group="fan-out")

# One value, used more than once.
FAN_OUT = (
    elementwise("x + x", "2 * g", group="fan-out"),
    elementwise("x - x", "0 * g", group="fan-out"),
    SQUARED,
    elementwise("x / x", "0 * g", domain=POSITIVE, group="fan-out"),
    elementwise("x ** x", "g * x**x * (np.log(x) + 1)", domain=POSITIVE, group="fan-out"),
    elementwise("x * x * x", "3 * g * x**2", group="fan-out"),
    elementwise("x * y + x", "g * (y + 1)", "g * x", group="fan-out"),
    elementwise(
        "ops.exp(x) * x + ops.exp(x) / (x * x + 1.0)",
        "g * np.exp(x) * (x + 1 + 1 / (x * x + 1) - 2 * x / (x * x + 1) ** 2)",
        group="fan-out",
    ),
    Case("x * x.T + x", ("(g + g.T) * x.T + g",), SQUARE, group="fan-out"),
    Case("x @ x", ("g @ x.T + x.T @ g",), SQUARE, group="fan-out", operation="@"),
    Case(
        "x[[0, 1]] * x[[1, 1]]",
        ("scatter(g * x[[1, 1]], x, [0, 1]) + scatter(g * x[[0, 1]], x, [1, 1])",),
        ONE,
        group="fan-out",
        mistakes={
            "scatter(g * x[[1, 1]], x, [0, 1]) + scatter((g * x[[0, 1]])[1], x, 1)": TAKEN_TWICE
        },
    ),
)

CASES: tuple[Case, ...] = (
    *PAIRS,
    *WITH_NUMBERS,
    *FUNCTIONS,
    *FAN_OUT,
    *REDUCTIONS,
    *SHAPES,
    *INDICES,
    *MATMUL,
    *COMPOUNDS,
    *WITH_ARRAYS,
)
