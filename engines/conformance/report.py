"""Verdicts as people and machines read them: text, JSON, JUnit. Nothing is judged here."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree

from rich.table import Table
from rich.text import Text

from benchgrad.engines.conformance.checking import Outcome
from benchgrad.engines.conformance.judging.verdict import Verdict

_SHOWN = 5  # failures in full; all of them are in --json
_STATUSES = ("passed", "failed", "crashed", "unsupported")
FORMAT = 1


# --- for people --------------------------------------------------------------------------------


def text_report(outcome: Outcome) -> Iterator[Table | Text]:
    """Yield what the terminal shows about one engine: counts by group, then what is wrong."""
    yield _counts(outcome)
    wrong = [v for v in outcome.verdicts if v.counts_against]
    shown = _telling(wrong)
    for verdict in shown:
        yield Text(story(verdict))
    if len(wrong) > len(shown):
        rest = Counter(v.cause or "without a known cause" for v in wrong if v not in shown)
        yield Text(f"\n{len(wrong) - len(shown)} more checks are wrong (all of them in --json):")
        for cause, n in rest.most_common(_SHOWN):
            yield Text(f"  {n} × {cause}")
    yield Text(_summary(outcome))


def _telling(wrong: Sequence[Verdict]) -> list[Verdict]:
    """Return the few failures that say most: one for each kind of cause, with the least code.

    The simple checks come first, so an operation that is wrong is shown before what follows
    from it; crashes come later, and last what has no known cause.
    """
    by_kind: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in sorted(wrong, key=lambda v: (not v.cause, v.status == "crashed")):
        cause = verdict.finding.cause
        by_kind.setdefault((cause.kind, cause.operator) if cause else ("", ""), []).append(verdict)
    return [min(alike, key=lambda v: len(v.finding.code)) for alike in by_kind.values()][:_SHOWN]


def _counts(outcome: Outcome) -> Table:
    table = Table(outcome.engine, *_STATUSES, "deviations", box=None, pad_edge=False)
    for group in dict.fromkeys(v.group for v in outcome.verdicts):
        inside = [v for v in outcome.verdicts if v.group == group]
        counts = Counter[str](v.status for v in inside if not v.is_deviation)
        cells = [counts[status] for status in _STATUSES] + [sum(v.is_deviation for v in inside)]
        table.add_row(group, *(str(n or "–") for n in cells))
    return table


def story(verdict: Verdict) -> str:
    """Return a failure for its reader: what, why, and code that shows it."""
    lines = [f"\n{verdict.status}: {verdict.check}", f"  {verdict.reason}"]
    if verdict.cause:
        lines.append(f"  likely cause: {verdict.cause}")
    if verdict.finding.code:
        lines += ["", textwrap.indent(verdict.finding.code, "    ")]
    return "\n".join(lines)


def _summary(outcome: Outcome) -> str:
    """Return the last lines: deviations with their reasons, what is unsupported, the verdict."""
    lines = [""]
    reasons = Counter(v.deviation for v in outcome.verdicts if v.is_deviation)
    lines += [f"known deviation ({n} checks): {reason}" for reason, n in reasons.items()]
    lines += [
        f"declared as a deviation, but it passes: {v.check} ({v.deviation})"
        for v in outcome.surprises
    ]
    unsupported = Counter(v.reason for v in outcome.verdicts if v.status == "unsupported")
    lines += [
        f"unsupported ({n} checks): {reason}" for reason, n in unsupported.most_common(_SHOWN)
    ]
    if len(unsupported) > _SHOWN:
        lines.append(f"unsupported for {len(unsupported) - _SHOWN} more reasons (in --json)")
    wrong = sum(v.counts_against for v in outcome.verdicts)
    n = len(outcome.verdicts)
    verdict = "all well" if outcome.passed else f"{wrong} of {n} checks are wrong"
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
                "verdicts": [_flat(verdict) for verdict in outcome.verdicts],
            }
            for outcome in outcomes
        ],
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
