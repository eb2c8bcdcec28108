"""A finding with all that may be to blame for it: operations, situations, functions that ran.

What is to blame is found in `blame`.
"""

from dataclasses import dataclass

from benchgrad.engines.conformance.cases.labels import base_of, with_parts
from benchgrad.engines.conformance.checks import catalogue
from benchgrad.engines.conformance.judging.check import Check
from benchgrad.engines.conformance.judging.exceptions import DEEP
from benchgrad.engines.conformance.judging.verdict import Finding, Verdict

Feature = tuple[str, ...]  # what it is, and its name

# What a check tries operations in, as a heading says it.
SITUATIONS = {
    "broadcasting": "broadcasting",
    "added axes": "broadcasting that adds axes",
    "stretched axes": "broadcasting of axes of length 1",
    "fan-out": "a value used more than once",
    "order": "the order of the backward pass",
    "accumulation": "several backward calls",
    "aliasing": "memory shared between values",
    "constants": "constants",
    "float32": "float32",
    "integers": "integers",
    "arrays without axes": "arrays without axes",
    "empty arrays": "empty arrays",
    "deep chains": "deep graphs",
    "memory": "memory",
    "ties": "ties of a maximum",
    "inference": "what comes after inference",
    "edges": "limits and conventions",
    "classifier": "the classifier",
    "random graphs": "random graphs",
}
PART_OF = {"added axes": "broadcasting", "stretched axes": "broadcasting"}
COMMON = (
    *("fan-out", "broadcasting", "order", "accumulation", "inference", "classifier"),
    *("random graphs", ""),
)
INTRICATE = ("classifier", "random graphs", "order", "deep chains", "memory")
EVERYTHING: Feature = ("everything",)
_OF_CALLS = ("accumulation", "aliasing")  # groups about calls, whatever the operations
_OF_SCRIPTS = (*_OF_CALLS, "constants")  # groups whose programs are long


@dataclass(frozen=True)
class Seen:
    """A verdict, or one of several findings in it, with all that may be to blame.

    Of the `operations` in its program, its `own` are those that it is about; the others turn their
    result into one number.
    """

    verdict: Verdict
    finding: Finding
    operations: frozenset[str]
    own: frozenset[str]
    situation: str
    features: frozenset[Feature]

    @property
    def is_silent(self) -> bool:
        """Whether a number is wrong without a word."""
        return self.finding.evidence == "numbers"

    @property
    def uses_again(self) -> bool:
        """Whether a value is used more than once in its program."""
        return "fan-out" in catalogue()[self.verdict.check].touches

    def says(self, ends: tuple[str, ...]) -> bool:
        """Tell whether its cause ends with some of these words."""
        return self.finding.cause is not None and self.finding.cause.kind.endswith(ends)

    @property
    def places(self) -> tuple[str, ...]:
        """The engine's own functions that ran in its check."""
        return tuple(visit.place for visit in self.verdict.visited)

    @property
    def bases(self) -> frozenset[str]:
        """The operations of which its own are forms."""
        return frozenset(map(base_of, self.own))

    @property
    def simplicity(self) -> tuple[bool, bool, int, int, int, int, bool, int]:
        """The key by which the check comes first that is easiest to understand.

        Of two operations, that which runs fewer functions may be what the other is made of.
        """
        return (
            not self.is_silent or bool(self.finding.operation),
            self.verdict.group in ("classifier", "random graphs", "edges", *_OF_SCRIPTS),
            len(self.operations),
            len(self.own),
            len(self.situation),
            len(self.verdict.visited),
            self.own != self.bases,
            len(self.finding.code),
        )


def findings_of(verdict: Verdict) -> list[Seen]:
    """Return what a verdict found, each finding by itself."""
    return [seen_in(verdict, finding) for finding in (verdict.finding, *verdict.others)]


def seen_in(verdict: Verdict, finding: Finding) -> Seen:
    """Return a finding with all that may be to blame for it."""
    check = catalogue()[verdict.check]
    asked = check.operations if verdict.is_wrong else check.asked
    operations = frozenset(finding.uses) or asked
    own = check.operations or operations
    situation = check.situation or (check.group if check.group in SITUATIONS else "")
    if finding.operation:
        own = operations = frozenset((finding.operation,))
    elif finding.cause == DEEP:  # whatever the graph is made of
        own, operations, situation = frozenset(), frozenset(), "deep chains"
    elif check.group in _OF_CALLS:
        own = frozenset()
    features = _features(verdict, finding, check, operations, own)
    if situation:
        features.add(("situation", situation))
        features |= {("operation in", name, situation) for name in operations}
    return Seen(verdict, finding, operations, own, situation, frozenset(features))


def _features(
    verdict: Verdict,
    finding: Finding,
    check: Check,
    operations: frozenset[str],
    own: frozenset[str],
) -> set[Feature]:
    features: set[Feature] = {EVERYTHING, ("check", verdict.check, finding.operation)}
    every = (*operations, *with_parts(own))
    features |= {("operation", each) for name in every for each in (name, base_of(name))}
    features |= {("about", each) for name in own for each in (name, base_of(name))}
    features |= {("function", visit.place) for visit in verdict.visited}
    if check.group not in _OF_CALLS or finding.cause is None or "overwr" in finding.cause.kind:
        features |= {("situation", name) for name in check.touches}
    return features
