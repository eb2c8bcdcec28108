"""Functions of Python floats that follow NumPy where Python raises or turns complex.

Overflow gives inf, division by zero inf or nan, and nothing is complex. No gradients.
"""

import math

inf, nan = math.inf, math.nan


def divide(a: float, b: float) -> float:
    """Return a / b; x / 0 is inf with the sign of both, 0 / 0 and nan / 0 are nan."""
    try:
        return a / b
    except ZeroDivisionError:
        if a == 0.0 or math.isnan(a):
            return nan
        return math.copysign(inf, a) * math.copysign(1.0, b)


def power(a: float, b: float) -> float:
    """Return a ** b; 0 ** negative is ±inf, a negative base to a fractional power is nan."""
    try:
        return math.pow(a, b)
    except OverflowError:
        negative = a < 0.0 and b % 2.0 == 1.0
        return -inf if negative else inf
    except ValueError:  # either a pole, or a result that is not real
        if a == 0.0:
            return math.copysign(inf, a) if b % 2.0 == 1.0 else inf
        return nan


def exp(a: float) -> float:
    """Return e ** a; inf where it overflows."""
    try:
        return math.exp(a)
    except OverflowError:
        return inf


def log(a: float) -> float:
    """Return the natural logarithm; −inf at 0, nan below."""
    try:
        return math.log(a)
    except ValueError:
        return -inf if a == 0.0 else nan


def sigmoid(a: float) -> float:
    """Return 1 / (1 + e ** −a); the exponent is never positive, so exp never overflows."""
    if a >= 0.0:
        return 1.0 / (1.0 + math.exp(-a))
    e = math.exp(a)
    return e / (1.0 + e)
