"""Functions of one Python float that follow NumPy where Python raises or turns complex.

Overflow is inf, division by zero is inf or nan, and there is no complex number. No gradients.
"""

import math

inf, nan = math.inf, math.nan


def divide(a: float, b: float) -> float:
    """Return a / b; x / 0 is ±inf by the signs of both, 0 / 0 and nan / 0 are nan."""
    try:
        return a / b
    except ZeroDivisionError:
        if a == 0.0 or math.isnan(a):
            return nan
        return math.copysign(inf, a) * math.copysign(1.0, b)


def power(a: float, b: float) -> float:
    """Return a ** b; 0 ** negative is ±inf, a negative base with a fraction is nan."""
    try:
        return math.pow(a, b)
    except OverflowError:
        negative = a < 0.0 and b % 2.0 == 1.0
        return -inf if negative else inf
    except ValueError:  # raised for both: a pole, and a result that is not real
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
    """Return 1 / (1 + e ** −a), with an exponent that is never positive, so never overflows."""
    if a >= 0.0:
        return 1.0 / (1.0 + math.exp(-a))
    e = math.exp(a)
    return e / (1.0 + e)
