"""The table of cases: one row for each operation, with its exact derivative in closed form.

Functions and derivatives are text: what is run is what a failure shows. No check is here.
"""

from typing import Any

from benchgrad.engines.conformance.cases.case import ANY, NEGATIVE, POSITIVE, Row, Shape

ONE: tuple[Shape, ...] = ((3, 4),)
BOTH: tuple[Shape, ...] = ((3, 4), (3, 4))
SQUARE: tuple[Shape, ...] = ((3, 3),)
BLOCK: tuple[Shape, ...] = ((2, 3, 4),)


def _elementwise(expression: str, *derivatives: str, **rest: Any) -> Row:
    n = len(derivatives)
    smaller = (((),) * n, ((1,),) * n, ((2,),) * n)
    return Row(expression, derivatives, ((3, 4),) * n, smaller=smaller, **rest)


_RESHAPED = "g.reshape(x.shape)"
_TAKEN_TWICE = "an element that is taken more than once gets one of its gradients, not their sum"


def _shaping(expression: str, derivative: str, shapes: tuple[Shape, ...] = BLOCK) -> Row:
    mistakes = {}
    if derivative == _RESHAPED:
        mistakes["g.reshape(x.shape, order='F')"] = "its elements come back in another order"
    return Row(expression, (derivative,), shapes, group="shapes", mistakes=mistakes)


# --- two operands, and a plain number on either side -----------------------------------------

_WITHOUT_SIGN = "its sign is wrong, as where / is made of ** -1 and ** forgets the factor -1"

PAIRS = (
    _elementwise("x + y", "g", "g"),
    _elementwise("x - y", "g", "-g"),
    _elementwise("x * y", "g * y", "g * x"),
    _elementwise(
        "x / y",
        "g / y",
        "-g * x / y**2",
        domain=POSITIVE,
        mistakes={
            "-g * x / y": "the divisor is not squared",
            "g * x": "the derivative of x * y is used",
            "-g / y**2": "the factor x is missing",
            "g * x / y**2": _WITHOUT_SIGN,
        },
    ),
    _elementwise(
        "x / y",
        "g / y",
        "-g * x / y**2",
        domain=NEGATIVE,
        mistakes={"g * x / y**2": _WITHOUT_SIGN},
    ),
    _elementwise(
        "x ** y",
        "g * y * x ** (y - 1)",
        "g * x**y * np.log(x)",
        domain=POSITIVE,
        mistakes={
            "g * x ** (y - 1)": "the factor y is missing",
            "g * y * x ** y": "the exponent is not reduced by one",
            "g * x**y": "the factor log(x) is missing",
            "g * x**y * np.log(y)": "log of the exponent is used, not of the base",
            "g * y * x": "the exponent y − 1 is missing",
        },
        note="at the base 0 the derivative by the exponent is 0, −inf or nan, as engines differ",
    ),
)

_POWER_MISTAKES = {
    "g * x ** ({n} - 1)": "the factor {n} is missing",
    "g * {n} * x ** {n}": "the exponent is not reduced by one",
    "g * {n} * x": "the power {n} − 1 of x is missing",
    "g * ({n} - 1) * x ** ({n} - 1)": "the factor is reduced by one, too",
}


def _power(n: str, domain: tuple[float, float] = ANY, note: str = "") -> Row:
    mistakes = {k.format(n=n): v.format(n=n) for k, v in _POWER_MISTAKES.items()}
    derivative = f"g * {n} * x ** ({n} - 1)"
    return _elementwise(f"x ** {n}", derivative, domain=domain, mistakes=mistakes, note=note)


