"""Verdicts as people and machines read them: text, JSON, JUnit. Nothing is judged here."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree

from rich.table import Table
from rich.text import Text

from benchgrad.engines.conformance.checking import Outcome
from benchgrad.engines.conformance.faults import Fault
from benchgrad.engines.conformance.judging.verdict import Verdict

_SHOWN = 5  # faults in full, unless all are asked for
_STATUSES = ("passed", "failed", "crashed", "unsupported")
_LACKS = " has no operation "
FORMAT = 1


# --- for people --------------------------------------------------------------------------------


def text_report(outcome: Outcome, shows_all: bool = False) -> Iterator[Table | Text]:
    """Yield what the terminal shows about one engine: the verdict, what to mend, the counts."""
    faults = outcome.faults
    yield Text(headline(outcome), style="bold")
    shown = faults if shows_all else faults[:_SHOWN]
    for number, fault in enumerate(shown, start=1):
        yield Text(told(number, fault))
    if len(faults) > len(shown):
        yield Text(f"\n{len(faults) - len(shown)} more faults (--all shows them):")
        for number, fault in enumerate(faults[_SHOWN:], start=_SHOWN + 1):
            yield Text(f"{number}. {fault.heading}: {fault.how}, {_checks(len(fault.checks))}")
    yield Text("")
    yield _counts(outcome)
    yield Text(_summary(outcome))


def headline(outcome: Outcome) -> str:
    """Return the verdict in a line: right for training this classifier, and in general use?"""
    training = outcome.training
    n, n_silent = len(outcome.faults), sum(fault.is_silent for fault in outcome.faults)
    match n:
        case 0:
            general = "no fault found in general use"
        case 1:
            general = f"1 fault in general use, {'a silent' if n_silent else 'not a silent'} one"
        case _:
            general = f"{n} faults in general use, {n_silent or 'none'} of them silent"
    return f"{outcome.engine}: {training}; {general}"


def told(number: int, fault: Fault) -> str:
    """Return a fault for its reader: what, why, where, and the smallest program that shows it."""
    finding = fault.finding
    lines = [f"\n{number}. {fault.heading}: {fault.how} ({_checks(len(fault.checks))})"]
    lines.append(f"   {finding.reason}")
    if finding.cause is not None:
        lines.append(f"   likely cause: {finding.cause}")
    if fault.place:
        lines.append(f"   look at: {fault.place}")
    lines.append(f"   seen by: {fault.verdict.check} (seed {fault.verdict.seed})")
    if finding.code:
        lines += ["", textwrap.indent(finding.code, "       ")]
    return "\n".join(lines)


def _checks(n: int) -> str:
    return "1 check" if n == 1 else f"{n} checks"


def _counts(outcome: Outcome) -> Table:
    table = Table(outcome.engine, *_STATUSES, "deviations", box=None, pad_edge=False)
    for group in dict.fromkeys(v.group for v in outcome.verdicts):
        inside = [v for v in outcome.verdicts if v.group == group]
        counts = Counter[str](v.status for v in inside if not v.is_deviation)
        cells = [counts[status] for status in _STATUSES] + [sum(v.is_deviation for v in inside)]
        table.add_row(group, *(str(n or "–") for n in cells))
    return table


def story(verdict: Verdict) -> str:
    """Return a failure for its reader: what, why, where, and code that shows it."""
    lines = [f"\n{verdict.status}: {verdict.check}", f"  {verdict.reason}"]
    if verdict.cause:
        lines.append(f"  likely cause: {verdict.cause}")
    if verdict.finding.place:
        lines.append(f"  look at: {verdict.finding.place}")
    if verdict.finding.code:
        lines += ["", textwrap.indent(verdict.finding.code, "    ")]
    lines += [f"  also: {finding.operation}: {finding.reason}" for finding in verdict.others]
    return "\n".join(lines)


def _summary(outcome: Outcome) -> str:
    """Return the last lines: deviations with their reasons, what is unsupported, the verdict."""
    lines = [""]
    reasons = Counter(v.deviation for v in outcome.verdicts if v.is_deviation)
    lines += [f"known deviation ({_checks(n)}): {reason}" for reason, n in reasons.items()]
    lines += [
        f"declared as a deviation, but it passes: {v.check} ({v.deviation})"
        for v in outcome.surprises
    ]
    unsupported = Counter(v.reason for v in outcome.verdicts if v.status == "unsupported")
    lacking = [reason for reason in unsupported if _LACKS in reason]
    told_apart = [(reason, n) for reason, n in unsupported.most_common() if reason not in lacking]
    lines += [f"not judged ({_checks(n)}): {reason}" for reason, n in told_apart[:_SHOWN]]
    if len(told_apart) > _SHOWN:
        lines.append(f"not judged for {len(told_apart) - _SHOWN} more reasons (in --json)")
    if lacking:
        names = sorted(reason.split(_LACKS)[1] for reason in lacking)
        lines.append(f"not probed, since the engine does not name it: {', '.join(names)}")
    against = [v for v in outcome.verdicts if v.counts_against]
    how = " or ".join(sorted({v.status for v in against}, reverse=True))
    n = len(outcome.verdicts)
    verdict = "all well" if outcome.passed else f"{len(against)} of {n} checks {how}"
    return "\n".join(
        [*lines, f"{outcome.engine}: {verdict}, seed {outcome.seed}, {outcome.wall_s:.1f} s"]
    )


# --- for machines ------------------------------------------------------------------------------


def as_json(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return everything as dicts, lists and strings."""
    return {
        "format": FORMAT,
        "engines": [
            {
                "engine": outcome.engine,
                "seed": outcome.seed,
                "passed": outcome.passed,
                "training": outcome.training,
                "headline": headline(outcome),
                "faults": [_fault(fault) for fault in outcome.faults],
                "verdicts": [_flat(verdict) for verdict in outcome.verdicts],
            }
            for outcome in outcomes
        ],
    }


