"""Chapter 10: is it right? The reader writes two oracles and a comparison."""

import cmath
import math
from typing import Any

import numpy as np

from benchgrad.learning.exercise import Answer, exercise, hint, must, near, returned, shown

TITLE = "Is it right?"


@exercise(
    "10.1",
    "A difference on both sides",
    """
    Write `central(f, x, h)`: the slope of f at x from a step of h to either side. From both sides
    the error shrinks like h²; from one side, only like h.
    """,
    """
    def central(f, x, h):
        ...
    """,
)
def central(answer: Answer) -> None:
    """(f(x + h) − f(x − h)) / 2h."""
    found = returned(answer.central(lambda x: x**3, 2.0, 0.1), "central(f, x, h)")
    must(
        not near(found, 12.61),
        "that is the difference on one side: its error is 0.61 here, not 0.01",
    )
    must(not near(found, 24.02), "the distance between the two points is 2h, not h")
    must(not near(found, -12.01), "the sign is flipped: f(x + h) minus f(x − h)")
    must(near(found, 12.01), f"for x³ at 2 with h = 0.1 it is 12.01, not {shown(found)}")


@exercise(
    "10.2",
    "A step into the complex plane",
    """
    A difference of two nearly equal numbers loses digits, so h cannot be tiny. A complex step has
    no difference: f(x + ih) ≈ f(x) + ih·f′(x), and the imaginary part holds the slope alone.
    Write `complex_step(f, x)` with a step so small that its square vanishes.
    """,
    """
    def complex_step(f, x):
        ...
    """,
)
def complex_step(answer: Answer) -> None:
    """Im f(x + ih) / h."""
    found = returned(answer.complex_step(cmath.exp, 1.0), "complex_step(f, x)")
    must(not isinstance(found, complex), "it returns a complex number: take its imaginary part")
    must(
        abs(found) > 1e-6,
        "it is almost 0: the step must be imaginary, such as 1e-20j, and the imaginary part "
        "divided by 1e-20",
    )
    must(
        abs(found - math.e) < 1e-13 * math.e or abs(found - math.e) > 0.1 or found == 0,
        f"it is off by {abs(found - math.e):.1g}: take a step as small as 1e-20: nothing is "
        "subtracted, so no digits are lost",
    )
    must(near(found, math.e, 1e-13), f"the slope of exp at 1 is {math.e:.6f}, not {shown(found)}")


@exercise(
    "10.3",
    "When are two gradients the same?",
    """
    Write `agrees(found, right, limit)` for two arrays: whether their largest difference is at
    most `limit` times the largest absolute value in `right`. Arrays of different shapes never
    agree, even if they could be broadcast, and nan never agrees.
    """,
    """
    import numpy as np


    def agrees(found, right, limit):
        ...
    """,
)
def agrees(answer: Answer) -> None:
    """A comparison that lets nothing slip."""
    large = np.array([1e6, 0.0])

    def says(found: Any, right: Any) -> bool:
        try:
            said = answer.agrees(found, right, 1e-6)
        except AssertionError:
            hint("it raises an AssertionError where it should return False")
        return bool(returned(said, "agrees(found, right, limit)"))

    must(says(large, large.copy()), "equal arrays agree")
    must(
        says(large + np.array([0.5, 0.5]), large),
        "0.5 in a million is within 1e-6 of the largest entry: the limit is relative to that",
    )
    must(
        not says(large + np.array([5.0, 0.0]), large),
        "5 in a million is above 1e-6, but it returns True",
    )
    must(
        not says(large - np.array([5.0, 0.0]), large),
        "a value 5 below a million agrees with it: take absolute values of the differences",
    )
    must(
        not says(large + np.array([1.5, 0.0]), large),
        "1.5 in a million is above 1e-6, but it returns True: take the largest "
        "difference, not their mean",
    )
    must(
        bool(answer.agrees(np.array([3.0]), np.array([2.0]), 0.5)),
        "a difference of exactly the limit agrees: it says at most",
    )
    must(
        says(np.array([-1e6 - 0.5, 1.0]), np.array([-1e6, 1.0])),
        "the largest entry may be negative: take absolute values before the maximum",
    )
    must(
        not says(np.array([1.0, 1.0]), np.array([[1.0, 1.0], [1.0, 1.0]])),
        "a different shape agrees, since NumPy broadcasts it: compare the shapes first",
    )
    must(
        not says(np.array([np.nan, 0.0]), large),
        "nan agrees with a number: every comparison with nan is false, so ask whether the "
        "difference is small, not whether it is large; and nanmax ignores it",
    )


EXERCISES = (central, complex_step, agrees)
