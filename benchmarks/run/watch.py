"""What a run relies on while it goes: its journal, and the code of benchgrad and of its engines.

An engine may change any of them. Then that is the reason of its own row. The journal is put back;
an engine whose code is no longer what it was is not started again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchgrad.benchmarks.plan import Plan
from benchgrad.benchmarks.records import Cell
from benchgrad.benchmarks.run import fingerprint
from benchgrad.benchmarks.run.journal import JOURNAL
from benchgrad.benchmarks.run.sources import files_of


@dataclass(frozen=True)
class _State:
    """What a file is: by its description in the folder, and by its bytes."""

    described: tuple[int, ...]
    digest: bytes


class Watch:
    """Watches over what a run relies on.

    `put_back` restores the journal, and returns whether anybody had changed it.
    """

    def __init__(self, plan: Plan, put_back: Callable[[], bool]) -> None:
        self._put_back = put_back
        self._shared = set(fingerprint.code_files().values())
        specs = {plan.reference, *(contestant.spec for contestant in plan.engines)}
        self._own = {spec: {path.resolve() for path in files_of(spec)} for spec in specs}
        paths = self._shared.union(*self._own.values())
        self._known = {path: _state(path) for path in sorted(paths)}
        self._changed: dict[Path, str] = {}  # with what ran then

    def changes(self, running: str) -> str:
        """Return what has changed since the last look, while an engine was running, in one line."""
        changed = [path for path in self._known if self._is_changed(path)]
        self._changed |= dict.fromkeys(changed, running)
        names = [JOURNAL] if self._put_back() else []
        names += [path.name for path in changed]
        if not names:
            return ""
        return f"while it ran, a file that the run relies on was changed: {', '.join(names)}"

    def why_not(self, spec: str) -> str:
        """Return why an engine must not be started any more; empty if it may be."""
        for path in sorted(self._changed):
            if path in self._shared | self._own[spec]:
                running = self._changed[path]
                return f"not started: {path.name} was changed while {running} ran"
        return ""

    def _is_changed(self, path: Path) -> bool:
        known = self._known[path]
        if path in self._changed or known.described == _described(path):
            return False
        now = self._known[path] = _state(path)
        return now.digest != known.digest


def told(cell: Cell, changes: str) -> Cell:
    """Return the cell of an engine that was running when something changed.

    It is not ranked, and its equality is left out: what it was compared with proves nothing now.
    """
    if not changes or cell.status == "interrupted":
        return cell
    reason = f"{changes}; {cell.reason}" if cell.reason else changes
    status = "invalid" if cell.status == "ok" else cell.status
    return msgspec.structs.replace(cell, status=status, reason=reason, equality=None)


def _state(path: Path) -> _State:
    described = _described(path)
    try:
        return _State(described, hashlib.sha256(path.read_bytes()).digest())
    except OSError:  # it is gone
        return _State(described, b"")


def _described(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
