"""What a check is, and how one becomes a verdict. The checks themselves are in `checks`."""

import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchgrad.engines.conformance.judging.engine_under_test import Subject, one_line
from benchgrad.engines.conformance.judging.exceptions import cause_of
from benchgrad.engines.conformance.judging.verdict import Failure, Finding, Refusal, Status, Verdict
from benchgrad.engines.conformance.oracles import OracleError
from benchgrad.engines.interface import UnsupportedError

_RECURSES = "it recurses: a deep graph exceeds Python's limit"


@dataclass(frozen=True)
class Check:
    """A question that an engine answers; `run` returns nothing or raises what is wrong.

    `is_slow` leaves it out of ``--fast``.
    """

    name: str
    group: str
    run: Callable[[Subject], None]
    is_slow: bool = False


def verdict_of(check: Check, subject: Subject) -> Verdict:
    """Run a check; whatever the engine raises becomes a verdict."""
    began = time.perf_counter()
    status, finding = _outcome(check, subject)
    seed = f" (seed {subject.seed})" if status in ("failed", "crashed") else ""
    return Verdict(
        check.name,
        check.group,
        status,
        finding.reason + seed,
        finding.cause,
        finding.code,
        finding.expected,
        finding.actual,
        deviation_of(check.name, subject.engine.deviations),
        time.perf_counter() - began,
    )


def _outcome(check: Check, subject: Subject) -> tuple[Status, Finding]:
    try:
        check.run(subject)
    except Failure as failure:
        return "failed", failure.finding
    except (UnsupportedError, Refusal) as refusal:
        return "unsupported", Finding(str(refusal))
    except OracleError as error:  # never the engine's fault, so never a verdict on it
        return "unsupported", Finding(f"no verdict: {error}")
    except RecursionError as error:
        return "failed", Finding(one_line(error), _RECURSES, _code_of(error))
    except Exception as error:  # an engine may raise anything; it is data, with its name
        reason = f"{one_line(error)} [{_place(error)}]"
        return "crashed", Finding(reason, cause_of(error, check.name, check.group), _code_of(error))
    return "passed", Finding("")


def _code_of(error: BaseException) -> str:
    """Return the code that a subject noted on an error."""
    return next(iter(getattr(error, "__notes__", ())), "")


def _place(error: BaseException) -> str:
    innermost = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(innermost.filename).name}, line {innermost.lineno}"


def deviation_of(check: str, deviations: Mapping[str, str]) -> str:
    """Return the declared reason for a check; a name that ends in ``*`` declares many."""
    for name, reason in deviations.items():
        if name == check or (name.endswith("*") and check.startswith(name[:-1])):
            return reason
    return ""