WITH_NUMBERS = (
    _elementwise("x + 2", "g"),
    _elementwise("2.5 + x", "g"),
    _elementwise("x - 2", "g"),
    _elementwise("2.5 - x", "-g"),
    _elementwise("x * 3", "g * 3"),
    _elementwise("-1.5 * x", "g * -1.5"),
    _elementwise("x / 4", "g / 4"),
    _elementwise(
        "2.5 / x",
        "-g * 2.5 / x**2",
        domain=NEGATIVE,
        mistakes={
            "-g / x**2": "the factor 2.5 is missing",
            "-g * 2.5 / x": "x is not squared",
            "g * 2.5 / x**2": _WITHOUT_SIGN,
        },
    ),
    _power("3"),
    _power("2"),
    _elementwise("x ** 1", "g"),
    _elementwise(
        "x ** 0",
        "0 * g",
        mistakes={"g / x": "the factor 0 is missing"},
        note="the derivative is 0, also at 0",
    ),
    _power("-2", NEGATIVE),
    _power("2.5", POSITIVE, "a negative base gives nan, never a complex number"),
    _elementwise(
        "2 ** x",
        "g * 2**x * np.log(2 + 0 * x)",
        mistakes={
            "g * 2**x": "the factor log(2) is missing",
            "g * x * 2 ** (x - 1)": "the derivative of a power of x is used, not of 2 ** x",
            "g * 2**x * np.log(abs(x))": "log of the exponent is used, not of the base",
        },
    ),
    _elementwise("0.3 ** x", "g * 0.3**x * np.log(0.3 + 0 * x)"),
)

FUNCTIONS = (
    _elementwise("-x", "-g"),
    _elementwise("ops.exp(x)", "g * np.exp(x)", mistakes={"g * x": "x is used for exp(x)"}),
    _elementwise(
        "ops.log(x)",
        "g / x",
        domain=POSITIVE,
        mistakes={"g / np.log(x)": "the result is used for the operand"},
    ),
    _elementwise(
        "ops.tanh(x)",
        "g / np.cosh(x) ** 2",
        mistakes={
            "g * (1 - x**2)": "1 − x² of the operand, not of the result",
            "g * (1 - np.tanh(x))": "the square in 1 − tanh² is missing",
            "g * (1 + np.tanh(x) ** 2)": "1 + tanh² in place of 1 − tanh²",
        },
    ),
    _elementwise(
        "ops.relu(x)",
        "g * (x > 0)",
        mistakes={
            "g": "the derivative is 1 everywhere, not 0 below 0",
            "g * x * (x > 0)": "the operand is used for the derivative",
            "g * (x < 0)": "the comparison is the wrong way round",
        },
        note="at 0 anything from 0 to 1 is accepted",
    ),
    _elementwise(
        "ops.sigmoid(x)",
        "g * np.exp(-x) / (1 + np.exp(-x)) ** 2",
        mistakes={
            "g * x * (1 - x)": "s · (1 − s) of the operand, not of the result",
            "g / (1 + np.exp(-x))": "the factor 1 − s is missing",
        },
    ),
)

# --- one value, used more than once -----------------------------------------------------------

FAN_OUT = (
    _elementwise("x + x", "2 * g", group="fan-out"),
    _elementwise("x - x", "0 * g", group="fan-out"),
    _elementwise("x * x", "2 * g * x", group="fan-out"),
    _elementwise("x / x", "0 * g", domain=POSITIVE, group="fan-out"),
    _elementwise("x ** x", "g * x**x * (np.log(x) + 1)", domain=POSITIVE, group="fan-out"),
    _elementwise("x * x * x", "3 * g * x**2", group="fan-out"),
    _elementwise("x * y + x", "g * (y + 1)", "g * x", group="fan-out"),
    _elementwise(
        "ops.exp(x) * x + ops.exp(x) / (x * x + 1.0)",
        "g * np.exp(x) * (x + 1 + 1 / (x * x + 1) - 2 * x / (x * x + 1) ** 2)",
        group="fan-out",
    ),
    Row("x * x.T + x", ("(g + g.T) * x.T + g",), SQUARE, group="fan-out", is_special=True),
    Row("x @ x", ("g @ x.T + x.T @ g",), SQUARE, group="fan-out"),
    Row(
        "x[[0, 1]] * x[[1, 1]]",
        ("scatter(g * x[[1, 1]], x, [0, 1]) + scatter(g * x[[0, 1]], x, [1, 1])",),
        ONE,
        group="fan-out",
        mistakes={
            "scatter(g * x[[1, 1]], x, [0, 1]) + scatter((g * x[[0, 1]])[1], x, 1)": _TAKEN_TWICE
        },
        is_special=True,
    ),
)

