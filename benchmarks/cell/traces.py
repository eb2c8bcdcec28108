"""Where an engine failed: the traceback of what it raised, or the place where it hung.

A worker lends the interpreter's own fault handler a file. At a fatal signal, or when the runner
asks with `ASK`, that writes there what every thread is doing, in C, even while the engine holds the
interpreter. It costs a running engine nothing: there is no thread and no timer. An engine may write
into that file too, and into its traceback, so the runner cuts both to size.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from benchgrad.engines import train_epochs

ASK = signal.SIGUSR1
# The harness and the training loop, which call the engine.
_OURS = (str(Path(__file__).parents[1]), train_epochs.__code__.co_filename)
_MOST_LINES, _FIRST_LINES, _LONGEST_LINE = 60, 20, 200
_MOST_BYTES = 1 << 16
_THREAD = "(most recent call first)"  # in the first line of each
_PATIENCE_S, _LOOK_S = 1.0, 0.02  # for a worker to say where it is


def of_error(error: BaseException) -> str:
    """Return the traceback of an error from the engine's first call on, cut to size."""
    inside: TracebackType | None = error.__traceback__
    while inside and inside.tb_next and _is_ours(inside.tb_frame.f_code.co_filename):
        inside = inside.tb_next
    try:
        lines = traceback.format_exception(type(error), error, inside)
    except Exception:  # an engine's error may be as wrong as the engine
        lines = traceback.format_tb(inside)
    return cut("".join(lines))


def listen(descriptor: int) -> None:
    """Let the fault handler write into a file at a fatal signal, and when asked."""
    faulthandler.enable(descriptor)
    if hasattr(faulthandler, "register"):  # not on Windows
        faulthandler.register(ASK, descriptor)


def asked(descriptor: int, ask: Callable[[signal.Signals], None]) -> str:
    """Ask a worker where it is and return what it says; empty if it does not answer.

    An answer is complete when it no longer grows.
    """
    ask(ASK)
    deadline, size = time.monotonic() + _PATIENCE_S, -1
    while time.monotonic() < deadline and (size <= 0 or size != os.fstat(descriptor).st_size):
        size = os.fstat(descriptor).st_size
        time.sleep(_LOOK_S)
    return read(descriptor)


def read(descriptor: int) -> str:
    """Return the threads that the fault handler saw, the current one first, cut to size."""
    with contextlib.suppress(OSError):
        begin = max(0, os.fstat(descriptor).st_size - _MOST_BYTES)
        text = os.pread(descriptor, _MOST_BYTES, begin).decode("utf-8", "replace")
        threads = [part for part in text.split("\n\n") if _THREAD in part]
        threads.sort(key=lambda part: "Current thread" not in part)
        return cut("\n\n".join(map(_without_ours, threads)))
    return ""


def _without_ours(thread: str) -> str:
    """Return what a thread was doing without the harness, which called the engine."""
    lines = thread.strip().split("\n")
    while len(lines) > 2 and any(name in lines[-1] for name in (*_OURS, "<frozen runpy>")):
        del lines[-1]
    return "\n".join(lines)


def cut(text: str) -> str:
    """Return a text of many lines with only so many, none too long or with what nobody can see."""
    lines = [_cut_line(line) for line in text[: 4 * _MOST_BYTES].strip("\n").split("\n")]
    if len(lines) > _MOST_LINES:
        n_left_out = len(lines) - _MOST_LINES + 1
        rest = lines[_FIRST_LINES - _MOST_LINES + 1 :]
        lines = [*lines[:_FIRST_LINES], f"  … {n_left_out:,} lines left out …", *rest]
    return "\n".join(lines)


def _cut_line(line: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in line[: _LONGEST_LINE + 1]).rstrip()
    return shown if len(shown) <= _LONGEST_LINE else f"{shown[: _LONGEST_LINE - 1]}…"


def _is_ours(filename: str) -> bool:
    return filename.startswith(_OURS)
