"""Engines with one wrong gradient, as their authors would write it: found, and named in words."""

import subprocess
import sys

import authors
import pytest

from benchgrad.engines.conformance import Options, check_engine
from benchgrad.engines.conformance.report import text_report


def wrong(outcome):
    return [v for v in outcome.verdicts if v.counts_against]


def test_the_engine_without_a_fault_is_not_accused(tmp_path):
    path = tmp_path / "authored.py"
    path.write_text(authors.ENGINE)
    outcome = check_engine(str(path), Options(is_fast=True))
    assert [(v.check, v.reason) for v in wrong(outcome)] == []
    assert sum(v.status == "passed" for v in outcome.verdicts) > 300


@pytest.mark.parametrize("fault", authors.FAULTS)
def test_a_fault_is_shown_with_its_cause(check_source, fault):
    source, cause = authors.with_fault(fault)
    outcome = check_source(source)
    assert not outcome.passed
    shown = "\n".join(str(part) for part in text_report(outcome))
    assert cause in shown
    assert "(seed 0)" in shown


@pytest.mark.parametrize("fault", ["= for +=", "no sum over an added axis", "ties of max"])
def test_the_code_that_is_shown_prints_the_wrong_number(check_source, fault):
    source, cause = authors.with_fault(fault)
    verdict = next(v for v in wrong(check_source(source)) if cause in v.cause)
    done = subprocess.run(
        [sys.executable, "-P", "-c", verdict.code], capture_output=True, text=True, check=True
    )
    digits = str.maketrans("", "", "[], \n")
    printed = done.stdout.translate(digits)
    assert printed.startswith(verdict.actual.translate(digits)[:6])
    assert verdict.expected in verdict.code


def test_the_code_uses_the_words_of_the_class(check_source):
    source, cause = authors.with_fault("tanh without the square")
    verdict = next(v for v in wrong(check_source(source)) if cause in v.cause)
    assert verdict.code.splitlines()[-4:-1] == [
        verdict.code.splitlines()[-4],
        "out = x.tanh()",
        "out.backward()",
    ]
    assert verdict.code.splitlines()[-4].startswith("x = Value(")
