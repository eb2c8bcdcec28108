"""What a failure of an engine is called, and in which words it is told."""

import traceback
from pathlib import Path

from benchgrad.benchmarks.cell.messages import Failed, Failure
from benchgrad.benchmarks.cell.plain import NotPlainError
from benchgrad.benchmarks.cell.snapshots import SnapshotError
from benchgrad.benchmarks.cell.traces import of_error
from benchgrad.engines import EngineError, MissingPackageError, UnsupportedError

_EXPECTED: dict[type[Exception], Failure] = {
    MissingPackageError: "missing",
    UnsupportedError: "unsupported",
    NotPlainError: "invalid",
}


def failure_of(error: BaseException, own_name: str = "") -> Failed:
    """Return an exception as the event that reports it; `own_name` is the engine's.

    It has its traceback, unless an engine is expected to raise it.
    """
    for kind, status in _EXPECTED.items():
        if isinstance(error, kind):
            return Failed(status, _said(error), own_name=own_name)
    status, reason = _unexpected(error)
    return Failed(status, reason, _encodable(of_error(error)), own_name)


def _unexpected(error: BaseException) -> tuple[Failure, str]:
    match error:
        case EngineError() | SnapshotError():
            return "crashed", _said(error)
        case SystemExit():
            code = error.code if isinstance(error.code, int | None) else _said(error)
            return "crashed", f"it called sys.exit({code})"
        case MemoryError():
            return "out_of_memory", f"MemoryError {_said(error)}".strip()
    innermost = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(innermost.filename).name}, line {innermost.lineno}"
    return "crashed", _encodable(f"{type(error).__name__}: {_said(error)} [{place}]")


def _said(error: BaseException) -> str:
    """Return what an exception of an engine's says, in one line; it may refuse to say anything."""
    try:
        text = str(error)
    except Exception as other:
        text = f"its text cannot be read: {type(other).__name__}"
    return " ".join(_encodable(text).split())


def _encodable(text: str) -> str:
    """Return a text that can be sent: half a surrogate pair appears as its number."""
    return text.encode("utf-8", "backslashreplace").decode()
