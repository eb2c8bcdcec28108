"""Checks of what outlives one backward pass: accumulation, zeroing, shared memory, constants.

They need the Values themselves, so they are for `ValueEngine`s; each is a few lines of code over
its hooks, and these lines are what a failure shows.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from benchgrad.engines.conformance.check import Check
from benchgrad.engines.conformance.checks.scripts import (
    ACCUMULATION,
    ALIASING,
    CONSTANTS,
    Script,
)
from benchgrad.engines.conformance.judging.engine_under_test import REFUSALS, Subject, one_line
from benchgrad.engines.conformance.judging.judge import tolerance
from benchgrad.engines.conformance.judging.verdict import Failure, Finding, Refusal, show
from benchgrad.engines.conformance.oracles import agree
from benchgrad.engines.value_engine import ValueEngine

_PRELUDE = """import numpy as np

from benchgrad.engines import load

engine = load({spec!r})
ops, backward, inference = engine.operations, engine.backward, engine.inference
array = {array}
leaf = lambda data: engine.on_arrays(engine.leaf)(array(data))
constant = lambda data: engine.on_arrays(engine.constant)(array(data))
read, zero = engine.on_arrays(engine.read), engine.on_arrays(engine.zero)
gradient, is_constant = engine.on_arrays(engine.gradient), engine.is_constant
assign = lambda value, data: engine.on_arrays(engine.assign, 2)(value, array(data))
"""


def checks() -> Iterator[Check]:
    """Return a check for each script."""
    for group, scripts in (
        ("accumulation", ACCUMULATION),
        ("aliasing", ALIASING),
        ("constants", CONSTANTS),
    ):
        for script in scripts:
            yield Check(f"{group}: {script.name}", group, partial(_judge, script=script))


def scope_of(engine: ValueEngine, dtype: str) -> dict[str, Any]:
    """Return the names that a script uses."""

    def array(data: Any) -> Any:
        return np.array(data, dtype)

    gradient, read = engine.on_arrays(engine.gradient), engine.on_arrays(engine.read)

    def is_constant(value: Any) -> bool:
        return not engine.is_value(value) or engine.is_constant(value)

    return {
        "np": np,
        "ops": engine.operations,
        "leaf": lambda data: engine.on_arrays(engine.leaf)(array(data)),
        "constant": lambda data: engine.on_arrays(engine.constant)(array(data)),
        "read": read,
        "zero": engine.on_arrays(engine.zero),
        "backward": engine.backward,
        "gradient": gradient,
        "inference": engine.inference,
        "is_constant": is_constant,
        "assign": lambda value, data: engine.on_arrays(engine.assign, 2)(value, array(data)),
    }


def _judge(subject: Subject, script: Script) -> None:
    scope = scope_of(subject.values, subject.dtype)
    expected = np.array(script.expected)
    is_under_way = False
    try:
        with np.errstate(all="ignore"):
            exec(script.first, scope)
            is_under_way = bool(script.first)
            exec(script.lines, scope)
            actual = eval(script.probe, scope)
    except (RuntimeError, ValueError, *REFUSALS) as error:
        if isinstance(error, RecursionError):
            raise
        if is_under_way:
            raise _failure(subject, script, one_line(error), script.cause) from error
        raise Refusal(f"refused: {one_line(error)}") from error  # e.g. a graph is used up
    found = np.zeros(expected.shape) if actual is None else np.asarray(actual, expected.dtype)
    if agree(found.astype(float), expected.astype(float), tolerance(subject.dtype)):
        return
    cause = next((why for wrong, why in script.causes if agree(found, wrong, 1e-6)), script.cause)
    raise _failure(subject, script, show(found), cause)


def _failure(subject: Subject, script: Script, actual: str, cause: str) -> Failure:
    """Return the failure of a script that ends with something else than it must."""
    must = show(np.array(script.expected))
    array = "lambda data: np.array(data, np.float64)".replace("float64", subject.dtype)
    lines = f"{script.first}\n{script.lines}".lstrip()
    code = f"{_PRELUDE.format(spec=subject.spec, array=array)}\n{lines}"
    code += f"\nprint({script.probe})  # must be {must}"
    reason = f"{script.probe} is {actual}, must be {must}"
    return Failure(Finding(reason, cause, code, must, actual))
