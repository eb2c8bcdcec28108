"""The reports of verdicts: what is shown first, and the keys that other programs read."""

from xml.etree import ElementTree

from benchgrad.engines.conformance import Outcome, Verdict
from benchgrad.engines.conformance.judging.verdict import Cause, Finding
from benchgrad.engines.conformance.report import as_json, as_junit, text_report

KEYS = "check group status reason cause code expected actual deviation wall_s"


def failed(check, cause, code="print(1)", **rest):
    finding = Finding.of("the gradient of x", "2.0", "1.0", cause, code)
    return Verdict(check, "operations", "failed", finding, **rest)


def outcome(*verdicts):
    return Outcome("mine", 3, verdicts)


def swapped(expression, operator):
    return Cause("operands swapped in {}", (expression,), operator)


def test_a_finding_is_written_flat_with_the_keys_of_the_format():
    verdict = failed("gradients: x * y", swapped("x * y", "Mult"), seed=3, wall_s=0.5)
    found = as_json([outcome(verdict, Verdict("values: x + y", "values", "passed"))])
    assert (found["format"], found["engines"][0]["engine"]) == (1, "mine")
    wrong, right = found["engines"][0]["verdicts"]
    assert " ".join(wrong) == " ".join(right) == KEYS
    assert wrong["reason"] == "the gradient of x is 2.0, must be 1.0 (seed 3)"
    assert wrong["cause"] == "operands swapped in x * y"
    assert (wrong["expected"], wrong["actual"], wrong["wall_s"]) == ("1.0", "2.0", 0.5)
    assert (right["reason"], right["cause"], right["code"]) == ("", "", "")


def test_a_kind_of_cause_is_shown_once_with_the_least_code():
    verdicts = (
        failed("gradients: x * y", swapped("x * y", "Mult"), "a long program"),
        failed("gradients: x * x", swapped("x * x", "Mult"), "short"),
        failed("gradients: x / y", swapped("x / y", "Div")),
        failed("order: near and far", None),
    )
    _, *parts = text_report(outcome(*verdicts))
    lines = "\n".join(map(str, parts)).splitlines()
    assert [line for line in lines if line.startswith("failed")] == [
        "failed: gradients: x * x",
        "failed: gradients: x / y",
        "failed: order: near and far",
    ]
    assert "1 more checks are wrong (all of them in --json):" in lines
    assert "  1 × operands swapped in x * y" in lines
    assert lines[-1] == "mine: 4 of 4 checks are wrong, seed 3, 0.0 s"


def test_junit_says_the_cause_and_skips_what_is_declared():
    declared = failed("edge: ties", None, deviation="the whole gradient to each")
    crashed = Verdict("values: x", "values", "crashed", Finding("killed by a signal \x07"))
    verdicts = (failed("gradients: x * y", swapped("x * y", "Mult")), declared, crashed)
    suite = ElementTree.fromstring(as_junit([outcome(*verdicts)])).find("testsuite")
    counts = [suite.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counts == ["3", "1", "1", "1"]
    assert suite.find("testcase/failure").get("message") == "operands swapped in x * y"
    assert suite.find("testcase/skipped").get("message").endswith("the whole gradient to each")
    assert suite.find("testcase/error").get("message") == "killed by a signal ? (seed 0)"
