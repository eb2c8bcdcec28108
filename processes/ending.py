"""How a child ended, or why it did not answer, each in one line."""

import signal
from dataclasses import dataclass


class ChildError(Exception):
    """A child did not answer; the text says why."""


class ChildTimeoutError(ChildError):
    """A child took too long."""


class MemoryExceededError(ChildError):
    """A child and all that it started hold too much memory."""


class ChildSpeechError(ChildError):
    """Something other than an answer came through the pipe for answers; the text says what."""

    def __str__(self) -> str:
        what = f": {self.args[0]}" if self.args else ""
        return f"it wrote into the harness's own pipe{what}"


class ChildEndedError(ChildError):
    """A child ended before it answered."""


@dataclass(frozen=True)
class Exit:
    """How a child ended: its exit code (negative: a signal), and its last words."""

    code: int
    last_words: str
    for_memory: bool = False  # while it ran, the kernel killed some process to free memory

    @property
    def starved(self) -> bool:
        """Whether the kernel killed the child because the machine ran out of memory."""
        return self.for_memory and self.code == -signal.SIGKILL

    def __str__(self) -> str:
        if self.code < 0:
            return f"its process was killed by signal {_signal(-self.code)}"
        words = f": {self.last_words}" if self.last_words else ""
        return f"its process ended with exit code {self.code} before it was done{words}"


def _signal(number: int) -> str:
    try:
        return f"{number} ({signal.Signals(number).name})"
    except ValueError:  # most real-time signals have no name
        return str(number)
