"""A check, and how it becomes a verdict. The checks themselves are in `checks`."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType

from benchgrad.engines.conformance.cases.case import Case
from benchgrad.engines.conformance.cases.labels import labels_of
from benchgrad.engines.conformance.cases.noticing import broadcasts, gives_array, uses_again
from benchgrad.engines.conformance.cases.oracles import OracleError
from benchgrad.engines.conformance.judging import places
from benchgrad.engines.conformance.judging.engine_under_test import EngineUnderTest, is_refusal
from benchgrad.engines.conformance.judging.exceptions import DEEP, ENDLESS, cause_of
from benchgrad.engines.conformance.judging.verdict import (
    Crash,
    Failure,
    Finding,
    Refusal,
    Status,
    Verdict,
    one_line,
)
from benchgrad.engines.interface import UnsupportedError

_BACKWARD = ("backward", "update")  # functions of benchgrad that come after the forward pass


@dataclass(frozen=True)
class Check:
    """One thing that an engine must do right; `run` returns nothing, or raises what is wrong.

    `case` is the case that it runs, if that is all it does, and `source` the program. ``--fast``
    skips the check if it `is_slow`. `situation` is what it tries operations in, if not plainly.
    """

    name: str
    group: str
    run: Callable[[EngineUnderTest], None]
    is_slow: bool = False
    case: Case | None = None
    source: str = ""
    situation: str = ""

    @property
    def program(self) -> str:
        """What it runs, as text; empty if that depends on the engine."""
        return self.source or (self.case.program.source if self.case is not None else "")

    @property
    def operations(self) -> frozenset[str]:
        """The operations that take part, as `labels.labels_of` names them."""
        return labels_of(self.program)

    @cached_property
    def asked(self) -> frozenset[str]:
        """The same, with those that weight and sum its result, as findings name them."""
        if self.case is None or self.source:
            return self.operations
        program = self.case.program
        return (program.weighted() if gives_array(self.case) else program.scaled(1.0)).operations

    @property
    def is_deep(self) -> bool:
        """Whether its graph may be deeper than Python lets a function call itself."""
        return self.group in ("deep chains", "random graphs") or " 1,000 times" in self.name

    @property
    def touches(self) -> frozenset[str]:
        """The situations that arise in it on the way."""
        found = {"fan-out"} if self.program and uses_again(self.program) else set()
        if "float32" in self.name:
            found.add("float32")
        if self.case is not None:
            found |= broadcasts(self.case)
        return frozenset(found)


def verdict_of(check: Check, tested: EngineUnderTest) -> Verdict:
    """Run a check; whatever the engine raises becomes a verdict."""
    began = time.perf_counter()
    tested.visited.codes.clear()
    status, findings = _outcome(check, tested)
    return Verdict(
        check.name,
        check.group,
        status,
        findings[0],
        tested.seed,
        deviation_of(check.name, tested.engine.deviations),
        time.perf_counter() - began,
        findings[1:],
        tested.visited.own(),
    )


def _outcome(check: Check, tested: EngineUnderTest) -> tuple[Status, tuple[Finding, ...]]:
    try:
        check.run(tested)
    except Failure as failure:
        return "failed", (failure.finding, *failure.others)
    except Crash as crash:
        return _of_error(crash.error, check, crash.code)
    except Exception as error:  # an engine may raise anything, and that is a result, too
        if words := _why_unsupported(error):
            return "unsupported", (Finding(words),)
        return _of_error(error, check)
    return "passed", (Finding(),)


def _why_unsupported(error: Exception) -> str:
    """Return why there is no verdict on an engine, empty if the error is one."""
    if isinstance(error, UnsupportedError | Refusal):
        return str(error)
    if isinstance(error, OracleError):  # never the engine's fault
        return f"no verdict: {error}"
    is_refused = is_refusal(error, (), not _is_forward(error.__traceback__))
    return f"raises {one_line(error)}" if is_refused else ""


def _is_forward(traceback: TracebackType | None) -> bool:
    """Tell whether an error was raised before benchgrad's classifier went backward."""
    names = set()
    while traceback is not None:
        names.add(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    return "_forward" in names and not names.intersection(_BACKWARD)


def _of_error(error: Exception, check: Check, code: str = "") -> tuple[Status, tuple[Finding, ...]]:
    place = places.of_traceback(error.__traceback__)
    if isinstance(error, RecursionError):
        why = DEEP if check.is_deep else ENDLESS
        return "failed", (Finding(one_line(error), why, code, "", "", "exception", place),)
    cause = cause_of(error, check.case)
    finding = Finding(one_line(error), cause, code, "", "", "exception", place)
    return "crashed", (finding,)


def deviation_of(check: str, deviations: Mapping[str, str]) -> str:
    """Return the declared reason for a check; a name that ends in ``*`` declares many."""
    for name, reason in deviations.items():
        if name == check or (name.endswith("*") and check.startswith(name[:-1])):
            return reason
    return ""
