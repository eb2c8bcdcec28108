"""Which distinct faults the verdicts add up to, and which to mend first. Nothing is judged here.

One wrong line fails many checks. What they have in common, and the checks that pass have not, is
the fault: an operation, a situation, a function of the engine. Shares are scored as in
spectrum-based fault localization.

Source: Abreu, Zoeteweij, van Gemund, "On the accuracy of spectrum-based fault localization"
(2007), the Ochiai coefficient.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchgrad.engines.conformance.cases.labels import base_of
from benchgrad.engines.conformance.checks import catalogue
from benchgrad.engines.conformance.judging.verdict import Finding, Verdict

Feature = tuple[str, ...]  # what it is, and its name

# What a check tries operations in, as a heading says it.
SITUATIONS = {
    "broadcasting": "broadcasting",
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
_COUNTED = tuple(SITUATIONS)[:-2]  # the last two are no situations that an operation is in
_COMMON = (
    *("fan-out", "broadcasting", "order", "accumulation", "inference", "classifier"),
    *("random graphs", ""),
)
_ALL: Feature = ("everything",)
_MANY = 100  # checks that fail, before the backward pass as a whole is blamed
_OF_CALLS = ("accumulation", "aliasing")  # groups about calls, whatever the operations
_DISCOUNT = 1.5
_INTRICATE = ("classifier", "random graphs", "order", "deep chains", "memory")
_MOST = 0.8  # of the checks that a fault fails have its operation or function, if it is named
# Of the checks that call a function so many fail, at least, if it is shown as the place: for an
# operation, and for a situation, in which functions are called that are right elsewhere.
_PRECISE, _PRECISE_IN_SITUATION = 0.2, 0.8
_WHOLE = 0.25  # of the checks that do without an operation fail, and it is not to blame


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


@dataclass(frozen=True)
class _Seen:
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
    def simplicity(self) -> tuple[bool, bool, int, int, int, bool, int]:
        """The key by which the check comes first that is easiest to understand."""
        return (
            self.finding.evidence != "numbers" or bool(self.finding.operation),
            self.verdict.group in ("classifier", "random graphs", "edges", *_OF_CALLS),
            len(self.operations),
            len(self.own),
            len(self.situation),
            self.own != frozenset(map(base_of, self.own)),
            len(self.finding.code),
        )


def faults_of(verdicts: Iterable[Verdict]) -> list[Fault]:
    """Return the distinct faults, the one to mend first at the head."""
    verdicts = list(verdicts)
    wrong = [seen for v in verdicts if v.counts_against for seen in _findings(v)]
    right = [_seen(v, v.finding) for v in verdicts if v.status == "passed" and v.group != "values"]
    passed = Counter(feature for seen in right for feature in seen.features)
    simple = [seen for seen in wrong if seen.verdict.group not in _INTRICATE]
    silent = [seen for seen in simple if seen.finding.evidence == "numbers"]
    groups = list(_grouped(silent, passed))
    groups += _grouped([seen for seen in simple if seen not in silent], passed)
    left = [seen for seen in wrong if seen.verdict.group in _INTRICATE]
    for seen in left[:]:
        known = next((group for group in groups if _explains(group, seen)), None)
        if known is not None:
            known.seen.append(seen)
            left.remove(seen)
    groups += _grouped(left, passed)
    return [_fault(group, passed) for group in sorted(_merged(groups, passed), key=_urgency)]


@dataclass
class _Group:
    """What is wrong for the same reason: a feature that the checks have in common."""

    blamed: Feature
    seen: list[_Seen]

    @property
    def simplest(self) -> _Seen:
        """The check that is easiest to understand."""
        return min(self.seen, key=lambda seen: seen.simplicity)


def _grouped(wrong: Sequence[_Seen], passed: Counter[Feature]) -> Iterator[_Group]:
    """Yield groups of what is wrong, each with what its checks have most in common."""
    left = list(wrong)
    while left:
        best = _to_blame(left, passed)
        best = _ALL if _is_whole(best, left, passed) else _widened(best, left)
        yield _Group(best, [seen for seen in left if best in seen.features])
        left = [seen for seen in left if best not in seen.features]


def _is_whole(blamed: Feature, wrong: Sequence[_Seen], passed: Counter[Feature]) -> bool:
    """Tell whether most checks fail, those too that have nothing to do with what is blamed."""
    n_wrong = sum(blamed not in seen.features for seen in wrong)
    n_right = passed[_ALL] - passed[blamed]
    return len(wrong) >= _MANY and n_wrong > _WHOLE * (n_wrong + n_right)


def _widened(blamed: Feature, wrong: Sequence[_Seen]) -> Feature:
    """Return the situation in place of an operation in it, if other operations fail there too."""
    if blamed[0] != "operation in":
        return blamed
    situation = ("situation", blamed[2])
    about = {seen.own for seen in wrong if seen.situation == blamed[2]}
    return situation if len(about) > 1 else blamed


def _explains(group: _Group, seen: _Seen) -> bool:
    """Tell whether a fault that a simple check shows is the reason for an intricate one."""
    if group.blamed in seen.features or not seen.operations:
        return True
    simplest = group.simplest
    if simplest.situation and simplest.situation not in _COMMON:
        is_of_it = bool(simplest.own) and simplest.own <= seen.operations
        return is_of_it or ("situation", simplest.situation) in seen.features
    if simplest.situation:
        return True
    return simplest.own <= seen.operations


def _merged(groups: Sequence[_Group], passed: Counter[Feature]) -> list[_Group]:
    """Join groups that a later look shows to be one: the same line, or cause and situation."""
    merged: dict[tuple[str, ...], _Group] = {}
    for group in groups:
        fault = _fault(group, passed)
        cause = fault.finding.cause
        situation = group.simplest.situation
        keys: list[tuple[str, ...]] = [
            ("heading", fault.heading, fault.finding.evidence, situation)
        ]
        if cause is not None:
            keys.append(("cause", cause.kind, group.simplest.situation))
        if fault.place:
            keys.append(("place", fault.place))
        known = next((merged[key] for key in keys if key in merged), None)
        if known is not None:
            known.seen.extend(group.seen)
        for key in keys or [("alone", *group.blamed)]:
            merged.setdefault(key, known or group)
    return list({id(group): group for group in merged.values()}.values())


def _findings(verdict: Verdict) -> list[_Seen]:
    return [_seen(verdict, finding) for finding in (verdict.finding, *verdict.others)]


def _seen(verdict: Verdict, finding: Finding) -> _Seen:
    check = catalogue()[verdict.check]
    operations = frozenset(finding.uses) or check.operations
    own = check.operations or operations
    if finding.operation:
        own = operations = frozenset((finding.operation,))
    elif check.group in _OF_CALLS:
        own = frozenset()
    situation = check.situation or (check.group if check.group in SITUATIONS else "")
    features: set[Feature] = {_ALL, ("check", verdict.check, finding.operation)}
    features |= {("operation", each) for name in operations for each in (name, base_of(name))}
    features |= {("about", each) for name in own for each in (name, base_of(name))}
    features |= {("function", place) for place in verdict.visited}
    if check.group not in _OF_CALLS or finding.cause is None or "overwr" in finding.cause.kind:
        features |= {("situation", name) for name in check.touches}
    if situation:
        features.add(("situation", situation))
        features |= {("operation in", name, situation) for name in operations}
    return _Seen(verdict, finding, operations, own, situation, frozenset(features))


def _to_blame(wrong: Sequence[_Seen], passed: Counter[Feature]) -> Feature:
    """Return what the wrong checks have most in common that the right ones have not."""
    failed = Counter(feature for seen in wrong for feature in seen.features)
    order = ("operation", "about", "situation", "operation in", "function", "check")
    del failed[_ALL]
    return max(
        failed,
        key=lambda f: (round(_weight(f, failed, passed), 9), -order.index(f[0]), f),
    )


def _weight(feature: Feature, failed: Counter[Feature], passed: Counter[Feature]) -> float:
    """Return how much a feature explains: the checks that fail, discounted by those that pass.

    The Ochiai coefficient would put two faults into one, where all checks call one function.
    """
    n = failed[feature]
    return float(n * (n / (n + passed[feature])) ** _DISCOUNT)


def _score(
    feature: Feature, failed: Counter[Feature], passed: Counter[Feature], n_wrong: int
) -> float:
    n = failed[feature]
    return float(n / (n_wrong * (n + passed[feature])) ** 0.5) if n else 0.0


def _fault(group: _Group, passed: Counter[Feature]) -> Fault:
    explained, simplest = group.seen, group.simplest
    failed = Counter(feature for seen in explained for feature in seen.features)
    return Fault(
        _heading(explained, simplest, group.blamed, failed, passed),
        simplest.verdict,
        simplest.finding,
        tuple(dict.fromkeys(seen.verdict.check for seen in explained)),
        simplest.finding.place or _place(explained, simplest, failed, passed),
    )


def _heading(
    explained: Sequence[_Seen],
    simplest: _Seen,
    blamed: Feature,
    failed: Counter[Feature],
    passed: Counter[Feature],
) -> str:
    """Return the operation that the failing checks share, and where it fails if not everywhere."""

    def score(*feature: str) -> float:
        return _score(feature, failed, passed, len(explained))

    if blamed == _ALL:
        return "the backward pass"
    if not simplest.own:
        return SITUATIONS.get(simplest.situation, simplest.verdict.check)
    names = sorted(simplest.own | {base_of(name) for name in simplest.own})
    operation = max(names, key=lambda name: score("about", name))
    situation = max(_COUNTED, key=lambda name: score("situation", name))
    is_there = failed["situation", situation] >= _MOST * len(explained)
    if not is_there or score("situation", situation) < score("about", operation):
        return operation
    n = sum(operation in seen.own or operation in map(base_of, seen.own) for seen in explained)
    where = SITUATIONS[situation]
    return f"{operation} in {where}" if n >= _MOST * len(explained) else where


def _place(
    explained: Sequence[_Seen],
    simplest: _Seen,
    failed: Counter[Feature],
    passed: Counter[Feature],
) -> str:
    """Return the function that tells best: the innermost for a gradient, the outermost else."""
    needed = _PRECISE_IN_SITUATION if simplest.situation else _PRECISE
    score_of = {}
    for place in simplest.verdict.visited:
        n = failed["function", place]
        precision = n / (n + passed["function", place])
        if n >= _MOST * len(explained) and precision >= needed:
            score_of[place] = precision * n
    best = max(score_of.values(), default=0.0)
    alike = [place for place, score in score_of.items() if score == best]
    if not alike:
        return ""
    return alike[-1] if "gradient" in simplest.finding.reason else alike[0]


def _urgency(group: _Group) -> tuple[bool, bool, bool, bool, bool, int]:
    """Return the key that sorts faults: silent ones in training and common use come first."""
    groups = {seen.verdict.group for seen in group.seen}
    is_common = any(seen.situation in _COMMON for seen in group.seen)
    return (
        not any(seen.finding.evidence == "numbers" for seen in group.seen),
        "classifier" not in groups,
        not is_common,
        groups == {"edges"},
        not any(" " in name for name in group.simplest.own),  # functions are made of operators
        -len(group.seen),
    )
