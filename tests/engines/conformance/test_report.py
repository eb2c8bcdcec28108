"""The reports of verdicts: what is shown first, and the keys that other programs read."""

from xml.etree import ElementTree

from msgspec.structs import replace

from benchgrad.engines.conformance import Outcome, Verdict
from benchgrad.engines.conformance.checks import catalogue
from benchgrad.engines.conformance.judging.verdict import Cause, Finding
from benchgrad.engines.conformance.page import as_html
from benchgrad.engines.conformance.report import as_json, as_junit, text_report

KEYS = "check group status reason cause code expected actual deviation wall_s evidence place others"


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
    (fault,) = found["engines"][0]["faults"]
    assert (fault["heading"], fault["silent"]) == ("x * y", True)
    wrong, right = found["engines"][0]["verdicts"]
    assert " ".join(wrong) == " ".join(right) == KEYS
    assert wrong["reason"] == "the gradient of x is 2.0, must be 1.0 (seed 3)"
    assert wrong["cause"] == "operands swapped in x * y"
    assert (wrong["expected"], wrong["actual"], wrong["wall_s"]) == ("1.0", "2.0", 0.5)
    assert (right["reason"], right["cause"], right["code"]) == ("", "", "")


def passed(check, group="operations"):
    return Verdict(check, group, "passed")


def test_one_fault_is_one_story_and_the_simplest_check_tells_it():
    verdicts = (
        failed("gradients: tanh(x)", Cause("the square in 1 − tanh² is missing"), "out = x.tanh()"),
        failed("fan-out: (tanh(x)) * x", None, "out = x.tanh() * x"),
        failed("array without axes: tanh(x)", None, "out = x.tanh()"),
        *(passed(f"gradients: {name}(x)") for name in ("exp", "log", "relu", "sigmoid")),
        passed("gradients: x * y"),
        passed("fan-out: (exp(x)) * x", "fan-out"),
    )
    (fault,) = outcome(*verdicts).faults
    assert (fault.heading, fault.verdict.check) == ("tanh", "gradients: tanh(x)")
    assert len(fault.checks) == 3
    first, story, *_ = map(str, text_report(outcome(*verdicts)))
    assert first == "mine: training was not tried; 1 fault in general use, a silent one"
    assert story.startswith("\n1. tanh: wrong numbers, silently (3 checks)")


def test_what_is_wrong_silently_and_in_training_comes_first():
    loud = Verdict(
        "gradients: exp(x)",
        "operations",
        "crashed",
        Finding("ValueError: no", evidence="exception"),
    )
    verdicts = (
        loud,
        failed("edge: sigmoid(x) at x = 0", None),
        failed("gradients: log(x)", None),
        failed("classifier: no state between calls", None),
        passed("gradients: x * y"),
    )
    grouped = [replace(v, group=catalogue()[v.check].group) for v in verdicts]
    headings = [fault.heading for fault in outcome(*grouped).faults]
    assert headings == ["log", "sigmoid in limits and conventions", "exp"]
    assert outcome(*grouped).training == "trains this classifier wrongly"


def test_the_rest_of_many_faults_is_listed_unless_all_are_asked_for():
    names = ("exp", "log", "tanh", "relu", "sigmoid", "reshape")
    checks = [name for name in catalogue() if name.startswith("gradients: ")]
    firsts = [next(c for c in checks if c.startswith(f"gradients: {name}(x")) for name in names]
    verdicts = [failed(check, None) for check in firsts]
    short = "\n".join(map(str, text_report(outcome(*verdicts))))
    assert "1 more faults (--all shows them):" in short
    assert "--all" not in "\n".join(map(str, text_report(outcome(*verdicts), shows_all=True)))


def test_a_page_has_an_anchor_for_each_fault_and_escapes_what_it_shows():
    page = as_html([outcome(failed("gradients: exp(x)", None, "print(1 < 2)"))])
    assert 'id="fault-1-1"' in page
    assert "print(1 &lt; 2)" in page


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
