"""The calculus of the tensor engine: one row per operation. No graph, no state.

A vjp (vector-Jacobian product) takes the incoming gradient `g`, the result `out` and the
operands, and returns the gradient of one operand. It does not undo broadcasting: `_pass_on` in
value.py does, for every rule. It may return `g` itself or a view of it, so a gradient is never
written to in place. A vjp that needs more than an expression is in arrays.py; its row ends with
the formula.
"""

from collections.abc import Callable
from operator import getitem
from typing import Any

import numpy as np

from benchgrad.engines.tensor import arrays


class Rule:
    """An operation: its name, its value, and one vjp for each operand that can be a Value."""

    def __init__(self, name: str, forward: Callable[..., Any], *vjps: Callable[..., Any]) -> None:
        self.name = name
        self.forward = forward
        self.vjps = vjps


# fmt: off
ADD       = Rule("+",         np.add,           lambda g, out, a, b: g,
                                                lambda g, out, a, b: g)
SUBTRACT  = Rule("-",         np.subtract,      lambda g, out, a, b: g,
                                                lambda g, out, a, b: -g)
MULTIPLY  = Rule("*",         np.multiply,      lambda g, out, a, b: g * b,
                                                lambda g, out, a, b: g * a)
DIVIDE    = Rule("/",         np.divide,        lambda g, out, a, b: g / b,
                                                lambda g, out, a, b: -g * (out / b))
POWER     = Rule("**",        np.power,         arrays.by_base,         # g · b · a ** (b − 1)
                                                arrays.by_exponent)     # g · out · log(a)
MATMUL    = Rule("@",         np.matmul,        arrays.by_left,         # g @ bᵀ
                                                arrays.by_right)        # aᵀ @ g
LINEAR    = Rule("linear",    arrays.linear,    lambda g, out, x, W, b: np.dot(g, W.T),
                                                lambda g, out, x, W, b: np.dot(x.T, g),
                                                lambda g, out, x, W, b: g)

NEGATE    = Rule("neg",       np.negative,      lambda g, out, a: -g)
EXP       = Rule("exp",       np.exp,           lambda g, out, a: g * out)
LOG       = Rule("log",       np.log,           lambda g, out, a: g / a)
TANH      = Rule("tanh",      np.tanh,          lambda g, out, a: g * (1 - out * out))
SIGMOID   = Rule("sigmoid",   arrays.sigmoid,   lambda g, out, a: g * (out * (1 - out)))
RELU      = Rule("relu",      arrays.relu,      lambda g, out, a: g * (out > 0.0).astype(g.dtype))

SUM       = Rule("sum",       arrays.add_up,    arrays.by_sum)          # g, repeated
MEAN      = Rule("mean",      arrays.average,   arrays.by_average)      # g / n, repeated
MAX       = Rule("max",       arrays.largest,   arrays.by_extreme)      # g where a == out, shared
MIN       = Rule("min",       arrays.smallest,  arrays.by_extreme)      # the same
LOGSUMEXP = Rule("logsumexp", arrays.logsumexp, arrays.by_logsumexp)    # g · exp(a − out)
CROSS_ENTROPY = Rule("cross_entropy", arrays.cross_entropy, arrays.by_cross_entropy)

RESHAPE   = Rule("reshape",   np.reshape,       lambda g, out, a, shape: g.reshape(a.shape))
TRANSPOSE = Rule("transpose", np.transpose,     arrays.undo_transpose)  # gᵀ
INDEX     = Rule("index",     getitem,          arrays.put_at)          # zeros, with g at the index
PICK      = Rule("pick",      arrays.take_flat, arrays.put_flat)        # zeros, with g at the index
# fmt: on
