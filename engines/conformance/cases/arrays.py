"""The cases of operations on whole arrays: reductions, shapes, indices, matrix products.

The list of all cases is in `table`.
"""

from itertools import starmap
from typing import Any

from benchgrad.engines.conformance.cases.case import Case
from benchgrad.engines.conformance.cases.oracles import Shape

ONE: tuple[Shape, ...] = ((3, 4),)
SQUARE: tuple[Shape, ...] = ((3, 3),)
BLOCK: tuple[Shape, ...] = ((2, 3, 4),)

# --- reductions --------------------------------------------------------------------------------

_EVERYWHERE = "spread(g, x, {axis})"
_SHARED = "spread(g, x, {axis}) * (np.size(g) / x.size)"
_BY_REDUCTION = {
    "sum": _EVERYWHERE,
    "mean": _SHARED,
    "max": "spread(g, x, {axis}) * (x == x.max(axis={axis}, keepdims=True))",
    "min": "spread(g, x, {axis}) * (x == x.min(axis={axis}, keepdims=True))",
}
_REDUCTION_MISTAKES = {
    "sum": {},
    "mean": {_EVERYWHERE: "not divided by the number of elements"},
    "max": {
        _EVERYWHERE: "it reaches every element, not only the largest",
        _SHARED: "all share it, not only the largest",
    },
    "min": {
        _EVERYWHERE: "it reaches every element, not only the smallest",
        _SHARED: "all share it, not only the smallest",
    },
}


def reduction(name: str, axis: Any, keepdims: bool, shape: Shape = (2, 3, 4)) -> Case:
    """Return the case of a reduction."""
    arguments = ("" if axis is None else f", axis={axis}") + (", keepdims=True" if keepdims else "")
    return Case(
        f"ops.{name}(x{arguments})",
        (_BY_REDUCTION[name].format(axis=axis),),
        (shape,),
        group="reductions",
        smaller=(((2,),), ((2, 2),)),
        mistakes={k.format(axis=axis): v for k, v in _REDUCTION_MISTAKES[name].items()},
        operation="" if axis is None else name,
        keepdims=keepdims,
    )


REDUCTIONS = tuple(
    reduction(name, axis, keepdims)
    for name in ("sum", "mean", "max", "min")
    for axis in (None, 0, 1, -1, (0, 2), (-1, 0), (0, 1, 2))
    for keepdims in (False, True)
)

# --- shapes ------------------------------------------------------------------------------------


def shaping(expression: str, derivative: str, shapes: tuple[Shape, ...] = BLOCK) -> Case:
    """Return the case of an operation on the shape."""
    return Case(expression, (derivative,), shapes, group="shapes")


def _reshape(shape: str, shapes: tuple[Shape, ...] = BLOCK) -> Case:
    mistakes = {"g.reshape(x.shape, order='F')": "its elements come back in another order"}
    derivatives = ("g.reshape(x.shape)",)
    return Case(f"ops.reshape(x, {shape})", derivatives, shapes, group="shapes", mistakes=mistakes)


SHAPES = (
    _reshape("(4, 6)"),
    _reshape("(3, -1)"),
    _reshape("-1"),
    _reshape("()", ((1, 1),)),
    shaping("ops.transpose(x)", "g.T"),
    shaping("ops.transpose(x, (2, 0, 1))", "np.moveaxis(g, 0, 2)"),
    shaping("ops.transpose(x, (1, 2, 0))", "np.moveaxis(g, 2, 0)"),
    shaping("ops.transpose(x, (-2, 0, -1))", "np.swapaxes(g, 0, 1)"),
    shaping("x.T", "g.T", ONE),
)

# --- indices -----------------------------------------------------------------------------------

TAKEN_TWICE = "an element that is taken more than once gets one of its gradients, not their sum"


def indexed(index: str, shapes: tuple[Shape, ...] = BLOCK) -> Case:
    """Return the case of an index."""
    mistake = f"(lambda o: (o.__setitem__(np.s_[{index}], g), o)[1])(0 * x)"
    return Case(
        f"x[{index}]",
        (f"scatter(g, x, np.s_[{index}])",),
        shapes,
        group="indices",
        mistakes={mistake: TAKEN_TWICE},
    )


INDICES = (
    *map(indexed, ("1", "-1, 0, 2", ":, 1:3", "..., 0", ":, None, 1", "::-1, ::2", "[1, 0, 1, 1]")),
    *map(indexed, ("np.array([[0, 1], [1, 1]])", "[0, 1, 0], [2, 1, 2]", "0, [2, 2]")),
    *map(indexed, ("[1, 1], :, 1:", "np.arange(24).reshape(2, 3, 4) % 5 == 1")),
    indexed("[0, 0, 2]", ((3,),)),
)

