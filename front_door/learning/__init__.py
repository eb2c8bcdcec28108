"""The exercises of the book: their texts, their hidden tests, and the score.

    exercises    every exercise by its number, "2.1"
    check        run the tests of an exercise on an answer, in a process of its own

What runs an answer, what judges it and what keeps the score are a module each. Nothing here prints.
"""

from benchgrad.learning.catalogue import exercises
from benchgrad.learning.checking import Verdict, check
from benchgrad.learning.exercise import LearningError

__all__ = ["LearningError", "Verdict", "check", "exercises"]
