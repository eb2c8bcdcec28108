"""Checks of what outlives one backward pass: accumulation, zeroing, shared memory, constants.

They need the Values themselves, so they are for `ValueEngine`s. Each runs a script over the
engine's hooks; a failure shows its lines.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from benchgrad.engines.conformance.cases.oracles import agree
from benchgrad.engines.conformance.cases.scripts import ACCUMULATION, ALIASING, CONSTANTS, Script
from benchgrad.engines.conformance.judging.check import Check
from benchgrad.engines.conformance.judging.engine_under_test import REFUSALS, EngineUnderTest
from benchgrad.engines.conformance.judging.judge import tolerance
from benchgrad.engines.conformance.judging.reproduction import loading
from benchgrad.engines.conformance.judging.verdict import (
    Cause,
    Failure,
    Finding,
    Refusal,
    one_line,
    show,
)

# What a script may use; `engine`, `array` and `np` are given.
_NAMES = """ops, backward, inference = engine.operations, engine.backward, engine.inference
leaf = lambda data: engine.on_arrays(engine.leaf)(array(data))
constant = lambda data: engine.on_arrays(engine.constant)(array(data))
read, zero = engine.on_arrays(engine.read), engine.on_arrays(engine.zero)
gradient = engine.on_arrays(engine.gradient)
is_constant = lambda value: not engine.is_value(value) or engine.is_constant(value)
assign = lambda value, data: engine.on_arrays(engine.assign, 2)(value, array(data))
"""


def checks() -> Iterator[Check]:
    """Yield a check for each script."""
    for group, scripts in (
        ("accumulation", ACCUMULATION),
        ("aliasing", ALIASING),
        ("constants", CONSTANTS),
    ):
        for script in scripts:
            yield Check(f"{group}: {script.name}", group, partial(_run, script=script))


def _run(tested: EngineUnderTest, script: Script) -> None:
    scope: dict[str, Any] = {
        "np": np,
        "engine": tested.values,
        "array": partial(np.array, dtype=tested.dtype),
    }
    exec(_NAMES, scope)
    is_under_way = False
    try:
        with np.errstate(all="ignore"):
            exec(script.first, scope)
            is_under_way = bool(script.first)
            exec(script.lines, scope)
            actual = eval(script.probe, scope)
    except RecursionError:  # a RuntimeError, but no refusal
        raise
    except (RuntimeError, ValueError, *REFUSALS) as error:
        if is_under_way:
            raise _failure(tested, script, one_line(error), script.cause) from error
        raise Refusal(f"refused: {one_line(error)}") from error  # e.g. a graph is used up
    expected = np.array(script.expected)
    found = np.zeros(expected.shape) if actual is None else np.asarray(actual, expected.dtype)
    if not agree(found.astype(float), expected.astype(float), tolerance(tested.dtype)):
        known = (why for wrong, why in script.causes if agree(found, wrong, 1e-6))
        raise _failure(tested, script, show(found), next(known, script.cause))


def _failure(tested: EngineUnderTest, script: Script, actual: str, cause: str) -> Failure:
    """Return the failure of a script that ends with something other than it must."""
    must = show(np.array(script.expected))
    lines = f"{script.first}\n{script.lines}".lstrip()
    code = (
        f"{loading(tested.spec)}"
        f"array = lambda data: np.array(data, np.{tested.dtype})\n{_NAMES}\n"
        f"{lines}\n"
        f"print({script.probe})  # must be {must}"
    )
    return Failure(Finding.of(script.probe, actual, must, Cause(cause), code))
