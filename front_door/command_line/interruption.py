"""Ctrl-C and SIGTERM during a run: requests to end, instead of exceptions in the middle of it."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """A context in which the first Ctrl-C asks the run to end after the running cell.

    The second one, or SIGTERM, asks it to end that cell too. A third acts as it does outside.
    """

    def __init__(self) -> None:
        self.is_requested = self.is_at_once = False

    def __enter__(self) -> Self:
        self._handlers = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restore()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.is_at_once = self.is_requested or number == signal.SIGTERM
        self.is_requested = True
        if self.is_at_once:
            self._restore()

    def _restore(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
