"""Short scripts over an engine's hooks, and what each must end with. `checks.state` runs them."""

from dataclasses import dataclass
from typing import Any

Causes = tuple[tuple[Any, str], ...]


@dataclass(frozen=True)
class Script:
    """Lines over an engine's hooks, and what an expression must be afterwards.

    `causes` says what each of some wrong outcomes comes from, and `fact` what is true of every
    wrong outcome. Where there is a `first`, an error in it is a refusal, and one after it a
    failure; elsewhere every error is a refusal, except in the first backward pass, unless that
    `may_be_refused`, too.
    """

    name: str
    lines: str
    expected: Any
    causes: Causes = ()
    fact: str = ""
    probe: str = "gradient(x)"
    first: str = ""
    may_be_refused: bool = False


_STALE = "an intermediate value passes on the gradient of an earlier backward call (stale gradient)"
_OVERWRITTEN = "a second backward call overwrites the gradient of a leaf, it must add to it"
_LEFT_BEHIND = "zeroing leaves a gradient behind"
_SHARED = "the gradients of two values share memory: a change to one changes the other"
_UNUSED = "a value gets a gradient through something that the result does not depend on"

_X = "x = leaf([1.0, 2.0])"
_X_Y = "x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])"
_TWICE, _THRICE = "backward(ops.sum(x * 2.0))", "backward(ops.sum(x * 3.0))"


def _of_x(**causes: tuple[int, ...]) -> Causes:
    """Return causes by the multiples of x = [1, 2] that they lead to."""
    known = {"stale": _STALE, "overwritten": _OVERWRITTEN}
    return tuple(([1.0 * n, 2.0 * n], known[why]) for why, each in causes.items() for n in each)


ACCUMULATION = (
    Script(
        "two backward calls add up",
        f"{_X}\n{_TWICE}\n{_THRICE}",
        [5.0] * 2,
        (([3.0] * 2, _OVERWRITTEN),),
    ),
    Script(
        "the same result twice",
        f"{_X}\nout = ops.sum(x * x)\nbackward(out)\nbackward(out)",
        [4.0, 8.0],
        _of_x(stale=(6, 8), overwritten=(2,)),
    ),
    Script(
        "two results that share a value",
        f"{_X}\nh = x * x\nbackward(ops.sum(h * 2.0))\nbackward(ops.sum(h * 3.0))",
        [10.0, 20.0],
        _of_x(stale=(14,), overwritten=(6,)),
    ),
    Script(
        "two results that share a sum",
        f"{_X_Y}\nh = x + y\nbackward(ops.sum(h * x))\nbackward(ops.sum(h * 3.0))",
        [4.0, 5.0],
        (([5.0, 7.0], _STALE), ([3.0, 3.0], _OVERWRITTEN)),
        probe="gradient(y)",
    ),
    Script(
        "a result, then a value it was made from",
        f"{_X}\nh = ops.sum(x * x)\nbackward(h * 3.0)\nbackward(h)",
        [8.0, 16.0],
        _of_x(stale=(14, 20), overwritten=(2,)),
    ),
    Script(
        "a value, then a result made from it",
        f"{_X}\nh = ops.sum(x * x)\nbackward(h)\nbackward(h * 3.0)",
        [8.0, 16.0],
        _of_x(stale=(12,), overwritten=(6,)),
    ),
    Script(
        "zero clears the gradient",
        f"{_X}\n{_TWICE}\nzero(x)",
        [0.0, 0.0],
        (([2.0, 2.0], _LEFT_BEHIND),),
    ),
    Script(
        "the zero_grad of the class, if it has one",
        "x = leaf(3.0)\nbackward(x * 2.0)\nx.zero_grad()",
        0.0,
        ((2.0, _LEFT_BEHIND),),
    ),
    Script(
        "backward after zero",
        f"{_X}\n{_TWICE}\nzero(x)\n{_THRICE}",
        [3.0, 3.0],
        (([5.0, 5.0], _LEFT_BEHIND),),
    ),
    Script(
        "the same result, zeroed in between",
        f"{_X}\nout = ops.sum(x * x * x)\nbackward(out)\nzero(x)\nbackward(out)",
        [3.0, 12.0],
        (([8.0, 32.0], _STALE), ([11.0, 44.0], _STALE)),
    ),
    Script(
        "a value that the result does not use",
        f"{_X}\nunused = x * 100.0\n{_TWICE}",
        [2.0, 2.0],
        (([102.0, 102.0], _UNUSED),),
    ),
    Script(
        "a branch that the result does not use",
        f"{_X}\nh = x * 2.0\nunused = h * 100.0\nbackward(ops.sum(h * h))",
        [8.0, 16.0],
        (([208.0, 216.0], _UNUSED),),
    ),
    Script(
        "a leaf is its own result",
        "x = leaf(3.0)\nbackward(x)",
        1.0,
        fact="the derivative of a value by itself is not 1",
        may_be_refused=True,
    ),
    Script(
        "new data in a leaf",
        f"{_X}\nbackward(ops.sum(x * x))\nzero(x)\nassign(x, [3.0, 4.0])\nbackward(ops.sum(x * x))",
        [6.0, 8.0],
        (([2.0, 4.0], "the data that a leaf had before are used"),),
    ),
    Script(
        "a graph of which only the result is kept",
        f"{_X}\nh = x * x\nout = ops.sum(h * 3.0)\ndel h\ncollect()\nbackward(out)",
        [6.0, 12.0],
        (([0.0, 0.0], "a value that nobody else holds is freed before it passes its gradient on"),),
    ),
    Script(
        "graphs that are built and dropped ten times",
        f"{_X}\nfor k in range(10):\n    zero(x)\n    h = x * (k + 1.0)\n"
        "    backward(ops.sum(h * h * h))\n    del h",
        [3000.0, 12000.0],
        fact="what is right in the first graph is wrong after other graphs have been freed",
    ),
    Script(
        "graphs that are built ten times and kept",
        f"{_X}\nkept = []\nfor k in range(10):\n    zero(x)\n    h = x * (k + 1.0)\n"
        "    backward(ops.sum(h * h * h))\n    kept.append(h)",
        [3000.0, 12000.0],
        fact="what is right in the first graph is wrong beside other graphs",
    ),
)


