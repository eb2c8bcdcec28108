"""Lines of code over an engine's hooks, and what they must end with. They are run in `state`."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Script:
    """Lines over an engine's hooks, an expression that is looked at, and what it must be.

    `cause` is said when it is something else, `causes` when it is one of these in particular.
    What an engine refuses in `first` is unsupported, all of the lines without it.
    """

    name: str
    lines: str
    probe: str
    expected: Any
    cause: str
    causes: tuple[tuple[Any, str], ...] = ()
    first: str = ""


_STALE = "an intermediate value passes on the gradient of an earlier backward call (stale gradient)"
_OVERWRITTEN = "a second backward call overwrites the gradient of a leaf, it must add to it"
_SHARED = "the gradients of two values share memory: a change to one changes the other"
_WRITTEN = "backward writes into the data"
_CONSTANT = "a constant operand is handled wrongly"

ACCUMULATION = (
    Script(
        "two backward calls add up",
        "x = leaf([1.0, 2.0])\nbackward(ops.sum(x * 2.0))\nbackward(ops.sum(x * 3.0))",
        "gradient(x)",
        [5.0, 5.0],
        _OVERWRITTEN,
    ),
    Script(
        "the same result twice",
        "x = leaf([1.0, 2.0])\nout = ops.sum(x * x)\nbackward(out)\nbackward(out)",
        "gradient(x)",
        [4.0, 8.0],
        _STALE,
        (([2.0, 4.0], _OVERWRITTEN),),
    ),
    Script(
        "two results that share a value",
        "x = leaf([1.0, 2.0])\nh = x * x\nbackward(ops.sum(h * 2.0))\nbackward(ops.sum(h * 3.0))",
        "gradient(x)",
        [10.0, 20.0],
        _STALE,
        (([6.0, 12.0], _OVERWRITTEN),),
    ),
    Script(
        "a result, then a value it was made from",
        "x = leaf([1.0, 2.0])\nh = ops.sum(x * x)\nbackward(h * 3.0)\nbackward(h)",
        "gradient(x)",
        [8.0, 16.0],
        _STALE,
        (([2.0, 4.0], _OVERWRITTEN),),
    ),
    Script(
        "a value, then a result made from it",
        "x = leaf([1.0, 2.0])\nh = ops.sum(x * x)\nbackward(h)\nbackward(h * 3.0)",
        "gradient(x)",
        [8.0, 16.0],
        _STALE,
        (([6.0, 12.0], _OVERWRITTEN),),
    ),
    Script(
        "zero clears the gradient",
        "x = leaf([1.0, 2.0])\nbackward(ops.sum(x * 2.0))\nzero(x)",
        "gradient(x)",
        [0.0, 0.0],
        "zeroing leaves a gradient behind",
    ),
    Script(
        "backward after zero",
        "x = leaf([1.0, 2.0])\nbackward(ops.sum(x * 2.0))\nzero(x)\nbackward(ops.sum(x * 3.0))",
        "gradient(x)",
        [3.0, 3.0],
        "zeroing leaves a gradient behind",
    ),
    Script(
        "the same result, zeroed in between",
        "x = leaf([1.0, 2.0])\nout = ops.sum(x * x * x)\nbackward(out)\nzero(x)\nbackward(out)",
        "gradient(x)",
        [3.0, 12.0],
        _STALE,
    ),
    Script(
        "a value that the result does not use",
        "x = leaf([1.0, 2.0])\nunused = x * 100.0\nbackward(ops.sum(x * 2.0))",
        "gradient(x)",
        [2.0, 2.0],
        "a value gets a gradient through something that the result does not depend on",
    ),
    Script(
        "a leaf is its own result",
        "x = leaf(3.0)\nbackward(x)",
        "gradient(x)",
        1.0,
        "the derivative of a value by itself is not 1",
    ),
    Script(
        "new data in a leaf",
        "x = leaf([1.0, 2.0])\nbackward(ops.sum(x * x))\nzero(x)\n"
        "assign(x, [3.0, 4.0])\nbackward(ops.sum(x * x))",
        "gradient(x)",
        [6.0, 8.0],
        "the data that a leaf had before are used",
    ),
)

ALIASING = (
    Script(
        "operands of +, then one of them alone",
        "x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])\n"
        "backward(ops.sum(x + y))\nbackward(ops.sum(x * 2.0))",
        "gradient(y)",
        [1.0, 1.0],
        _SHARED,
    ),
    Script(
        "operands of +, one of them once more in the same result",
        "x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])\n"
        "h = x + y\nbackward(ops.sum(h) + ops.sum(x * 3.0) + ops.sum(x * 5.0))",
        "gradient(y)",
        [1.0, 1.0],
        _SHARED,
    ),
    Script(
        "a sum and its operand in one result",
        "x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])\n"
        "h = x * 2.0\nk = h + y\nbackward(ops.sum(k * k) + ops.sum(h * 3.0) + ops.sum(k))",
        "gradient(y)",
        [11.0, 17.0],
        _SHARED,
    ),
    *(
        Script(
            f"writing to a gradient: {name}",
            f"{lines}\ng = gradient(x)\ng *= 99.0",
            "gradient(y)",
            expected,
            _SHARED,
        )
        for name, lines, expected in (
            (
                "operands of +",
                "x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])\nbackward(ops.sum(x + y))",
                [1.0, 1.0],
            ),
            (
                "a reshaped operand",
                "x, y = leaf([1.0]), leaf([[3.0]])\nbackward(ops.sum(ops.reshape(x, (1, 1)) + y))",
                [[1.0]],
            ),
            (
                "a transposed operand",
                "x, y = leaf([[1.0]]), leaf([[3.0]])\nbackward(ops.sum(ops.transpose(x) + y))",
                [[1.0]],
            ),
        )
    ),
    Script(
        "data are as before",
        "x = leaf([1.0, 2.0])\nbackward(ops.sum(ops.exp(x) * x + x / x))",
        "read(x)",
        [1.0, 2.0],
        _WRITTEN,
    ),
    Script(
        "data of a value in between are as before",
        "x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])\nh = x * y\nbackward(ops.sum(h * h))",
        "read(h)",
        [3.0, 8.0],
        _WRITTEN,
    ),
)

_SIDES = (
    ("c + x", [1.0, 1.0]),
    ("c - x", [-1.0, -1.0]),
    ("x - c", [1.0, 1.0]),
    ("c * x", [3.0, 5.0]),
    ("x * c", [3.0, 5.0]),
    ("c / x", [-3.0, -1.25]),
    ("x / c", [1 / 3, 0.2]),
    ("(c * c + 1.0) * x", [10.0, 26.0]),
)

CONSTANTS = (
    *(
        Script(
            f"{text} with a constant c",
            f"c = constant([3.0, 5.0])\nx = leaf([1.0, 2.0])\nbackward(ops.sum({text}))",
            "gradient(x)",
            expected,
            _CONSTANT,
        )
        for text, expected in _SIDES
    ),
    Script(
        "matrix product with a constant on the left",
        "c = constant([[1.0, 2.0], [3.0, 4.0]])\nx = leaf([[1.0], [2.0]])\n"
        "backward(ops.sum(c @ x))",
        "gradient(x)",
        [[4.0], [6.0]],
        _CONSTANT,
    ),
    Script(
        "matrix product with a constant on the right",
        "c = constant([[1.0, 2.0], [3.0, 4.0]])\nx = leaf([[1.0, 2.0]])\nbackward(ops.sum(x @ c))",
        "gradient(x)",
        [[3.0, 7.0]],
        _CONSTANT,
    ),
    Script(
        "what is made of constants is constant, where the engine knows constants",
        "c = constant(3.0)\nx = leaf(2.0)\nknown = is_constant(c)\n"
        "found = [is_constant(c * c) == known, is_constant(c * x), is_constant(x * c)]",
        "found",
        [True, False, False],
        "what depends on a leaf counts as a constant, or the other way round",
    ),
    Script(
        "after inference gradients are there again",
        "with inference():\n    y = x * 3.0\nzero(x)\nbackward(ops.sum(x * 2.0))",
        "gradient(x)",
        [2.0, 2.0],
        "the inference context is not left",
        first="x = leaf([1.0, 2.0])\nbackward(ops.sum(x * 2.0))",
    ),
)
