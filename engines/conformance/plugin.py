"""The pytest plugin: ``pytest -p benchgrad.engines.conformance --engine mypackage:engine``.

Beside the tests that pytest finds, it adds a test for each check of each named engine.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from benchgrad.engines.conformance.checking import Options, checks_of
from benchgrad.engines.conformance.judging.check import Check
from benchgrad.engines.conformance.suite import settle, verdict_in


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `benchgrad check`."""
    group = parser.getgroup("benchgrad", "conformance of autograd engines")
    group.addoption(
        "--engine",
        action="append",
        default=[],
        metavar="ENGINE",
        help="an engine to check: a name, path.py or package.module:attribute",
    )
    group.addoption("--engine-fast", action="store_true", help="skip the slow checks")
    group.addoption("--engine-seed", type=int, default=0, help="the seed of all random numbers")
    group.addoption(
        "--deviation",
        action="append",
        default=[],
        metavar="CHECK=REASON",
        help="a check that is known to fail, and why",
    )


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add the checks of the named engines."""
    for engine in config.getoption("--engine"):
        items.extend(EngineChecks.from_parent(session, name=engine).collect())


class EngineChecks(pytest.Collector):
    """The checks of one engine."""

    def collect(self) -> "Iterator[CheckItem]":
        """Return an item for each check."""
        options = Options(
            self.config.getoption("--engine-seed"), self.config.getoption("--engine-fast")
        )
        for check in checks_of(options):
            yield CheckItem.from_parent(self, name=check.name, check=check, options=options)


class CheckItem(pytest.Item):
    """One check of one engine."""

    def __init__(self, *, check: Check, options: Options, **rest: Any) -> None:
        super().__init__(**rest)
        self._check = check
        self._options = options

    def runtest(self) -> None:
        """Run the check in the process of its engine."""
        assert self.parent is not None
        verdict = verdict_in(self.session, (self.parent.name, self._options), self._check)
        given = self.config.getoption("--deviation")
        pairs = (text.partition("=") for text in given)
        settle(verdict, {check: reason or "declared" for check, _, reason in pairs})

    def reportinfo(self) -> tuple[str, int | None, str]:
        """Return the heading that the item is shown under: the name of its engine."""
        assert self.parent is not None
        return self.parent.name, None, self.name
