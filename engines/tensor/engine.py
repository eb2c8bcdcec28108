"""The engine `tensor`: what it declares, and the compounds of the classifier as single nodes.

The mathematics is in rules.py and value.py.
"""

from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from benchgrad.engines.operations import CONSTANTS, ELEMENTWISE, REDUCTIONS, SHAPING, methods_of
from benchgrad.engines.tensor import rules
from benchgrad.engines.tensor.arrays import Array
from benchgrad.engines.tensor.tracking import no_grad, tracking
from benchgrad.engines.tensor.value import Value, constant, new, unary
from benchgrad.engines.value_engine import ValueEngine


def linear(x: Value | Array, W: Value, b: Value) -> Value:
    """Return x @ W + b, as one node if x and W are matrices and W and b are tracked."""
    operands = (x.data if isinstance(x, Value) else x, W.data, b.data)
    is_layer = operands[0].ndim == operands[1].ndim == 2
    if not (is_layer and W.requires_grad and b.requires_grad and tracking.get()):
        return x @ W + b
    rule = rules.LINEAR
    data = rule.forward(*operands)
    if isinstance(x, Value) and x.requires_grad:
        return new(Value)._fill(data, True, rule, (x, W, b), rule.vjps, operands)
    return new(Value)._fill(data, True, rule, (W, b), rule.vjps[1:], operands)


def logsumexp(x: Value, axis: int) -> Value:
    """Return log(sum(exp(x))) along an axis as one node, without overflow."""
    return unary(rules.LOGSUMEXP, x, axis)


def pick(x: Value, columns: Array) -> Value:
    """Return the given columns, (n,) or (n, m), of each row of x (n, k) as one node."""
    n, k = x.data.shape
    starts = np.arange(0, n * k, k)
    return unary(rules.PICK, x, columns + (starts if columns.ndim == 1 else starts[:, None]))


def cross_entropy(x: Value, labels: Array) -> Value:
    """Return the mean cross-entropy of the rows as one node, which keeps the softmax."""
    rule = rules.CROSS_ENTROPY
    data, softmax, places = rule.forward(x.data, labels)
    if not (x.requires_grad and tracking.get()):
        return constant(data)
    return new(Value)._fill(data, True, rule, (x,), rule.vjps, (softmax, places))


class TensorEngine(ValueEngine):
    """Tensor Values can be constants, and `no_grad` turns tracking off."""

    shares_leaves = True

    def constant(self, data: Any) -> Value:
        """Return a Value that requires no gradient."""
        return constant(data)

    def zero(self, value: Value) -> None:
        """Forget the gradient of a leaf, without allocating zeros."""
        value._gradient = None

    def gradient(self, value: Value) -> Array:
        """Return the gradient of a leaf."""
        found = value._gradient
        return value.grad if found is None else found

    def is_constant(self, value: Value) -> bool:
        """Return whether a Value requires no gradient."""
        return not value.requires_grad

    def inference(self) -> AbstractContextManager[None]:
        """Return `no_grad()`."""
        return no_grad()


def _transpose(value: Value, axes: tuple[int, ...] | None = None) -> Value:
    return value.transpose(axes)


engine = TensorEngine(
    "tensor",
    kind="tensor",
    value=Value,
    operations={
        **methods_of(Value, (*ELEMENTWISE, *REDUCTIONS, *SHAPING, *CONSTANTS)),
        "transpose": _transpose,
    },
    compounds={
        "linear": linear,
        "logsumexp": logsumexp,
        "pick": pick,
        "cross_entropy": cross_entropy,
    },
    shows_graph=True,
    dtypes=("float64", "float32"),
)
