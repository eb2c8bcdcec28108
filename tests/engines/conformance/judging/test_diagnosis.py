"""Engines with one wrong gradient, as their authors would write it: found, and named in words."""

import authors
import numpy as np
import pytest
from fresh_python import printed_by

from benchgrad.engines.conformance import Options, check_engine
from benchgrad.engines.conformance.cases.oracles import Truth
from benchgrad.engines.conformance.cases.problem import Problem
from benchgrad.engines.conformance.cases.program import Program, Question
from benchgrad.engines.conformance.judging.diagnosis import diagnose
from benchgrad.engines.conformance.judging.engine_under_test import Answer
from benchgrad.engines.conformance.judging.evidence import Evidence
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
    digits = str.maketrans("", "", "[], \n")
    printed = printed_by(verdict.finding.code).translate(digits)
    assert printed.startswith(verdict.finding.actual.translate(digits)[:6])
    assert verdict.finding.expected in verdict.finding.code


def test_the_code_uses_the_words_of_the_class(check_source):
    source, cause = authors.with_fault("tanh without the square")
    verdict = next(v for v in wrong(check_source(source)) if cause in v.cause)
    assert verdict.finding.code.splitlines()[-4:-1] == [
        verdict.finding.code.splitlines()[-4],
        "out = x.tanh()",
        "out.backward()",
    ]
    assert verdict.finding.code.splitlines()[-4].startswith("x = Value(")


def test_a_function_in_place_of_a_method_is_what_the_code_calls(check_source):
    source = """
from benchgrad.engines import ValueEngine
from benchgrad.engines.scalar import Value


def tanh(x):
    out = x.tanh()
    return Value(out.data, (x,), (1.0 - out.data,), "tanh")


operations = {"exp": Value.exp, "log": Value.log, "relu": Value.relu, "tanh": tanh}
engine = ValueEngine("mine", kind="scalar", value=Value, operations=operations)
"""
    verdict = next(v for v in wrong(check_source(source)) if v.check == "gradients: tanh(x)")
    assert "tanh(x)" in verdict.finding.code
    assert "x.tanh()" not in verdict.finding.code
    digits = str.maketrans("", "", "[], \n")
    printed = printed_by(verdict.finding.code).translate(digits)
    assert printed.startswith(verdict.finding.actual.translate(digits)[:6])


def test_a_deviation_that_is_declared_for_many_checks_may_pass_in_some(tmp_path):
    path = tmp_path / "declaring.py"
    declared = {"edge: *": "some of them", "gradients: x + y": "not so"}
    path.write_text(f"{authors.ENGINE}\n\nengine.deviations = {declared}\n")
    outcome = check_engine(str(path), Options(is_fast=True))
    assert [v.check for v in outcome.surprises] == ["gradients: x + y"]


def test_an_operation_that_is_wrong_is_shown_before_what_follows_from_it(check_source):
    source, cause = authors.with_fault("tanh without the square")
    _, first, *_ = text_report(check_source(source))
    assert str(first).startswith("\n1. tanh: wrong numbers, silently")
    assert cause in str(first)
    assert "lambda g: g * (1 - t)" in str(first)  # the engine's own line


def test_an_array_that_takes_a_value_for_a_number_is_no_fault_of_it(check_source):
    source = authors.ENGINE.replace("    __array_ufunc__ = None\n", "")
    assert source != authors.ENGINE
    outcome = check_source(source)
    (found,) = (v for v in outcome.verdicts if v.check == "values: array([3.0, 5.0]) + x")
    assert found.status == "unsupported"
    assert "__array_ufunc__ = None" in found.reason


def test_in_a_graph_a_use_that_gives_nothing_back_may_be_the_cause():
    x = np.array([0.5, 2.0])
    expected = np.exp(x) + np.array([0.0, 1.0])
    program = Program("v1 = x * 1.0\nout = ops.sum(ops.exp(v1)) + ops.max(v1)", ("x",))
    value = float(np.exp(x).sum() + 2.0)
    problem = Problem(Question(program, (x,)), Truth(value, (expected,)))
    cause = diagnose(Evidence(problem, Answer(value, (np.exp(x),)), 1e-9))
    assert str(cause) == (
        "gradient overwritten instead of accumulated when a value is used twice (v1), "
        "or none comes back through ops.max(v1)"
    )
