"""Runs an answer and the tests of its exercise, here and now. Who runs it where is `checking`'s."""

import contextlib
import io
import traceback
from types import TracebackType
from typing import Any

from benchgrad.learning.catalogue import exercise_of
from benchgrad.learning.exercise import Answer, HintError

_FILE = "<answer>"


def judged(number: str, source: str) -> str:
    """Return what is wrong with an answer, and "" if nothing is.

    Raises:
        LearningError: there is no such exercise.
    """
    exercise = exercise_of(number)
    names: dict[str, Any] = {"__name__": "answer"}
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(source, _FILE, "exec"), names)
            exercise.test(Answer(names))
    except HintError as error:
        return str(error)
    except SyntaxError as error:
        return f"line {error.lineno}: Python cannot read it: {error.msg}"
    except RecursionError:
        return (
            "it recurses too deeply: a graph can be thousands of nodes deep, and Python gives up "
            "long before that; use a stack of your own"
        )
    except SystemExit:
        return "it ends the program; an answer only defines things"
    except Exception as error:
        return _told(error)
    return ""


def _told(error: Exception) -> str:
    """Return an exception in a line, with the last line of the answer that it came through."""
    said = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    line = _line_of(error.__traceback__)
    return f"line {line}: {said}" if line else f"a test could not use what it got: {said}"


def _line_of(trace: TracebackType | None) -> int | None:
    lines = [f.lineno for f in traceback.extract_tb(trace) if f.filename == _FILE]
    return lines[-1] if lines else None
