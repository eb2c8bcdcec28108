"""The reader's score: which exercises are solved, in a file that the reader owns."""

from __future__ import annotations

import errno
from pathlib import Path

import msgspec

from benchgrad.benchmarks.files import read_regular, write_atomically
from benchgrad.learning.exercise import LearningError

FILE = Path("benchgrad-learn.json")  # in the current folder, beside the reader's answers
_FORMAT = 1


class Score(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often each exercise was tried, and which of them are solved."""

    format: int = _FORMAT
    tried: dict[str, int] = {}
    solved: list[str] = []

    def after(self, number: str, is_right: bool) -> Score:
        """Return the score after one more attempt; what was solved stays solved."""
        tried = {**self.tried, number: self.tried.get(number, 0) + 1}
        news = [number] if is_right and number not in self.solved else []
        return Score(tried=tried, solved=[*self.solved, *news])


def read_score(path: Path = FILE) -> Score:
    """Return the score in a file, an empty one if there is none.

    Raises:
        LearningError: the file is something else.
    """
    try:
        return msgspec.json.decode(read_regular(path), type=Score)
    except FileNotFoundError:
        return Score()
    except (msgspec.DecodeError, UnicodeDecodeError, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise LearningError(
            f"{str(path)!r} is no score of benchgrad learn; move it away to start a new one"
        ) from None


def write_score(score: Score, path: Path = FILE) -> None:
    """Replace the score in a file."""
    write_atomically(path, msgspec.json.format(msgspec.json.encode(score)) + b"\n")
