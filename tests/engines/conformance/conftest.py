"""Checks that run in this process, also on engines given as source text."""

import functools

import pytest

from benchgrad.engines import load
from benchgrad.engines.conformance.checking import Options, Outcome, checks_of
from benchgrad.engines.conformance.checks import catalogue
from benchgrad.engines.conformance.judging.check import verdict_of
from benchgrad.engines.conformance.judging.engine_under_test import EngineUnderTest


@pytest.fixture(scope="session")
def verdict():
    """Return the verdict of one check on an engine, without a process of its own."""

    def run(spec, check, seed=0):
        return verdict_of(catalogue()[check], EngineUnderTest(spec, load(spec), seed, True))

    return run


@pytest.fixture(scope="session")
def check_source(tmp_path_factory):
    """Return the outcome of most checks on an engine given as source text, each checked once.

    Random graphs are left out: they slowly repeat what the table has found.
    """

    @functools.cache
    def run(source):
        path = tmp_path_factory.mktemp("engine") / "engine_of_a_test.py"
        path.write_text(source, "utf-8")
        tested = EngineUnderTest(str(path), load(str(path)), is_fast=True)
        checks = [c for c in checks_of(Options(is_fast=True)) if c.group != "random graphs"]
        return Outcome("authored", 0, tuple(verdict_of(check, tested) for check in checks))

    return run
