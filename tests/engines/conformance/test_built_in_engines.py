"""The built-in engines: right, or known to deviate."""

import re

import pytest

from benchgrad.engines import load
from benchgrad.engines.conformance import Options, check_engine
from benchgrad.engines.conformance.checking import checks_of
from benchgrad.engines.conformance.checks import catalogue

# Beginnings of the reasons for which an engine may leave checks out. An operator that raises is
# unsupported, too: without this list, a TypeError in a built-in engine would go unnoticed.
_LACKS = (
    r"\S+ has no operation|the engine names no operation that|the engine hands no function over"
)
_SCALAR = (
    r"(max|min) of scalar Values|\S+ (computes in float64, not|does not compute) in float32"
    rf"|raises TypeError: 'Value' object is not subscriptable|{_LACKS}"  # a Value is a number
)
_TENSOR = f"raises TypeError: Value: an array of int|{_LACKS}"
REFUSALS = {
    "scalar": _SCALAR,
    "scalar-dot": _SCALAR,
    "tensor": _TENSOR,
    "tensor-replay": _TENSOR,
    "numpy": f"numpy (has no|differentiates no)|needs a ValueEngine|{_LACKS}",
    "micrograd": rf"{_SCALAR}|needs tanh$"
    r"|raises AssertionError: only supporting int/float powers"
    r"|raises TypeError: unsupported operand .* pow\(\)"
    "|raises AttributeError: 'Value' object has no attribute 'zero_grad'"
    "|raises (ValueError: math domain|ZeroDivisionError|OverflowError)",
}


@pytest.mark.parametrize("name", REFUSALS)
def test_no_engine_is_accused_or_refuses_what_it_has(name):
    outcome = check_engine(name, Options(is_fast=True))
    assert [(v.check, v.reason) for v in outcome.verdicts if v.counts_against] == []
    assert outcome.surprises == []
    refused = [(v.check, v.reason) for v in outcome.verdicts if v.status == "unsupported"]
    assert [one for one in refused if not re.match(REFUSALS[name], one[1])] == []
    lacking = {reason.rsplit(" ", 1)[1] for _, reason in refused if " has no operation " in reason}
    assert not lacking & load(name).capabilities.operations


@pytest.mark.parametrize("name", REFUSALS)
def test_every_deviation_names_a_check(name):
    for deviation, reason in load(name).deviations.items():
        assert reason
        assert any(
            check == deviation or (deviation.endswith("*") and check.startswith(deviation[:-1]))
            for check in catalogue()
        ), deviation


def test_the_deviations_of_micrograd_are_real(verdict):
    stale = verdict("micrograd", "accumulation: two results that share a value")
    assert (stale.status, stale.finding.actual, stale.finding.expected) == (
        "failed",
        "[14., 28.]",
        "[10., 20.]",
    )
    assert "stale" in stale.cause
    assert verdict("micrograd", "chain: 1,000 operations").status == "failed"
    assert verdict("micrograd", "edge: x ** 0.5 at x = -8").status == "crashed"


def test_what_an_engine_lacks_is_unsupported_with_the_reason(verdict):
    found = verdict("micrograd", "gradients: tanh(x)")
    assert (found.status, found.reason) == ("unsupported", "micrograd has no operation tanh")
    found = verdict("micrograd", "gradients: x ** y")
    assert found.status == "unsupported"
    assert found.reason.startswith("raises AssertionError: only supporting")
    found = verdict("numpy", "accumulation: two backward calls add up")
    assert found.status == "unsupported"
    assert "ValueEngine" in found.reason


def test_fast_leaves_out_only_what_takes_time():
    slow = {check.name for check in catalogue().values() if check.is_slow}
    assert {check.name for check in checks_of(Options(is_fast=True))} == set(catalogue()) - slow
    assert "chain: 1,000,000 operations" in slow
    assert len(slow) < 10
