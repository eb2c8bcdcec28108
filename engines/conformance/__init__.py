"""Conformance: is an engine right? The checks, the pytest plugin and the suite to inherit.

It knows engines by their interface only. As ``pytest -p benchgrad.engines.conformance`` it is a
plugin; see docs/conformance.md.
"""

from benchgrad.engines.conformance.session import Options, Outcome, check_engine
from benchgrad.engines.conformance.verdict import Verdict

__all__ = ["Options", "Outcome", "Verdict", "check_engine"]
