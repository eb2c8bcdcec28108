"""Short scripts over an engine's hooks, and what each must end with. `checks.state` runs them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Script:
    """Lines over an engine's hooks, what an expression must be afterwards, and why it may not be.

    `cause` explains any other outcome, `causes` a particular one. Where there is a `first`, an
    error in it is a refusal, and one after it a failure; elsewhere every error is a refusal.
    """

    name: str
    lines: str
    expected: Any
    cause: str
    causes: tuple[tuple[Any, str], ...] = ()
    probe: str = "gradient(x)"
    first: str = ""


_STALE = "an intermediate value passes on the gradient of an earlier backward call (stale gradient)"
_OVERWRITTEN = "a second backward call overwrites the gradient of a leaf, it must add to it"
_LEFT_BEHIND = "zeroing leaves a gradient behind"
_SHARED = "the gradients of two values share memory: a change to one changes the other"
_WRITTEN = "backward writes into the data"
_CONSTANT = "a constant operand is handled wrongly"

_X = "x = leaf([1.0, 2.0])"
_X_Y = "x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])"
_TWICE, _THRICE = "backward(ops.sum(x * 2.0))", "backward(ops.sum(x * 3.0))"

ACCUMULATION = (
    Script("two backward calls add up", f"{_X}\n{_TWICE}\n{_THRICE}", [5.0, 5.0], _OVERWRITTEN),
    Script(
        "the same result twice",
        f"{_X}\nout = ops.sum(x * x)\nbackward(out)\nbackward(out)",
        [4.0, 8.0],
        _STALE,
        (([2.0, 4.0], _OVERWRITTEN),),
    ),
    Script(
        "two results that share a value",
        f"{_X}\nh = x * x\nbackward(ops.sum(h * 2.0))\nbackward(ops.sum(h * 3.0))",
        [10.0, 20.0],
        _STALE,
        (([6.0, 12.0], _OVERWRITTEN),),
    ),
    Script(
        "a result, then a value it was made from",
        f"{_X}\nh = ops.sum(x * x)\nbackward(h * 3.0)\nbackward(h)",
        [8.0, 16.0],
        _STALE,
        (([2.0, 4.0], _OVERWRITTEN),),
    ),
    Script(
        "a value, then a result made from it",
        f"{_X}\nh = ops.sum(x * x)\nbackward(h)\nbackward(h * 3.0)",
        [8.0, 16.0],
        _STALE,
        (([6.0, 12.0], _OVERWRITTEN),),
    ),
    Script("zero clears the gradient", f"{_X}\n{_TWICE}\nzero(x)", [0.0, 0.0], _LEFT_BEHIND),
    Script("backward after zero", f"{_X}\n{_TWICE}\nzero(x)\n{_THRICE}", [3.0, 3.0], _LEFT_BEHIND),
    Script(
        "the same result, zeroed in between",
        f"{_X}\nout = ops.sum(x * x * x)\nbackward(out)\nzero(x)\nbackward(out)",
        [3.0, 12.0],
        _STALE,
    ),
    Script(
        "a value that the result does not use",
        f"{_X}\nunused = x * 100.0\n{_TWICE}",
        [2.0, 2.0],
        "a value gets a gradient through something that the result does not depend on",
    ),
    Script(
        "a leaf is its own result",
        "x = leaf(3.0)\nbackward(x)",
        1.0,
        "the derivative of a value by itself is not 1",
    ),
    Script(
        "new data in a leaf",
        f"{_X}\nbackward(ops.sum(x * x))\nzero(x)\nassign(x, [3.0, 4.0])\nbackward(ops.sum(x * x))",
        [6.0, 8.0],
        "the data that a leaf had before are used",
    ),
)


def _aliasing(name: str, lines: str, expected: Any) -> Script:
    return Script(name, lines, expected, _SHARED, probe="gradient(y)")


def _written(name: str, lines: str, expected: Any) -> Script:
    return _aliasing(
        f"writing to a gradient: {name}", f"{lines}\ng = gradient(x)\ng *= 99.0", expected
    )


ALIASING = (
    _aliasing(
        "operands of +, then one of them alone",
        f"{_X_Y}\nbackward(ops.sum(x + y))\n{_TWICE}",
        [1.0, 1.0],
    ),
    _aliasing(
        "operands of +, one of them once more in the same result",
        f"{_X_Y}\nh = x + y\nbackward(ops.sum(h) + ops.sum(x * 3.0) + ops.sum(x * 5.0))",
        [1.0, 1.0],
    ),
    _aliasing(
        "a sum and its operand in one result",
        f"{_X_Y}\nh = x * 2.0\nk = h + y\nbackward(ops.sum(k * k) + ops.sum(h * 3.0) + ops.sum(k))",
        [11.0, 17.0],
    ),
    _written("operands of +", f"{_X_Y}\nbackward(ops.sum(x + y))", [1.0, 1.0]),
    _written(
        "a reshaped operand",
        "x, y = leaf([1.0]), leaf([[3.0]])\nbackward(ops.sum(ops.reshape(x, (1, 1)) + y))",
        [[1.0]],
    ),
    _written(
        "a transposed operand",
        "x, y = leaf([[1.0]]), leaf([[3.0]])\nbackward(ops.sum(ops.transpose(x) + y))",
        [[1.0]],
    ),
    Script(
        "data are as before",
        f"{_X}\nbackward(ops.sum(ops.exp(x) * x + x / x))",
        [1.0, 2.0],
        _WRITTEN,
        probe="read(x)",
    ),
    Script(
        "data of a value in between are as before",
        f"{_X_Y}\nh = x * y\nbackward(ops.sum(h * h))",
        [3.0, 8.0],
        _WRITTEN,
        probe="read(h)",
    ),
)

_SIDES = {
    "c + x": [1.0, 1.0],
    "c - x": [-1.0, -1.0],
    "x - c": [1.0, 1.0],
    "c * x": [3.0, 5.0],
    "x * c": [3.0, 5.0],
    "c / x": [-3.0, -1.25],
    "x / c": [1 / 3, 0.2],
    "(c * c + 1.0) * x": [10.0, 26.0],
}
_C = "c = constant([[1.0, 2.0], [3.0, 4.0]])"

CONSTANTS = (
    *(
        Script(
            f"{text} with a constant c",
            f"c = constant([3.0, 5.0])\n{_X}\nbackward(ops.sum({text}))",
            expected,
            _CONSTANT,
        )
        for text, expected in _SIDES.items()
    ),
    Script(
        "matrix product with a constant on the left",
        f"{_C}\nx = leaf([[1.0], [2.0]])\nbackward(ops.sum(c @ x))",
        [[4.0], [6.0]],
        _CONSTANT,
    ),
    Script(
        "matrix product with a constant on the right",
        f"{_C}\nx = leaf([[1.0, 2.0]])\nbackward(ops.sum(x @ c))",
        [[3.0, 7.0]],
        _CONSTANT,
    ),
    Script(
        "what is made of constants is constant, where the engine knows constants",
        "c = constant(3.0)\nx = leaf(2.0)\nknown = is_constant(c)\n"
        "found = [is_constant(c * c) == known, is_constant(c * x), is_constant(x * c)]",
        [True, False, False],
        "what depends on a leaf counts as a constant, or the other way round",
        probe="found",
    ),
    Script(
        "after inference gradients are there again",
        f"with inference():\n    y = x * 3.0\nzero(x)\n{_TWICE}",
        [2.0, 2.0],
        "the inference context is not left",
        first=f"{_X}\n{_TWICE}",
    ),
)