# --- reductions ------------------------------------------------------------------------------

_BY_REDUCTION = {
    "sum": "spread(g, x, {axis})",
    "mean": "spread(g, x, {axis}) * (np.size(g) / x.size)",
    "max": "spread(g, x, {axis}) * (x == x.max(axis={axis}, keepdims=True))",
    "min": "spread(g, x, {axis}) * (x == x.min(axis={axis}, keepdims=True))",
}
_REDUCTION_MISTAKES = {
    "mean": {"spread(g, x, {axis})": "not divided by the number of elements"},
    "max": {
        "spread(g, x, {axis})": "it reaches every element, not only the largest",
        "spread(g, x, {axis}) * (np.size(g) / x.size)": "all share it, not only the largest",
    },
    "min": {
        "spread(g, x, {axis})": "it reaches every element, not only the smallest",
        "spread(g, x, {axis}) * (np.size(g) / x.size)": "all share it, not only the smallest",
    },
}


def reduction(name: str, axis: Any, keepdims: bool, shape: Shape = (2, 3, 4)) -> Row:
    """Return the row of a reduction; max and min are of Values, which scalar engines lack."""
    arguments = ("" if axis is None else f", axis={axis}") + (", keepdims=True" if keepdims else "")
    mistakes = _REDUCTION_MISTAKES.get(name, {})
    return Row(
        f"ops.{name}(x{arguments})",
        (_BY_REDUCTION[name].format(axis=axis),),
        (shape,),
        group="reductions",
        smaller=(((2,),), ((2, 2),)),
        mistakes={k.format(axis=axis): v for k, v in mistakes.items()},
        note="ties: any share of the gradient that sums to all of it" if name != "sum" else "",
    )


REDUCTIONS = tuple(
    reduction(name, axis, keepdims)
    for name in ("sum", "mean", "max", "min")
    for axis in (None, 0, 1, -1, (0, 2), (-1, 0), (0, 1, 2))
    for keepdims in (False, True)
)

# --- shapes and indices ------------------------------------------------------------------------

SHAPES = (
    _shaping("ops.reshape(x, (4, 6))", _RESHAPED),
    _shaping("ops.reshape(x, (3, -1))", _RESHAPED),
    _shaping("ops.reshape(x, -1)", _RESHAPED),
    _shaping("ops.reshape(x, ())", _RESHAPED, ((1, 1),)),
    _shaping("ops.transpose(x)", "g.T"),
    _shaping("ops.transpose(x, (2, 0, 1))", "np.moveaxis(g, 0, 2)"),
    _shaping("ops.transpose(x, (1, 2, 0))", "np.moveaxis(g, 2, 0)"),
    _shaping("ops.transpose(x, (-2, 0, -1))", "np.swapaxes(g, 0, 1)"),
    _shaping("x.T", "g.T", ONE),
)


def _index(index: str, shape: Shape = (2, 3, 4)) -> Row:
    derivative = f"scatter(g, x, np.s_[{index}])"
    mistake = f"(lambda o: (o.__setitem__(np.s_[{index}], g), o)[1])(0 * x)"
    return Row(
        f"x[{index}]",
        (derivative,),
        (shape,),
        group="indices",
        mistakes={mistake: _TAKEN_TWICE},
        is_special=True,
    )


INDICES = (
    *map(_index, ("1", "-1, 0, 2", ":, 1:3", "..., 0", ":, None, 1", "::-1, ::2", "[1, 0, 1, 1]")),
    *map(_index, ("np.array([[0, 1], [1, 1]])", "[0, 1, 0], [2, 1, 2]", "0, [2, 2]")),
    *map(_index, ("[1, 1], :, 1:", "np.arange(24).reshape(2, 3, 4) % 5 == 1")),
    _index("[0, 0, 2]", (3,)),
)

# --- matrix products -----------------------------------------------------------------------------


_ONE_PRODUCT = "only one product of each element counts, as by = for +="


