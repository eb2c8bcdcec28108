"""The engine `scalar-dot`: the scalar engine with one node per neuron instead of dozens.

A sum of products has one local derivative per factor, and a `Value` can hold any number of them.
So all this file adds is the forward pass of a layer.
"""

from operator import mul

import numpy as np

from benchgrad.engines.interface import Array
from benchgrad.engines.operations import ELEMENTWISE
from benchgrad.engines.scalar.engine import NOTE
from benchgrad.engines.scalar.value import Value
from benchgrad.engines.value_engine import ValueEngine


def linear(x: Array, W: Array, b: Array) -> Array:
    """Return x @ W + b for object arrays: x (n, d) of Values or floats, W (d, k), b (k,).

    Each element of the result (n, k) is one node. Its partials by the weights are the inputs,
    and its partials by the inputs are the weights.

    Raises:
        ValueError: the shapes do not match.
        TypeError: a row of x mixes Values and floats.
    """
    if x.shape[1:] != W.shape[:1] or W.shape[1:] != b.shape:
        raise ValueError(f"linear: shapes {x.shape}, {W.shape} and {b.shape} do not match")
    columns = [tuple(column) for column in W.T]
    weights = [tuple([w.data for w in column]) for column in columns]
    own = [(*column, bias) for column, bias in zip(columns, b, strict=True)]
    starts = [bias.data for bias in b]
    out = np.empty((len(x), len(columns)), object)
    for i, row in enumerate(x):
        inputs = tuple([v for v in row if isinstance(v, Value)])
        numbers = tuple([v.data for v in inputs]) if inputs else tuple(row)
        if len(numbers) != len(row):
            raise TypeError("linear: a row must hold either Values or numbers, not both")
        by_own = (*numbers, 1.0)
        for j, w in enumerate(weights):
            data = sum(map(mul, numbers, w), starts[j])
            if inputs:
                out[i, j] = Value(data, own[j] + inputs, by_own + w, "dot")
            else:
                out[i, j] = Value(data, own[j], by_own, "dot")
    return out


engine = ValueEngine(
    "scalar-dot",
    kind="scalar",
    value=Value,
    operations=ELEMENTWISE,
    compounds={"linear": linear},
    pauses_collector=True,
    shows_graph=True,
    note=NOTE,
)
