"""Checks of what outlives one backward pass: accumulation, zeroing, shared memory, constants.

They need the Values themselves, so they are for `ValueEngine`s. Each runs a script over the
engine's hooks; a failure shows its lines.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchgrad.engines.conformance.cases.oracles import agree
from benchgrad.engines.conformance.cases.program import Program
from benchgrad.engines.conformance.cases.scripts import (
    ACCUMULATION,
    ALIASING,
    CONSTANTS,
    INFERENCE,
    Script,
)
from benchgrad.engines.conformance.judging.check import Check
from benchgrad.engines.conformance.judging.engine_under_test import EngineUnderTest, is_refusal
from benchgrad.engines.conformance.judging.judge import tolerance
from benchgrad.engines.conformance.judging.reproduction import loading
from benchgrad.engines.conformance.judging.verdict import (
    Cause,
    Crash,
    Failure,
    Finding,
    Refusal,
    one_line,
    show,
)
from benchgrad.engines.interface import UnsupportedError

# What a script may use besides `engine`, `array` and `np`.
_NAMES = {
    "collect": "from gc import collect",
    "ops": "ops = engine.operations",
    "backward": "backward = engine.backward",
    "inference": "inference = engine.inference",
    "leaf": "leaf = lambda data: engine.on_arrays(engine.leaf)(array(data))",
    "constant": "constant = lambda data: engine.on_arrays(engine.constant)(array(data))",
    "read": "read = engine.on_arrays(engine.read)",
    "zero": "zero = engine.on_arrays(engine.zero)",
    "gradient": "gradient = engine.on_arrays(engine.gradient)",
    "is_constant": (
        "is_constant = lambda value: not engine.is_value(value) or engine.is_constant(value)"
    ),
    "assign": (
        "assign = lambda value, data: engine.on_arrays(engine.assign, 2)(value, array(data))"
    ),
}

# With these an engine may refuse a second pass.
_USED_UP = (RuntimeError, ValueError, TypeError, AssertionError)  # e.g. a graph, by a first pass


def checks() -> Iterator[Check]:
    """Yield a check for each script but the last ones."""
    for group, scripts in (
        ("accumulation", ACCUMULATION),
        ("aliasing", ALIASING),
        ("constants", CONSTANTS),
    ):
        yield from (_check(group, script) for script in scripts)


def last_checks() -> Iterator[Check]:
    """Yield the checks after which an engine may get everything wrong."""
    yield from (_check("constants", script, "inference") for script in INFERENCE)


def _check(group: str, script: Script, situation: str = "") -> Check:
    name, source = f"{group}: {script.name}", f"{script.first}\n{script.lines}".lstrip()
    run = partial(_run, script=script)
    return Check(name, group, run, source=source, situation=situation)


@dataclass
class _Run:
    """A script as it runs: its names, and how far it has come."""

    scope: dict[str, Any]
    is_under_way: bool = False
    is_backward: bool = False
    n_backward: int = 0

    def backward(self, out: Any) -> None:
        """Go backward as the engine does, and know it meanwhile."""
        self.is_backward = True
        self.n_backward += 1
        self.scope["engine"].backward(out)
        self.is_backward = False


def _run(tested: EngineUnderTest, script: Script) -> None:
    tested.require(Program(f"{script.first}\n{script.lines}".lstrip(), ()))
    array = partial(np.array, dtype=tested.dtype)
    run = _Run({"np": np, "engine": tested.values, "array": array})
    exec("\n".join(_NAMES.values()), run.scope)
    run.scope["backward"] = run.backward
    try:
        actual = _probed(tested, script, run)
    except Exception as error:
        if isinstance(error, UnsupportedError):
            raise
        if run.is_under_way:
            raise _failure(tested, script, one_line(error), script.causes[0][1]) from error
        refusals = _USED_UP if run.n_backward > 1 or script.may_be_refused else ()
        if is_refusal(error, refusals, run.is_backward):
            raise Refusal(f"raises {one_line(error)}") from error
        raise Crash(error, _code(tested, script, "raises")) from error
    expected = np.array(script.expected)
    found = np.zeros(expected.shape) if actual is None else np.asarray(actual, expected.dtype)
    if not agree(found.astype(float), expected.astype(float), tolerance(tested.dtype)):
        known = next((why for wrong, why in script.causes if agree(found, wrong, 1e-6)), "")
        fact = script.fact if found.shape == expected.shape else ""
        raise _failure(tested, script, show(found), known or fact)


def _probed(tested: EngineUnderTest, script: Script, run: _Run) -> Any:
    """Run a script and return what it must be judged by."""
    with np.errstate(all="ignore"), tested.visited.watching():
        exec(script.first, run.scope)
        run.is_under_way = bool(script.first)
        exec(script.lines, run.scope)
        return eval(script.probe, run.scope)


def _failure(tested: EngineUnderTest, script: Script, actual: str, cause: str) -> Failure:
    """Return the failure of a script that ends with something other than it must."""
    must = show(np.array(script.expected))
    code = _code(tested, script, f"must be {must}")
    return Failure(Finding.of(script.probe, actual, must, Cause(cause) if cause else None, code))


def _code(tested: EngineUnderTest, script: Script, comment: str) -> str:
    """Return a script with the names that it uses, and no others."""
    lines = f"{script.first}\n{script.lines}\nprint({script.probe})  # {comment}".lstrip()
    words = set(re.findall(r"\w+", lines))
    names = "".join(f"{text}\n" for name, text in _NAMES.items() if name in words)
    array = f"array = lambda data: np.array(data, np.{tested.dtype})\n"
    return f"{loading(tested.spec)}{array if 'array(' in names else ''}{names}\n{lines}"