def matmul(left: Shape, right: Shape) -> Row:
    """Return the row of a matrix product of two shapes."""
    return Row(
        "x @ y",
        ("by_left(g, x, y)", "by_right(g, x, y)"),
        (left, right),
        group="matrix products",
        mistakes={
            "g @ y": "the other operand is not transposed",
            "x @ g": "the other operand is not transposed",
            "x.T @ g": "the factors are taken the other way round",
            "g @ y.T": "the factors are taken the other way round",
            "g[..., -1:] * y[..., -1]": _ONE_PRODUCT,
            "g[..., :1] * y[..., 0]": _ONE_PRODUCT,
            "x[-1][:, None] * g[-1]": _ONE_PRODUCT,
            "x[0][:, None] * g[0]": _ONE_PRODUCT,
        },
        is_special=len(left) != 2 or len(right) != 2,
    )


MATMUL = tuple(
    matmul(left, right)
    for left, right in (
        ((2, 2), (2, 2)),
        ((3, 4), (4, 5)),
        ((1, 4), (4, 1)),
        ((3, 1), (1, 2)),
        ((4,), (4, 5)),
        ((3, 4), (4,)),
        ((4,), (4,)),
        ((2, 3, 4), (2, 4, 5)),
        ((2, 3, 4), (4, 5)),
        ((3, 4), (2, 4, 5)),
        ((2, 1, 3, 4), (3, 4, 2)),
        ((2, 1, 3, 4), (1, 3, 4, 2)),
        ((1, 3, 4), (2, 4, 5)),
        ((2, 3, 4), (4,)),
        ((2, 2, 3, 4), (4,)),
        ((4,), (2, 4, 3)),
        ((4,), (2, 2, 4, 3)),
    )
)

_LINEAR = ("by_left(g, x, y)", "by_right(g, x, y)", "g.sum(axis=0)")


def _pick(columns: str) -> Row:
    rows = f"positions(3){'[:, None]' if '[[' in columns else ''}"
    derivative = f"scatter(g, x, ({rows}, np.array({columns})))"
    expression = f"ops.pick(x, np.array({columns}))"
    return Row(expression, (derivative,), ONE, group="compounds")


def _logsumexp(axis: int, shape: Shape) -> Row:
    exp, total = "np.exp(x)", f"np.exp(x).sum(axis={axis}, keepdims=True)"
    derivative = f"spread(g, x, {axis}) * {exp} / {total}"
    return Row(f"ops.logsumexp(x, axis={axis})", (derivative,), (shape,), group="compounds")


COMPOUNDS = (
    Row("ops.linear(x, y, z)", _LINEAR, ((3, 4), (4, 2), (2,)), group="compounds"),
    Row("ops.linear(x, y, z) * 1.0", _LINEAR, ((1, 4), (4, 2), (2,)), group="compounds"),
    _pick("[3, 0, 3]"),
    _pick("[[1], [2], [1]]"),
    _logsumexp(1, (3, 4)),
    _logsumexp(0, (3, 4)),
    _logsumexp(-1, (2, 3, 4)),
)

# Plain arrays on either side; an engine that asks for its own constants may refuse them.


def _with_array(expression: str, derivative: str, shape: Shape = (2,)) -> Row:
    return Row(expression, (derivative,), (shape,), group="constants", is_special=True)


_MATRIX = "np.array([[1.0, 2.0], [3.0, 5.0]])"
WITH_ARRAYS = (
    _with_array("x + np.array([3.0, 5.0])", "g"),
    _with_array("np.array([3.0, 5.0]) + x", "g"),
    _with_array("x - np.array([3.0, 5.0])", "g"),
    _with_array("np.array([3.0, 5.0]) - x", "-g"),
    _with_array("x * np.array([3.0, 5.0])", "g * np.array([3, 5])"),
    _with_array("np.array([3.0, 5.0]) * x", "g * np.array([3, 5])"),
    _with_array("x / np.array([3.0, 5.0])", "g / np.array([3, 5]).astype(g.dtype)"),
    _with_array("np.array([3.0, 5.0]) / x", "-g * np.array([3, 5]) / x**2"),
    _with_array(f"x @ {_MATRIX}", f"g @ {_MATRIX}.T", (2, 2)),
    _with_array(f"{_MATRIX} @ x", f"{_MATRIX}.T @ g", (2, 2)),
)

ROWS: tuple[Row, ...] = (
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