# --- matrix products ---------------------------------------------------------------------------

_ONE_PRODUCT = "only one product of each element counts: it is assigned, not added"
_MATMUL_MISTAKES = {
    "g @ y": "the other operand is not transposed",
    "x @ g": "the other operand is not transposed",
    "x.T @ g": "the factors are in the wrong order",
    "g @ y.T": "the factors are in the wrong order",
    "g[..., -1:] * y[..., -1]": _ONE_PRODUCT,
    "g[..., :1] * y[..., 0]": _ONE_PRODUCT,
    "x[-1][:, None] * g[-1]": _ONE_PRODUCT,
    "x[0][:, None] * g[0]": _ONE_PRODUCT,
}


def matmul(left: Shape, right: Shape) -> Case:
    """Return the case of a matrix product."""
    return Case(
        "x @ y",
        ("by_left(g, x, y)", "by_right(g, x, y)"),
        (left, right),
        group="matrix products",
        mistakes=_MATMUL_MISTAKES,
        operation="@",
    )


_MATRICES = (((2, 2), (2, 2)), ((3, 4), (4, 5)), ((1, 4), (4, 1)), ((3, 1), (1, 2)))
_VECTORS = (((4,), (4, 5)), ((3, 4), (4,)), ((4,), (4,)))
_BATCHES = (((2, 3, 4), (2, 4, 5)), ((2, 3, 4), (4, 5)), ((3, 4), (2, 4, 5)))
_STRETCHED = (
    *(((2, 1, 3, 4), (3, 4, 2)), ((2, 1, 3, 4), (1, 3, 4, 2)), ((1, 3, 4), (2, 4, 5))),
    *(((2, 3, 4), (4,)), ((2, 2, 3, 4), (4,)), ((4,), (2, 4, 3)), ((4,), (2, 2, 4, 3))),
)
MATMUL = tuple(starmap(matmul, (*_MATRICES, *_VECTORS, *_BATCHES, *_STRETCHED)))

# --- compounds: an engine may declare its own --------------------------------------------------

_LINEAR = ("by_left(g, x, y)", "by_right(g, x, y)", "g.sum(axis=0)")


def _pick(columns: str, rows: str) -> Case:
    derivative = f"scatter(g, x, ({rows}, np.array({columns})))"
    return Case(f"ops.pick(x, np.array({columns}))", (derivative,), ONE, group="compounds")


def _logsumexp(axis: int, shapes: tuple[Shape, ...]) -> Case:
    total = f"np.exp(x).sum(axis={axis}, keepdims=True)"
    derivatives = (f"spread(g, x, {axis}) * np.exp(x) / {total}",)
    expression = f"ops.logsumexp(x, axis={axis})"
    return Case(expression, derivatives, shapes, group="compounds", operation="logsumexp")


def _cross_entropy(labels: str, shapes: tuple[Shape, ...] = ONE) -> Case:
    softmax = "np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)"
    chosen = f"scatter(np.ones(len(x)), x, (positions(len(x)), np.array({labels})))"
    derivative = f"g * ({softmax} - {chosen}) / len(x)"
    expression = f"ops.cross_entropy(x, np.array({labels}))"
    return Case(expression, (derivative,), shapes, group="compounds")


COMPOUNDS = (
    Case("ops.linear(x, y, z)", _LINEAR, ((3, 4), (4, 2), (2,)), group="compounds"),
    Case("ops.linear(x, y, z) * 1.0", _LINEAR, ((1, 4), (4, 2), (2,)), group="compounds"),
    _pick("[3, 0, 3]", "positions(3)"),
    _pick("[[1], [2], [1]]", "positions(3)[:, None]"),
    _logsumexp(1, ONE),
    _logsumexp(0, ONE),
    _logsumexp(-1, BLOCK),
    _cross_entropy("[3, 0, 3]"),
    _cross_entropy("[2]", ((1, 3),)),
)

# --- plain arrays on either side; an engine that wants its own constants may refuse them -------


def _with_array(expression: str, derivative: str, shape: Shape = (2,), **rest: Any) -> Case:
    return Case(expression, (derivative,), (shape,), group="constants", **rest)


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
    _with_array(f"x @ {_MATRIX}", f"g @ {_MATRIX}.T", (2, 2), operation="@"),
    _with_array(f"{_MATRIX} @ x", f"{_MATRIX}.T @ g", (2, 2), operation="@"),
)
