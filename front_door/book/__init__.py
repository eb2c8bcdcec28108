"""What the pages of the book are made with: texts of numbers, pictures, things to touch, records.

A chapter, and the notebook made of it, imports these names; nothing else in benchgrad does.

    Said, seconds, times, count, percent    numbers as the text says them
    machine                                 the computer that a page was made on
    best_of                                 the shortest of many times
    axes, colour, picture                   a figure that fits a light page and a dark one
    stepper, slider                         a graph to step through, a batch to slide
    run_of                                  the records of a run, by the names of its engines
    exercises_of                            the exercises of a chapter
"""

from benchgrad.book.pictures import axes, colour, picture
from benchgrad.book.running import best_of, machine
from benchgrad.book.said import Said, count, percent, seconds, times
from benchgrad.book.sample import run_of
from benchgrad.book.slider import slider
from benchgrad.book.stepper import stepper
from benchgrad.book.tasks import exercises_of

__all__ = [
    "Said",
    "axes",
    "best_of",
    "colour",
    "count",
    "exercises_of",
    "machine",
    "percent",
    "picture",
    "run_of",
    "seconds",
    "slider",
    "stepper",
    "times",
]
