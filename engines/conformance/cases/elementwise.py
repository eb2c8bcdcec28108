"""The cases of operators and functions of single elements. The list of all cases is in `table`."""

from typing import Any

from benchgrad.engines.conformance.cases.case import ANY, NEGATIVE, POSITIVE, Case


def elementwise(expression: str, *derivatives: str, **rest: Any) -> Case:
    """Return the case of an elementwise operation."""
    n = len(derivatives)
    shapes, *smaller = (((3, 4),) * n, ((),) * n, ((1,),) * n, ((2,),) * n)
    return Case(
        expression, derivatives, shapes, smaller=tuple(smaller), is_elementwise=True, **rest
    )


# --- two operands ------------------------------------------------------------------------------

_WITHOUT_SIGN = "its sign is wrong, as where / is made of ** -1 and ** forgets the factor -1"

PAIRS = (
    elementwise("x + y", "g", "g"),
    elementwise("x - y", "g", "-g"),
    elementwise("x * y", "g * y", "g * x"),
    elementwise(
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
    elementwise(
        "x / y",
        "g / y",
        "-g * x / y**2",
        domain=NEGATIVE,
        mistakes={"g * x / y**2": _WITHOUT_SIGN},
    ),
    elementwise(
        "x ** y",
        "g * y * x ** (y - 1)",
        "g * x**y * np.log(x)",
        domain=POSITIVE,
        mistakes={
            "g * x ** (y - 1)": "the exponent is missing as a factor",
            "g * y * x ** y": "the exponent is not reduced by one",
            "g * x**y": "the factor log(x) is missing",
            "g * x**y * np.log(y)": "the logarithm is of the exponent, not of the base",
            "g * y * x": "x is not raised to a power",
        },
    ),
)

# --- one operand and a plain number ------------------------------------------------------------

_POWER_MISTAKES = {
    "g * x ** ({n} - 1)": "the exponent is missing as a factor",
    "g * {n} * x ** {n}": "the exponent is not reduced by one",
    "g * {n} * x": "x is not raised to a power",
    "g * ({n} - 1) * x ** ({n} - 1)": "the factor is reduced by one, too",
}


def _power(n: str, domain: tuple[float, float] = ANY) -> Case:
    mistakes = {text.format(n=n): why for text, why in _POWER_MISTAKES.items()}
    return elementwise(f"x ** {n}", f"g * {n} * x ** ({n} - 1)", domain=domain, mistakes=mistakes)


WITH_NUMBERS = (
    elementwise("x + 2", "g"),
    elementwise("2.5 + x", "g"),
    elementwise("x - 2", "g"),
    elementwise("2.5 - x", "-g"),
    elementwise("x * 3", "g * 3"),
    elementwise("-1.5 * x", "g * -1.5"),
    elementwise("x / 4", "g / 4"),
    elementwise(
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
    elementwise("x ** 1", "g"),
    elementwise("x ** 0", "0 * g", mistakes={"g / x": "the exponent is missing as a factor"}),
    _power("-2", NEGATIVE),
    _power("2.5", POSITIVE),
    elementwise(
        "2 ** x",
        "g * 2**x * np.log(2 + 0 * x)",
        mistakes={
            "g * 2**x": "the factor log(2) is missing",
            "g * x * 2 ** (x - 1)": "the derivative of a power of x is used, not of 2 ** x",
            "g * 2**x * np.log(abs(x))": "the logarithm is of the exponent, not of the base",
        },
    ),
    elementwise("0.3 ** x", "g * 0.3**x * np.log(0.3 + 0 * x)"),
)

# --- functions ---------------------------------------------------------------------------------

FUNCTIONS = (
    elementwise("-x", "-g"),
    elementwise("ops.exp(x)", "g * np.exp(x)", mistakes={"g * x": "x is used for exp(x)"}),
    elementwise(
        "ops.log(x)",
        "g / x",
        domain=POSITIVE,
        mistakes={"g / np.log(x)": "the result is used for the operand"},
    ),
    elementwise(
        "ops.tanh(x)",
        "g / np.cosh(x) ** 2",
        mistakes={
            "g * (1 - x**2)": "1 − x² of the operand, not of the result",
            "g * (1 - np.tanh(x))": "the square in 1 − tanh² is missing",
            "g * (1 + np.tanh(x) ** 2)": "1 + tanh² in place of 1 − tanh²",
        },
    ),
    elementwise(
        "ops.relu(x)",
        "g * (x > 0)",
        mistakes={
            "g": "the derivative is 1 everywhere, not 0 below 0",
            "g * x * (x > 0)": "the operand is used for the derivative",
            "g * (x < 0)": "the comparison is the wrong way round",
        },
    ),
    elementwise(
        "ops.sigmoid(x)",
        "g * np.exp(-x) / (1 + np.exp(-x)) ** 2",
        mistakes={
            "g * x * (1 - x)": "s · (1 − s) of the operand, not of the result",
            "g / (1 + np.exp(-x))": "the factor 1 − s is missing",
        },
    ),
)
