"""Writes the calls of a tape as a program, one line for each. No call is made here."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchgrad.engines.tensor.arrays import Array
from benchgrad.engines.tensor.memory import Step, owner_of

_HOW = ("out", "casting", "mode")  # keywords that do not change what is computed


def listing(steps: Sequence[Step], inputs: Sequence[Array]) -> list[str]:
    """Return a line for each call, e.g. ``v1 (2,) = multiply(x0, c0)``.

    Arguments that are None or False, NumPy's defaults, are left out.
    """
    names = _Names(steps, inputs)
    return [_line(step, names) for step in steps]


class _Names:
    """Names for memory: inputs x0, x1, …, results v0, v1, …, and constants c0, c1, and so on.

    Results that share memory share a name. A view goes by the name of its array, or its `.T`.
    """

    def __init__(self, steps: Sequence[Step], inputs: Sequence[Array]) -> None:
        self._inputs = inputs
        written = dict.fromkeys(id(owner_of(step.target)) for step in steps)
        self._results = {owner: f"v{i}" for i, owner in enumerate(written)}
        self._constants: dict[int, str] = {}

    def text(self, argument: Any) -> str:
        """Return an argument as it is listed."""
        if isinstance(argument, np.ndarray):
            flags = argument.flags
            return self._of(argument) + ".T" * (flags.f_contiguous and not flags.c_contiguous)
        if isinstance(argument, tuple | list):
            return f"({', '.join(map(self.text, argument))})"
        return "..." if argument is ... else str(argument)

    def _of(self, array: Array) -> str:
        for i, given in enumerate(self._inputs):
            if np.may_share_memory(array, given):
                return f"x{i}"
        owner = id(owner_of(array))
        constant = f"c{len(self._constants)}"
        return self._results.get(owner) or self._constants.setdefault(owner, constant)


def _line(step: Step, names: _Names) -> str:
    operands = [names.text(a) for a in _operands(step) if a is not None and a is not False]
    function, keywords = step.function, step.keywords
    if isinstance(function, partial):  # a call that NumPy gives no `out`
        function, keywords = function.args
    operands += [f"{k}={names.text(v)}" for k, v in keywords.items() if k not in _HOW]
    call = f"{name_of(function)}({', '.join(operands)})"
    return f"{names.text(step.target)} {step.target.shape} = {call}"


def _operands(step: Step) -> list[Any]:
    """Return the arguments of a call without its target, which is there twice if in place."""
    operands = list(step.arguments)
    if "out" not in step.keywords:
        place = step.target.__array_interface__
        is_target = [isinstance(a, np.ndarray) and a.__array_interface__ == place for a in operands]
        del operands[len(operands) - 1 - is_target[::-1].index(True)]
    return operands


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a call, e.g. ``add.reduce``."""
    if isinstance(function, partial):  # a call that NumPy gives no `out`
        function = function.args[0]
    ufunc = getattr(function, "__self__", None)
    prefix = f"{ufunc.__name__}." if isinstance(ufunc, np.ufunc) else ""
    return f"{prefix}{function.__name__}"
