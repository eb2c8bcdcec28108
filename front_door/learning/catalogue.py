"""The one list of all exercises. What they ask is in `chapters`."""

from functools import cache

from benchgrad.learning.chapters import (
    arrays,
    backward,
    broadcasting,
    classifier,
    faster,
    machine_code,
    neuron,
    ranking,
    replay,
    right,
    time_spent,
    value,
)
from benchgrad.learning.exercise import Exercise, LearningError

_CHAPTERS = (
    *(value, backward, classifier, time_spent, neuron, arrays, broadcasting, replay),
    *(machine_code, right, faster, ranking),
)


@cache
def exercises() -> dict[str, Exercise]:
    """Return every exercise by its number, in the book's order."""
    return {each.number: each for chapter in _CHAPTERS for each in chapter.EXERCISES}


def titles() -> list[str]:
    """Return the titles of the chapters, in order."""
    return [chapter.TITLE for chapter in _CHAPTERS]


def exercise_of(number: str) -> Exercise:
    """Return an exercise by its number.

    Raises:
        LearningError: there is none.
    """
    if number not in exercises():
        raise LearningError(
            f"there is no exercise {number!r}: they go from 1.1 to {len(_CHAPTERS)}.3"
        )
    return exercises()[number]
