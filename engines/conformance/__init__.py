"""Conformance: is an engine right? The checks, the pytest plugin and the suite to subclass.

Engines are judged through their interface only. ``pytest -p benchgrad.engines.conformance`` adds
their checks to a test run; see docs/conformance.md.
"""

from typing import TYPE_CHECKING, Any

from benchgrad.engines.conformance.checking import Options, Outcome, check_engine
from benchgrad.engines.conformance.judging.verdict import Verdict

if TYPE_CHECKING:
    from benchgrad.engines.conformance.suite import ConformanceSuite

__all__ = ["ConformanceSuite", "Options", "Outcome", "Verdict", "check_engine"]

pytest_plugins = ["benchgrad.engines.conformance.plugin"]


def __getattr__(name: str) -> Any:
    """Import the suite, and with it pytest, when it is first asked for."""
    if name == "ConformanceSuite":
        from benchgrad.engines.conformance.suite import ConformanceSuite

        return ConformanceSuite
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
