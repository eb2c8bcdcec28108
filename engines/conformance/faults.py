"""Which distinct faults the verdicts add up to, and which to mend first. Nothing is judged here.

What is to blame is found in `blame`; here it gets a heading, a line of the engine, and its turn.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchgrad.engines.conformance.blame import Group, Passed, groups_of, score
from benchgrad.engines.conformance.judging.verdict import Finding, Verdict
from benchgrad.engines.conformance.places import place_of
from benchgrad.engines.conformance.seen import COMMON, SITUATIONS, Feature

_COUNTED = tuple(SITUATIONS)[:-2]  # the last two are no situations that an operation is in
_MOST = 0.8  # of the checks that a fault fails have its operation, if it is named
# What is wrong there and elsewhere is one fault.
_ZERO_AXES, _LIMITS = (f" in {SITUATIONS[name]}" for name in ("arrays without axes", "edges"))


@dataclass(frozen=True)
class Fault:
    """One thing to mend.

    Attributes:
        heading: the operation or the situation that is wrong.
        verdict: of the simplest check that fails by it.
        finding: what that check saw.
        checks: every check that fails by it.
        place: the engine's own line that the checks have in common, if there is one.
    """

    heading: str
    verdict: Verdict
    finding: Finding
    checks: tuple[str, ...]
    place: str

    @property
    def is_silent(self) -> bool:
        """Whether it gives wrong numbers without a word."""
        return self.finding.evidence == "numbers"

    @property
    def how(self) -> str:
        """How it shows."""
        return {
            "numbers": "wrong numbers, silently",
            "memory": "memory that is never freed",
            "time": "no end in time",
        }.get(self.finding.evidence, "an error where none is due")


def faults_of(verdicts: Iterable[Verdict]) -> list[Fault]:
    """Return the distinct faults, the one to mend first at the head."""
    verdicts = list(verdicts)
    passed = Passed.of(verdicts)
    groups = _merged(groups_of(verdicts, passed), passed)
    return [_fault(group, passed) for group in sorted(groups, key=_urgency)]


def _merged(groups: Sequence[Group], passed: Passed) -> list[Group]:
    """Join groups that a later look shows to be one: the same line, or cause and situation."""
    merged: dict[tuple[str, ...], Group] = {}
    for group in groups:
        fault = _fault(group, passed)
        cause, situation = fault.finding.cause, group.simplest.situation
        operation = fault.heading.removesuffix(_ZERO_AXES).removesuffix(_LIMITS)
        keys: list[tuple[str, ...]] = [("heading", operation, fault.finding.evidence)]
        if cause is not None:
            keys.append(("cause", cause.kind, situation))
        if fault.place:
            keys.append(("place", fault.place, ""))
        known = next((merged[key] for key in keys if key in merged), None)
        if known is not None:
            known.seen.extend(group.seen)
        for key in keys:
            merged.setdefault(key, known or group)
    return list({id(group): group for group in merged.values()}.values())


def _fault(group: Group, passed: Passed) -> Fault:
    simplest = group.simplest
    failed = Counter(feature for seen in group.simple for feature in seen.features)
    return Fault(
        _heading(group, failed, passed),
        simplest.verdict,
        simplest.finding,
        tuple(dict.fromkeys(seen.verdict.check for seen in group.seen)),
        simplest.finding.place or place_of(group, failed, passed),
    )


def _heading(group: Group, failed: Counter[Feature], passed: Passed) -> str:
    """Return the operation that the failing checks share, and where it fails if not everywhere."""
    simplest, n_wrong = group.simplest, len(group.simple)

    def scored(*feature: str) -> float:
        return score(feature, failed, passed, n_wrong)

    if group.is_whole:
        return "the backward pass"
    if group.blamed == ("situation", "order"):
        return SITUATIONS["order"]
    if not simplest.own:
        return SITUATIONS.get(simplest.situation, simplest.verdict.check)
    operation = max(sorted(simplest.own | simplest.bases), key=lambda name: scored("about", name))
    situation = max(_COUNTED, key=lambda name: scored("situation", name))
    is_there = failed["situation", situation] >= _MOST * n_wrong
    if not is_there or scored("situation", situation) < scored("about", operation):
        return operation
    where = SITUATIONS[situation]
    n = sum(operation in seen.own | seen.bases for seen in group.simple)
    return f"{operation} in {where}" if n >= _MOST * n_wrong else where


def _urgency(group: Group) -> tuple[bool, bool, bool, bool, bool, int]:
    """Return the key that sorts faults: silent ones in training and common use come first."""
    groups = {seen.verdict.group for seen in group.seen}
    is_common = any(seen.situation in COMMON for seen in group.seen)
    return (
        not any(seen.is_silent for seen in group.seen),
        "classifier" not in groups,
        not is_common,
        groups == {"edges"},
        not any(" " in name for name in group.simplest.own),  # functions are made of operators
        -len(group.seen),
    )
