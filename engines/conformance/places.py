"""Which of an engine's functions a fault is in, where the checks tell.

What ran, and a line in words, is in `judging.places`.
"""

from collections import Counter

from benchgrad.engines.conformance.blame import Group, Passed
from benchgrad.engines.conformance.seen import EVERYTHING, Feature, Seen

_MOST = 0.8  # of the checks that a fault fails call its function
# Of the checks that call a function so many fail, at least, if it is shown as the place: for an
# operation, and for a situation, in which functions are called that are right elsewhere.
_PRECISE, _PRECISE_IN_SITUATION = 0.2, 0.8
_ALIKE = 0.8  # of the best score: one calls the other, with few exceptions


def place_of(group: Group, failed: Counter[Feature], passed: Passed) -> str:
    """Return the function that tells best, empty if none does."""
    simplest = group.simplest
    if group.blamed == EVERYTHING:
        return ""
    needed = _PRECISE_IN_SITUATION if simplest.situation else _PRECISE
    score_of = {}
    for place in simplest.places:
        n = failed["function", place]
        precision = n / (n + passed.counts["function", place])
        if n >= _MOST * len(group.simple) and precision >= needed:
            score_of[place] = precision * n
    best = max(score_of.values(), default=0.0)
    alike = [place for place, score in score_of.items() if score >= _ALIKE * best]
    return _to_look_at(alike or _of_the_operation(group, passed), simplest)


def _of_the_operation(group: Group, passed: Passed) -> list[str]:
    """Return the functions that run where an operation is used, and nowhere else."""
    simplest = group.simplest
    if simplest.situation or len(simplest.bases) != 1:
        return []
    (operation,) = simplest.bases
    without = [s for s in (*group.seen, *passed.seen) if ("operation", operation) not in s.features]
    elsewhere = {place for seen in without for place in seen.places}
    return [place for place in simplest.places if place not in elsewhere]


def _to_look_at(places: list[str], simplest: Seen) -> str:
    """Return the function that ran last for a gradient, and first for a value.

    Where one of them calls it, that is the operation, and what it calls may well be right.
    """
    if not places:
        return ""
    found = places[-1] if "gradient" in simplest.finding.reason else places[0]
    caller_of = {visit.place: visit.caller for visit in simplest.verdict.visited}
    caller = found
    while caller := caller_of.get(caller, ""):
        if caller in places:
            found = caller
    return found
