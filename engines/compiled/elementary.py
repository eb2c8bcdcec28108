"""exp and tanh without a branch, so that a compiler can take several elements at a time.

Plain Python, which machine.py compiles: the C library's functions are called one element at a
time, and cost four and nine times as much. No array is here.

Source: W. J. Cody and W. Waite, "Software Manual for the Elementary Functions" (1980), chapters 6
and 13: exp(x) = 2 ** k · exp(r), r = x − k · ln 2 with ln 2 in two parts.
"""

import math
from typing import Any

import numpy as np

_PER_LN2 = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 6.93145751953125e-1, 1.42860682030941723212e-6


def parts(x: float) -> tuple[float, float]:
    """Return k and exp(r) − 1, where x = k · ln 2 + r and |r| is at most ln 2 / 2.

    The Taylor series up to r ** 13 is exact to the last bit.
    """
    k = np.floor(x * _PER_LN2 + 0.5)
    r = x - k * _LN2_HIGH
    r = r - k * _LN2_LOW
    q = 1.0 / 6227020800.0
    q = q * r + 1.0 / 479001600.0
    q = q * r + 1.0 / 39916800.0
    q = q * r + 1.0 / 3628800.0
    q = q * r + 1.0 / 362880.0
    q = q * r + 1.0 / 40320.0
    q = q * r + 1.0 / 5040.0
    q = q * r + 1.0 / 720.0
    q = q * r + 1.0 / 120.0
    q = q * r + 1.0 / 24.0
    q = q * r + 1.0 / 6.0
    q = q * r + 0.5
    return k, q * (r * r) + r


def power_of_two(n: Any) -> Any:
    """Return 2 ** n, made of its bits."""
    return np.int64((n + 1023) << 52).view(np.float64)


def exp(x: float) -> float:
    """Return e ** x; the power of two comes in two factors, since one alone may overflow."""
    least = x if x > -746.0 else -746.0
    k, rest = parts(least if least < 710.0 else 710.0)
    n = np.int64(k)
    half = n >> 1
    found: float = (1.0 + rest) * power_of_two(half) * power_of_two(n - half)
    return x if x != x else found  # noqa: PLR0124 (nan)


def tanh(x: float) -> float:
    """Return e / (e + 2) with the sign of x, where e = exp(2 · |x|) − 1."""
    doubled = 2.0 * abs(x)
    k, rest = parts(doubled if doubled < 50.0 else 50.0)
    power = power_of_two(np.int64(k))
    e = power * rest + (power - 1.0)
    return x if x != x else math.copysign(e / (e + 2.0), x)  # noqa: PLR0124 (nan)
