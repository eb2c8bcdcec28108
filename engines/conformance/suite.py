"""The checks as pytest tests: a class to subclass, and what it shares with the plugin."""

from collections.abc import Mapping
from typing import ClassVar

import pytest

from benchgrad.engines.conformance.checking import Options, checks_of, process_for
from benchgrad.engines.conformance.judging.check import Check, deviation_of
from benchgrad.engines.conformance.judging.verdict import Verdict
from benchgrad.engines.conformance.process.parent import EngineProcess
from benchgrad.engines.conformance.report import story
from benchgrad.engines.interface import EngineError

Key = tuple[str, Options]
_PROCESSES = pytest.StashKey[dict[Key, EngineProcess | EngineError]]()


class ConformanceSuite:
    """All checks of one engine as tests; subclass it and name the engine.

    A deviation is a check that is known to fail, with the reason: an expected failure. If it
    passes, the test fails, since the reason no longer holds. A name that ends in ``*`` declares
    every check that begins so, and some of these may pass.

    >>> class TestMyEngine(ConformanceSuite):
    ...     engine = "mypackage:engine"
    ...     deviations = {"chain: 1,000,000 operations": "backward recurses"}
    """

    engine: ClassVar[str] = ""
    deviations: ClassVar[Mapping[str, str]] = {}
    options: ClassVar[Options] = Options()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Turn each check into a test."""
        if "check" in metafunc.fixturenames:
            checks = checks_of(self.options)
            metafunc.parametrize("check", checks, ids=[check.name for check in checks])

    def test_conformance(self, check: Check, request: pytest.FixtureRequest) -> None:
        """Run one check, in the process that all tests of this engine share."""
        verdict = verdict_in(request.session, (self.engine, self.options), check)
        settle(verdict, self.deviations)


def verdict_in(session: pytest.Session, key: Key, check: Check) -> Verdict:
    """Run a check in the process of its engine, which lasts as long as the session."""
    processes = session.stash.setdefault(_PROCESSES, {})
    if key not in processes:
        process = process_for(*key)
        process.__enter__()
        session.config.add_cleanup(lambda: process.__exit__(None, None, None))
        processes[key] = process
        try:
            process.start()
        except EngineError as error:
            processes[key] = error
    found = processes[key]
    if isinstance(found, EngineError):
        pytest.fail(str(found), pytrace=False)
    return found.verdict(check)


def settle(verdict: Verdict, deviations: Mapping[str, str]) -> None:
    """Turn a verdict into the outcome of the running test."""
    reason = deviation_of(verdict.check, deviations) or verdict.deviation
    if verdict.status == "unsupported":
        pytest.skip(verdict.reason)
    if verdict.is_wrong and reason:
        pytest.xfail(reason)
    if verdict.is_wrong:
        pytest.fail(story(verdict), pytrace=False)
    if verdict.check in deviations:
        pytest.fail(f"declared as a deviation, but it passes: {reason}", pytrace=False)
