"""Chapter 11: is it faster? The reader writes a paired ratio, an interval, and an honest clock."""

from typing import Any

import numpy as np

from benchgrad.learning.exercise import (
    Answer,
    exercise,
    must,
    near,
    pair,
    returned,
    shown,
)

TITLE = "Is it faster?"


@exercise(
    "11.1",
    "A ratio in pairs",
    """
    In each round both engines were timed, one right after the other, so a slow machine was equally
    slow for both. Write `paired(a, b)` for two lists of times: the median over the
    rounds of how many times as long a took as b in the same round.
    """,
    """
    from statistics import median


    def paired(a, b):
        ...
    """,
)
def paired(answer: Answer) -> None:
    """The median of ratios, not the ratio of medians."""
    a, b = [2.0, 20.0, 6.0, 4.0, 30.0], [1.0, 10.0, 2.0, 2.0, 9.0]
    found = returned(answer.paired(a, b), "paired(a, b)")
    must(not near(found, 0.5), "upside down: it asks how many times as long a took")
    must(
        not near(found, 3.0),
        "that is the ratio of two medians, which may come from different rounds: divide within "
        "each round first",
    )
    mean = sum(x / y for x, y in zip(a, b, strict=True)) / len(a)
    must(not near(found, mean), "that is the mean of the ratios: one bad round moves it")
    must(not near(found, sum(a) / sum(b)), "that is the ratio of the sums: slow rounds weigh most")
    must(
        near(found, 2.0),
        f"the ratios are 2, 2, 3, 2 and 3.33: their median is 2, not {shown(found)}",
    )
    must(
        near(answer.paired([4.0, 9.0, 2.0, 8.0], [1.0, 3.0, 2.0, 4.0]), 2.5),
        "of the ratios 4, 3, 1 and 2 the median is 2.5: of an even count it is the mean of the "
        "middle two",
    )


@exercise(
    "11.2",
    "How sure?",
    """
    Write `interval(ratios, rng)`: a 95 % bootstrap interval for their median. Draw as many
    ratios as there are, with replacement (`rng.choice`), take the median, do that 2,000 times; the
    interval goes from the 2.5th to the 97.5th percentile of these medians.
    """,
    """
    import numpy as np


    def interval(ratios, rng):
        ...
    """,
)
def interval(answer: Answer) -> None:
    """A percentile bootstrap of the median."""
    ratios = np.random.default_rng(1).normal(10.0, 1.0, 101)
    rng, unused = np.random.default_rng(0), np.random.default_rng(0)
    found = pair(answer.interval(list(ratios), rng), "interval(ratios, rng)")
    low, high = map(float, found)
    must(low <= high, "the lower end comes first")
    must(
        rng.random() != unused.random(),
        "`rng` was not used: draw with the one that you are given, so that the same `rng` gives "
        "the same interval",
    )
    must(
        high - low > 1e-9,
        "the interval has no width: draw with replacement, or every draw is the same ratios",
    )
    must(
        low < np.median(ratios) < high,
        "both ends are on one side of the median: np.percentile takes percentages, 2.5 and 97.5, "
        "not fractions",
    )
    right_low, narrow_low, narrow_high, right_high = _ends(ratios)
    width, right_width = high - low, right_high - right_low
    must(
        width < 2.0 * right_width,
        "that is the spread of single ratios: the median of many varies less than one of them",
    )
    must(
        width > 0.5 * (right_width + narrow_high - narrow_low),
        "it is too narrow: cut off 2.5 % at either end of 2,000 medians, each of as many ratios as "
        "there are",
    )
    must(
        max(abs(low - right_low), abs(high - right_high)) < 0.3 * right_width,
        f"for these ratios it goes from about {right_low:.2f} to {right_high:.2f}, not from "
        f"{low:.2f} to {high:.2f}: draw as many as there are, and take medians",
    )


def _ends(ratios: Any) -> list[float]:
    """Return the ends of the intervals of 95 % and of 90 %, ascending."""
    drawn = np.random.default_rng(0).choice(ratios, size=(10_000, len(ratios)))
    return [float(end) for end in np.percentile(np.median(drawn, axis=1), [2.5, 5.0, 95.0, 97.5])]


class _Work:
    """Work that is only begun when it is called, and done when it is read."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> "_Work":
        self.now_s += 0.01
        return self

    def read(self) -> float:
        self.now_s += 5.0
        return 1.0

    def clock(self) -> float:
        return self.now_s


@exercise(
    "11.3",
    "An honest clock",
    """
    Write `timed(work, clock)`. `clock()` returns seconds. `work()` begins some work, perhaps on
    another device, and returns a handle at once; `handle.read()` waits until it is done. Return
    how long the work took.
    """,
    """
    def timed(work, clock):
        ...
    """,
)
def clock(answer: Answer) -> None:
    """The clock stops when the work is done."""
    work = _Work()
    found = returned(answer.timed(work, work.clock), "timed(work, clock)")
    must(
        isinstance(found, float),
        f"it returns a {type(found).__name__}: return the time alone, in seconds",
    )
    must(not near(found, 1.0), "that is what the handle gave, not how long it took")
    must(
        not near(found, 0.01),
        "the clock stops before the work is done: read the handle first, then look at the clock",
    )
    must(not near(found, 5.0), "the clock starts too late: look at it before you call work()")
    must(not near(found, 5.02), "work() is called twice: keep the handle that it returns")
    must(
        found > 0.005 or found < 0, "that time is not from `clock`: use the one that you are given"
    )
    must(not near(found, -5.01), "it is negative: later reading minus earlier one")
    must(
        not near(found, 105.01),
        "that is a point in time, not a duration: subtract the first reading",
    )
    must(near(found, 5.01), f"this work takes 5.01 s; it says {shown(found)}")


EXERCISES = (paired, interval, clock)
