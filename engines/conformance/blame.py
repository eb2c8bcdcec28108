"""Which checks fail for the same reason, and what that is. Headings and lines are in `faults`.

One wrong line fails many checks. What they have in common, and the checks that pass have not, is
to blame.

Source: Abreu, Zoeteweij, van Gemund, "On the accuracy of spectrum-based fault localization"
(2007), the Ochiai coefficient.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from benchgrad.engines.conformance.cases.labels import with_parts
from benchgrad.engines.conformance.judging.verdict import Verdict
from benchgrad.engines.conformance.seen import (
    COMMON,
    EVERYTHING,
    INTRICATE,
    PART_OF,
    Feature,
    Seen,
    findings_of,
    seen_in,
)

_MANY = 100  # checks that fail, before the backward pass as a whole is blamed
_MANY_OWN = 50  # kinds of operations that one function fails, before it is the backward pass
_WHOLE = 0.25  # of the checks that do without an operation fail, and it is not to blame
_DISCOUNT = 1.5
_ORDER = ("operation", "about", "situation", "operation in", "function", "check")
# Situations that are one story, however they fail.
_ONE_STORY = ("broadcasting", *PART_OF, "fan-out", "deep chains", "aliasing")
# The ends of causes.
_WRONG_ORDER = ("(wrong order)", "passes its gradient on more than once")
_BESIDE = ("beside other graphs", "after other graphs have been freed")


@dataclass
class Group:
    """What is wrong for the same reason: a feature that the checks have in common."""

    blamed: Feature
    seen: list[Seen]

    @property
    def simple(self) -> list[Seen]:
        """The checks that are not intricate, all of them if there are no others."""
        return [seen for seen in self.seen if seen.verdict.group not in INTRICATE] or self.seen

    @property
    def simplest(self) -> Seen:
        """The check that is easiest to understand, and tries what is blamed if that is known."""
        kind, *names = self.blamed
        there: Sequence[Seen] = ()
        if kind == "situation":
            wanted = PART_OF.get(names[0], names[0])
            there = [seen for seen in self.seen if seen.situation == wanted]
        elif kind == "operation in":
            there = [seen for seen in self.seen if names[0] in seen.own]
        elif kind == "function":  # it serves many operations: what most of them show is its fault
            there = _of_the_usual_cause(self.simple)
        return min(there or self.seen, key=lambda seen: seen.simplicity)

    @property
    def is_whole(self) -> bool:
        """Whether it is the backward pass: all fails, or a function does that most of all calls."""
        n_own = len({seen.own for seen in self.simple})
        return self.blamed == EVERYTHING or (self.blamed[0] == "function" and n_own >= _MANY_OWN)


@dataclass(frozen=True)
class Passed:
    """What the checks that pass have in common with those that fail."""

    seen: tuple[Seen, ...]

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> "Passed":
        """Return what has passed; values without gradients tell nothing."""
        right = (v for v in verdicts if v.status == "passed" and v.group != "values")
        return cls(tuple(seen_in(verdict, verdict.finding) for verdict in right))

    @cached_property
    def counts(self) -> Counter[Feature]:
        """How many of them have each feature."""
        return Counter(feature for seen in self.seen for feature in seen.features)


def groups_of(verdicts: Sequence[Verdict], passed: Passed) -> list[Group]:
    """Return what is wrong in groups: what is silent first, then what only errors show.

    What is intricate is looked at last, and only where nothing simple explains it.
    """
    wrong = [seen for v in verdicts if v.counts_against for seen in findings_of(v)]
    simple = [seen for seen in wrong if seen.verdict.group not in INTRICATE]
    groups = list(_of_order(wrong))
    silent = [seen for seen in simple if seen.is_silent and not any(seen in g.seen for g in groups)]
    groups += _absorbed(list(_grouped(silent, passed)))
    loud = [seen for seen in simple if not seen.is_silent]
    groups += _grouped(_unexplained(loud, groups, _is_same), passed)
    intricate = [seen for seen in wrong if seen.verdict.group in INTRICATE]
    return groups + list(_grouped(_unexplained(intricate, groups, _explains), passed))


def _of_the_usual_cause(wrong: Sequence[Seen]) -> list[Seen]:
    """Return the checks that show the kind of cause that most of them show."""
    kinds = [seen.finding.cause.kind if seen.finding.cause else "" for seen in wrong]
    counts = Counter(kind for kind in kinds if kind)
    usual = counts.most_common(1)[0][0] if counts else ""
    return [seen for seen, kind in zip(wrong, kinds, strict=True) if kind == usual]


def score(feature: Feature, failed: Counter[Feature], passed: Passed, n_wrong: int) -> float:
    """Return the Ochiai coefficient of a feature."""
    n = failed[feature]
    return float(n / (n_wrong * (n + passed.counts[feature])) ** 0.5) if n else 0.0


def _unexplained(
    seen: Iterable[Seen], groups: Sequence[Group], explains: Callable[[Group, Seen], bool]
) -> list[Seen]:
    """Add what a group explains to it, and return the rest."""
    left = []
    for each in seen:
        known = next((group for group in groups if explains(group, each)), None)
        if known is None:
            left.append(each)
        else:
            known.seen.append(each)
    return left


def _of_order(wrong: Sequence[Seen]) -> Iterator[Group]:
    """Yield the fault of a walk in the wrong order, with what nothing else explains."""
    found = [seen for seen in wrong if seen.says(_WRONG_ORDER)]
    if len(found) > 1:
        shared = [seen for seen in wrong if seen.is_silent and seen.uses_again]
        lost = [seen for seen in shared if seen.finding.cause is None or seen.says(_BESIDE)]
        yield Group(("situation", "order"), [*found, *lost])


def _absorbed(groups: Sequence[Group]) -> list[Group]:
    """Return groups without those of compounds of which another group has a part."""
    left: list[Group] = []
    for group in groups:
        own = group.simplest.own
        parts = with_parts(own) - own
        whole = (g for g in left if g.simplest.own <= parts and g.simplest.own)
        known = next(whole, None)
        if known is None:
            left.append(group)
        else:
            known.seen.extend(group.seen)
    return left


def _is_same(group: Group, seen: Seen) -> bool:
    """Tell whether what gives wrong numbers in some checks is what raises in another."""
    if seen.finding.evidence != "exception":
        return False
    if group.blamed[0] == "situation":
        return group.blamed[1] in _ONE_STORY and group.blamed in seen.features
    simplest = group.simplest
    is_plain = not simplest.situation and bool(simplest.own)
    return is_plain and simplest.own <= with_parts(seen.own)


def _explains(group: Group, seen: Seen) -> bool:
    """Tell whether a fault that a simple check shows is the reason for an intricate one."""
    if group.blamed in seen.features or not seen.operations:
        return True
    simplest = group.simplest
    if simplest.situation and simplest.situation not in COMMON:
        is_of_it = bool(simplest.own) and simplest.own <= seen.operations
        return is_of_it or ("situation", simplest.situation) in seen.features
    # A group may be of several operations, and its simplest check be of another than this one.
    parts = (each.own for each in group.simple)
    return bool(simplest.situation) or any(own and own <= seen.operations for own in parts)


def _grouped(wrong: Sequence[Seen], passed: Passed) -> Iterator[Group]:
    """Yield groups of what is wrong, each with what its checks have most in common."""
    left = list(wrong)
    while left:
        best = _to_blame(left, passed)
        best = EVERYTHING if _is_whole(best, left, passed) else _widened(best, left)
        yield Group(best, [seen for seen in left if best in seen.features])
        left = [seen for seen in left if best not in seen.features]


def _is_whole(blamed: Feature, wrong: Sequence[Seen], passed: Passed) -> bool:
    """Tell whether most checks fail, those too that have nothing to do with what is blamed."""
    n_wrong = sum(blamed not in seen.features for seen in wrong)
    n_right = passed.counts[EVERYTHING] - passed.counts[blamed]
    return len(wrong) >= _MANY and n_wrong > _WHOLE * (n_wrong + n_right)


def _widened(blamed: Feature, wrong: Sequence[Seen]) -> Feature:
    """Return the situation in place of an operation in it, if other operations fail there too."""
    if blamed[0] != "operation in":
        return blamed
    situation = ("situation", blamed[2])
    about = {seen.own for seen in wrong if seen.situation == blamed[2]}
    return situation if len(about) > 1 else blamed


def _to_blame(wrong: Sequence[Seen], passed: Passed) -> Feature:
    """Return what the wrong checks have most in common that the right ones have not."""
    failed = Counter(feature for seen in wrong for feature in seen.features)
    del failed[EVERYTHING]
    return max(
        failed,
        key=lambda f: (round(_weight(f, failed, passed), 9), -_ORDER.index(f[0]), f),
    )


def _weight(feature: Feature, failed: Counter[Feature], passed: Passed) -> float:
    """Return how much a feature explains: the checks that fail, discounted by those that pass.

    The Ochiai coefficient would put two faults into one, where all checks call one function.
    """
    n = failed[feature]
    return float(n * (n / (n + passed.counts[feature])) ** _DISCOUNT)
