"""What an exercise is, and what its tests need to say what is wrong with an answer.

The exercises themselves are in `chapters`; what runs an answer is in `judging`.
"""

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn


class LearningError(Exception):
    """There is no such exercise, answer or score; one line, for the reader."""


class HintError(Exception):
    """An answer is wrong; the text names the mistake in a sentence or two."""


class Answer:
    """What an answer defines, by name; a name that it lacks is the first mistake to fix."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = names

    def __getattr__(self, name: str) -> Any:
        try:
            return self._names[name]
        except KeyError:
            raise HintError(f"the answer does not define `{name}`") from None


Test = Callable[[Answer], None]


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes:
        number: the chapter, a point, and its place there: "2.1".
        title: what the reader builds, in a few words.
        text: the task, in Markdown.
        stub: where an answer begins: it runs, and solves nothing.
        test: raises HintError unless the answer is right.
    """

    number: str
    title: str
    text: str
    stub: str
    test: Test

    @property
    def chapter(self) -> int:
        """The number of the chapter."""
        return int(self.number.partition(".")[0])


def exercise(number: str, title: str, text: str, stub: str) -> Callable[[Test], Exercise]:
    """Return a decorator that makes an exercise of its test."""

    def made(test: Test) -> Exercise:
        return Exercise(
            number, title, textwrap.dedent(text).strip(), textwrap.dedent(stub).lstrip("\n"), test
        )

    return made


def hint(text: str) -> NoReturn:
    """Say what is wrong."""
    raise HintError(text)


def must(condition: object, text: str) -> None:
    """Say what is wrong unless the condition holds."""
    if not condition:
        raise HintError(text)


def returned(value: Any, call: str) -> Any:
    """Return what a call of the answer gave; None is an empty body, or a missing `return`."""
    if value is None:
        raise HintError(f"`{call}` returns None: its body is still empty, or the `return` missing")
    return value


def pair(value: Any, call: str) -> tuple[Any, Any]:
    """Return the two things that a call of the answer gave."""
    try:
        n = len(returned(value, call))
    except TypeError:
        raise HintError(f"`{call}` returns one thing, {shown(value)}; it must be a pair") from None
    must(n == 2, f"`{call}` returns {n:,} things; it must be a pair")
    one, other = value
    return one, other


def near(found: object, right: float, tolerance: float = 1e-9) -> bool:
    """Return whether a number is the right one, but for rounding; anything else is not."""
    try:
        number = float(found)  # type: ignore[arg-type]  # what an answer gives may be anything
    except (TypeError, ValueError):
        return False
    return math.isclose(number, right, rel_tol=tolerance, abs_tol=tolerance)


def all_near(found: Sequence[object], right: Sequence[float], tolerance: float = 1e-9) -> bool:
    """Return whether as many numbers are the right ones, in order."""
    return len(found) == len(right) and all(
        near(one, other, tolerance) for one, other in zip(found, right, strict=True)
    )


def shown(number: object) -> str:
    """Return a number as a hint shows it, without the noise of its last digits."""
    try:
        return f"{float(number):.6g}"  # type: ignore[arg-type]  # as above
    except (TypeError, ValueError):
        return repr(number)