def _fault(fault: Fault) -> dict[str, Any]:
    """Return a fault as a dict; its keys are the format."""
    finding = fault.finding
    return {
        "heading": fault.heading,
        "how": fault.how,
        "silent": fault.is_silent,
        "check": fault.verdict.check,
        "checks": list(fault.checks),
        "reason": finding.reason,
        "cause": str(finding.cause or ""),
        "place": fault.place,
        "code": finding.code,
        "expected": finding.expected,
        "actual": finding.actual,
    }


def _flat(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict and its finding in one dict; its keys are the format."""
    return {
        "check": verdict.check,
        "group": verdict.group,
        "status": verdict.status,
        "reason": verdict.reason,
        "cause": verdict.cause,
        "code": verdict.finding.code,
        "expected": verdict.finding.expected,
        "actual": verdict.finding.actual,
        "deviation": verdict.deviation,
        "wall_s": verdict.wall_s,
        "evidence": verdict.finding.evidence,
        "place": verdict.finding.place,
        "others": [finding.reason for finding in verdict.others],
    }


def as_junit(outcomes: Sequence[Outcome]) -> bytes:
    """Return a JUnit report: a suite for each engine, a test case for each check."""
    suites = ElementTree.Element("testsuites")
    for outcome in outcomes:
        counts = Counter(v.status for v in outcome.verdicts if v.counts_against)
        skipped = sum(_skip(v) != "" for v in outcome.verdicts)
        suite = ElementTree.SubElement(
            suites,
            "testsuite",
            name=f"benchgrad check {outcome.engine}",
            tests=str(len(outcome.verdicts)),
            failures=str(counts["failed"]),
            errors=str(counts["crashed"]),
            skipped=str(skipped),
            time=f"{outcome.wall_s:.3f}",
        )
        for verdict in outcome.verdicts:
            _add_test(suite, outcome.engine, verdict)
    data: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return data


def _skip(verdict: Verdict) -> str:
    """Return why a test counts as skipped, empty if it does not."""
    if verdict.status == "unsupported":
        return verdict.reason
    return f"known deviation: {verdict.deviation}" if verdict.is_deviation else ""


def _add_test(suite: ElementTree.Element, engine: str, verdict: Verdict) -> None:
    test = ElementTree.SubElement(
        suite,
        "testcase",
        classname=f"{engine}.{verdict.group}",
        name=verdict.check,
        time=f"{verdict.wall_s:.3f}",
    )
    if reason := _skip(verdict):
        ElementTree.SubElement(test, "skipped", message=_clean(reason))
    elif verdict.is_wrong:
        kind = "failure" if verdict.status == "failed" else "error"
        message = _clean(verdict.cause or verdict.reason)
        ElementTree.SubElement(test, kind, message=message).text = _clean(story(verdict))


def _clean(text: str) -> str:
    """Return text without the control characters that XML cannot hold."""
    return "".join(c if c >= " " or c in "\n\t" else "?" for c in text)
