"""Ctrl-C, SIGTERM and SIGHUP in a run: requests to end, instead of exceptions in its middle."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Self

_AT_ONCE = (signal.SIGTERM, signal.SIGHUP)
_OUTPUTS = (1, 2)


class Interruption:
    """A context in which the first Ctrl-C asks the run to end after the running cell.

    The second one, or SIGTERM, asks it to end that cell too. A third acts as it does outside.
    SIGHUP counts as SIGTERM, unless whoever started the run ignores it, as nohup does; then
    nothing is printed any more, since the terminal is gone.
    """

    def __init__(self) -> None:
        self.is_requested = self.is_at_once = False

    def __enter__(self) -> Self:
        self._terminals = [output for output in _OUTPUTS if os.isatty(output)]
        numbers = [signal.SIGINT, *_AT_ONCE]
        if threading.current_thread() is not threading.main_thread():
            numbers = []  # Python lets no other thread handle signals
        elif signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
            numbers.remove(signal.SIGHUP)
        self._handlers = {number: signal.signal(number, self._on_signal) for number in numbers}
        return self

    def __exit__(self, *error: object) -> None:
        self._restore()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.is_at_once = self.is_requested or number in _AT_ONCE
        self.is_requested = True
        if self.is_at_once:
            self._restore()
        if number == signal.SIGHUP:  # the shell and the kernel may both send it
            signal.signal(number, signal.SIG_IGN)
            self._let_go_of_terminals()

    def _restore(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _let_go_of_terminals(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for output in self._terminals:
            os.dup2(nowhere, output)
        os.close(nowhere)
