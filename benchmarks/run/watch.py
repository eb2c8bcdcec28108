"""What a run relies on while it goes: its folder, and the code of benchgrad and of its engines.

An engine may change any of them. Then that is the reason of its own row. The journal and the
manifest are put back, what was put in the place of the report stays, and an engine whose code is no
longer what it was is not started again.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchgrad.benchmarks.manifest import RESULTS
from benchgrad.benchmarks.plan import Plan
from benchgrad.benchmarks.records import Cell
from benchgrad.benchmarks.run import fingerprint
from benchgrad.benchmarks.run.journal import Journal
from benchgrad.benchmarks.run.sources import files_of


@dataclass(frozen=True)
class _State:
    """What a file is: by its description in the folder, and by its bytes."""

    described: tuple[int, ...]
    digest: bytes


class Watch:
    """Watches over what a run relies on; `report` names the files that its report may have."""

    def __init__(self, plan: Plan, journal: Journal, report: Collection[str] = ()) -> None:
        self._journal = journal
        names = {RESULTS, *report}
        places = names | {Path(name).parts[0] for name in names}
        self._places = {name: _kind(journal.folder / name) for name in sorted(places)}
        self._shared = set(fingerprint.code_files().values())
        specs = {plan.reference, *(contestant.spec for contestant in plan.engines)}
        self._own = {spec: {path.resolve() for path in files_of(spec)} for spec in specs}
        paths = self._shared.union(*self._own.values())
        self._known = {path: _state(path) for path in paths}
        self._changed: dict[Path, str] = {}  # with what ran then

    def changes(self, running: str) -> str:
        """Return what has changed since the last look, while an engine was running, in one line."""
        changed = [path for path in sorted(self._known) if self._is_changed(path)]
        self._changed |= dict.fromkeys(changed, running)
        names = [*self._journal.put_back(), *self._planted(), *(path.name for path in changed)]
        if not names:
            return ""
        return f"while it ran, a file that the run relies on was changed: {', '.join(names)}"

    def why_not(self, spec: str) -> str:
        """Return why an engine must not be started any more; empty if it may be."""
        for path in sorted(self._shared | self._own[spec]):
            if running := self._changed.get(path):
                return f"not started: {path.name} was changed while {running} ran"
        return ""

    def _planted(self) -> list[str]:
        """Return what was put where the report will be: benchgrad would not replace it."""
        before = self._places
        self._places = {name: _kind(self._journal.folder / name) for name in before}
        return [name for name, kind in self._places.items() if kind not in (0, before[name])]

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


def _kind(path: Path) -> int:
    """Return what is at a path, a link itself and not its target; 0 if nothing is."""
    try:
        return stat.S_IFMT(path.lstat().st_mode)
    except OSError:
        return 0


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
