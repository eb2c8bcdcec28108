"""What a NumPy function does to one element, as source. The only table of these; no loop is here.

Every number has the program's dtype, so a truth value is 1 or 0. The sources are valid Python and
valid Numba, and treat nan, inf and division by zero as NumPy does.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

COPY = "copy"
PRODUCT = "multiply and add"  # an element of a matrix product: c + a · b

Function = Callable[..., Any] | str

# fmt: off
FORMS: dict[Function, str] = {
    COPY:             "{a}",
    PRODUCT:          "{a} + {b} * {c}",
    np.positive:      "{a}",
    np.add:           "{a} + {b}",
    np.subtract:      "{a} - {b}",
    np.multiply:      "{a} * {b}",
    np.divide:        "{a} / {b}",
    np.power:         "{a} ** {b}",
    np.negative:      "-{a}",
    np.absolute:      "abs({a})",
    np.square:        "{a} * {a}",
    np.reciprocal:    "one / {a}",
    np.sqrt:          "sqrt({a})",
    np.exp:           "exp({a})",
    np.log:           "log({a})",
    np.tanh:          "tanh({a})",
    np.maximum:       "{a} if {a} >= {b} or {a} != {a} else {b}",
    np.minimum:       "{a} if {a} <= {b} or {a} != {a} else {b}",
    np.greater:       "one if {a} > {b} else zero",
    np.greater_equal: "one if {a} >= {b} else zero",
    np.less:          "one if {a} < {b} else zero",
    np.less_equal:    "one if {a} <= {b} else zero",
    np.equal:         "one if {a} == {b} else zero",
    np.not_equal:     "one if {a} != {b} else zero",
    np.isnan:         "one if {a} != {a} else zero",
    np.where:         "{b} if {a} != zero else {c}",
}

# Of truth values only.
LOGIC: dict[Function, str] = {
    np.bitwise_and:   "{a} * {b}",
    np.bitwise_or:    "one if {a} + {b} > zero else zero",
    np.logical_not:   "one - {a}",
}

# Where a reduction starts.
STARTS: dict[Function, float] = {
    np.add:           0.0,
    np.multiply:      1.0,
    np.maximum:       -np.inf,
    np.minimum:       np.inf,
}
# fmt: on

ALL = {**FORMS, **LOGIC}
