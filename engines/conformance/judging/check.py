"""A check, and how it becomes a verdict. The checks themselves are in `checks`."""

import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchgrad.engines.conformance.cases.case import Case
from benchgrad.engines.conformance.cases.oracles import OracleError
from benchgrad.engines.conformance.judging.engine_under_test import EngineUnderTest
from benchgrad.engines.conformance.judging.exceptions import cause_of
from benchgrad.engines.conformance.judging.verdict import (
    Cause,
    Crash,
    Failure,
    Finding,
    Refusal,
    Status,
    Verdict,
    one_line,
)
from benchgrad.engines.interface import UnsupportedError

_RECURSES = Cause("it recurses: a deep graph exceeds Python's limit")


@dataclass(frozen=True)
class Check:
    """One thing that an engine must do right; `run` returns nothing, or raises what is wrong.

    `case` is the case that it runs, if that is all it does. ``--fast`` skips the check if it
    `is_slow`.
    """

    name: str
    group: str
    run: Callable[[EngineUnderTest], None]
    is_slow: bool = False
    case: Case | None = None


def verdict_of(check: Check, tested: EngineUnderTest) -> Verdict:
    """Run a check; whatever the engine raises becomes a verdict."""
    began = time.perf_counter()
    status, finding = _outcome(check, tested)
    return Verdict(
        check.name,
        check.group,
        status,
        finding,
        tested.seed,
        deviation_of(check.name, tested.engine.deviations),
        time.perf_counter() - began,
    )


def _outcome(check: Check, tested: EngineUnderTest) -> tuple[Status, Finding]:
    try:
        check.run(tested)
    except Failure as failure:
        return "failed", failure.finding
    except (UnsupportedError, Refusal) as refusal:
        return "unsupported", Finding(str(refusal))
    except OracleError as error:  # never the engine's fault, so never a verdict on it
        return "unsupported", Finding(f"no verdict: {error}")
    except Crash as crash:
        return _of_error(crash.error, check, crash.code)
    except Exception as error:  # an engine may raise anything, and that is a result, too
        return _of_error(error, check)
    return "passed", Finding()


def _of_error(error: Exception, check: Check, code: str = "") -> tuple[Status, Finding]:
    if isinstance(error, RecursionError):
        return "failed", Finding(one_line(error), _RECURSES, code)
    innermost = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(innermost.filename).name}, line {innermost.lineno}"
    return "crashed", Finding(f"{one_line(error)} [{place}]", cause_of(error, check.case), code)


def deviation_of(check: str, deviations: Mapping[str, str]) -> str:
    """Return the declared reason for a check; a name that ends in ``*`` declares many."""
    for name, reason in deviations.items():
        if name == check or (name.endswith("*") and check.startswith(name[:-1])):
            return reason
    return ""
