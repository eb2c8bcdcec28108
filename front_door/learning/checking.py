"""Checks an answer in a process of its own, which may hang, crash or eat memory without harm."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import msgspec

from benchgrad.learning.catalogue import exercise_of
from benchgrad.learning.child import Attempt, Judged
from benchgrad.learning.exercise import LearningError
from benchgrad.processes.child import ChildProcess, Limits
from benchgrad.processes.ending import ChildError, ChildTimeoutError, MemoryExceededError

TIMEOUT_S = 20.0  # for starting Python, importing NumPy and all tests of one exercise
_MEMORY_BYTES = 2**30
_MOST_BYTES = 2**20  # of an answer
_JUDGED = msgspec.json.Decoder(Judged)


@dataclass(frozen=True)
class Verdict:
    """What became of an answer: `hint` names its mistake, and is empty if it is right."""

    number: str
    hint: str

    @property
    def is_right(self) -> bool:
        """Whether every test passed."""
        return not self.hint


def check(number: str, answer: str | PathLike[str], timeout_s: float = TIMEOUT_S) -> Verdict:
    """Run the tests of an exercise on the answer in a file.

    Raises:
        LearningError: there is no such exercise, or the file cannot be read.
    """
    exercise_of(number)
    attempt = Attempt(number, _source(Path(answer)))
    with ChildProcess("benchgrad.learning.child", Limits(1, timeout_s, _MEMORY_BYTES)) as child:
        try:
            said = child.ask(attempt, _JUDGED).hint
        except ChildTimeoutError:
            said = f"it was still running after {timeout_s:g} s: does every loop end?"
        except MemoryExceededError as error:
            said = f"it takes too much memory ({error})"
        except ChildError as error:
            said = f"its process did not survive it: {error}"
    return Verdict(number, said)


def _source(path: Path) -> str:
    try:
        if not path.is_file():
            raise LearningError(f"{str(path)!r} is no file; name the one with your answer")
        content = path.read_bytes()
    except OSError as error:
        raise LearningError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    if len(content) > _MOST_BYTES:
        raise LearningError(f"{str(path)!r} is too long for an answer")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise LearningError(f"{str(path)!r} is not a text in UTF-8") from None