def _aliasing(name: str, lines: str, expected: Any, *shared: Any) -> Script:
    """Return a script that looks at y, and what y is if it shares memory with another value."""
    return Script(
        name, lines, expected, tuple((wrong, _SHARED) for wrong in shared), "", "gradient(y)"
    )


def _written(name: str, lines: str, expected: Any, shared: Any) -> Script:
    lines = f"{lines}\ng = gradient(x)\ng *= 99.0"
    return _aliasing(f"writing to a gradient: {name}", lines, expected, shared)


_WRITTEN = "backward writes into the data"

ALIASING = (
    _aliasing(
        "operands of +, then one of them alone",
        f"{_X_Y}\nbackward(ops.sum(x + y))\n{_TWICE}",
        [1.0, 1.0],
        [3.0, 3.0],
    ),
    _aliasing(
        "operands of + in a product, then one of them alone",
        f"{_X_Y}\nbackward(ops.sum((x + y) * 3.0))\n{_TWICE}",
        [3.0, 3.0],
        [5.0, 5.0],
    ),
    _aliasing(
        "operands of +, one of them once more in the same result",
        f"{_X_Y}\nh = x + y\nbackward(ops.sum(h) + ops.sum(x * 3.0) + ops.sum(x * 5.0))",
        [1.0, 1.0],
        *([4.0] * 2, [6.0] * 2, [9.0] * 2),
    ),
    _aliasing(
        "operands of + in a product, one of them once more in the same result",
        f"{_X_Y}\nh = x + y\nbackward(ops.sum(x * 3.0) + ops.sum(h * h) + ops.sum(x * 5.0))",
        [8.0, 12.0],
        *([11.0, 15.0], [13.0, 17.0], [16.0, 20.0]),
    ),
    _aliasing(
        "a sum and its operand in one result",
        f"{_X_Y}\nh = x * 2.0\nk = h + y\nbackward(ops.sum(k * k) + ops.sum(h * 3.0) + ops.sum(k))",
        [11.0, 17.0],
        [14.0, 20.0],
    ),
    _written("operands of +", f"{_X_Y}\nbackward(ops.sum(x + y))", [1.0, 1.0], [99.0, 99.0]),
    _written(
        "operands of + in a product",
        f"{_X_Y}\nbackward(ops.sum((x + y) * 3.0))",
        [3.0, 3.0],
        [297.0, 297.0],
    ),
    _written(
        "a reshaped operand",
        "x, y = leaf([1.0]), leaf([[3.0]])\nbackward(ops.sum(ops.reshape(x, (1, 1)) + y))",
        [[1.0]],
        [[99.0]],
    ),
    _written(
        "a transposed operand",
        "x, y = leaf([[1.0]]), leaf([[3.0]])\nbackward(ops.sum(ops.transpose(x) + y))",
        [[1.0]],
        [[99.0]],
    ),
    Script(
        "data are as before",
        f"{_X}\nbackward(ops.sum(ops.exp(x) * x + x / x))",
        [1.0, 2.0],
        fact=_WRITTEN,
        probe="read(x)",
    ),
    Script(
        "data of a value in between are as before",
        f"{_X_Y}\nh = x * y\nbackward(ops.sum(h * h))",
        [3.0, 8.0],
        fact=_WRITTEN,
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
        )
        for text, expected in _SIDES.items()
    ),
    Script(
        "matrix product with a constant on the left",
        f"{_C}\nx = leaf([[1.0], [2.0]])\nbackward(ops.sum(c @ x))",
        [[4.0], [6.0]],
    ),
    Script(
        "matrix product with a constant on the right",
        f"{_C}\nx = leaf([[1.0, 2.0]])\nbackward(ops.sum(x @ c))",
        [[3.0, 7.0]],
    ),
    Script(
        "what is made of constants is constant, where the engine knows constants",
        "c = constant(3.0)\nx = leaf(2.0)\nknown = is_constant(c)\n"
        "found = [is_constant(c * c) == known, is_constant(c * x), is_constant(x * c)]",
        [True, False, False],
        fact="what depends on a leaf counts as a constant, or the other way round",
        probe="found",
    ),
)

# After all but the classifier: an engine that does not leave the context gets nothing right then.
INFERENCE = (
    Script(
        "after inference gradients are there again",
        f"with inference():\n    y = x * 3.0\nzero(x)\n{_TWICE}",
        [2.0, 2.0],
        (([0.0, 0.0], "the inference context is not left"),),
        first=f"{_X}\n{_TWICE}",
    ),
)
