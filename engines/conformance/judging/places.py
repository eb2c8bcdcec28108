"""Which functions of an engine ran, and which of its lines to look at. Nothing is judged here.

A line of NumPy, of Python's library or of benchgrad is never the engine's own.
"""

import linecache
import sys
import sysconfig
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any

from msgspec import Struct

import benchgrad.engines


def _folder_of(library: str) -> str:
    """Return where a library lies; Hypothesis, which draws the graphs, takes long to import."""
    spec = find_spec(library)
    return str(Path((spec and spec.origin) or "").parent)


_ROOM = Path(benchgrad.engines.__file__).parent
_FOREIGN = (
    str(_ROOM / "conformance"),
    str(_ROOM.parent / "processes"),
    *map(_folder_of, ("numpy", "hypothesis")),
    *{sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")},
)
_SITE_PACKAGES = ("site-packages", "dist-packages")  # below the standard library, but not of it
_NAMELESS = ("<genexpr>", "<listcomp>", "<dictcomp>", "<setcomp>", "<module>")
_OWN_OF_THE_ROOM = ("topology.py", "handwritten.py")


def is_own(filename: str) -> bool:
    """Tell whether a file belongs to an engine."""
    path = Path(filename)
    if filename.startswith("<") or not path.suffix:
        return False
    if path.parent == _ROOM:
        return path.name in _OWN_OF_THE_ROOM
    foreign = next((folder for folder in _FOREIGN if filename.startswith(folder)), None)
    if foreign is None:
        return True
    is_installed = any(part in _SITE_PACKAGES for part in path.parts)
    return is_installed and "site-packages" not in foreign and "dist-packages" not in foreign


def place(filename: str, line: int, function: str = "") -> str:
    """Return a line in words: its file, its number, its function and its text."""
    text = linecache.getline(filename, line).strip()
    inside = f", in {function}" if function and not function.startswith("<") else ""
    return f"{_short(filename)}, line {line}{inside}" + (f": {text[:120]}" if text else "")


def _short(filename: str) -> str:
    """Return the last two parts of a path, or less of it in the current folder."""
    path = Path(filename)
    if path.parent == Path.cwd():
        return path.name
    return str(Path(*path.parts[-2:]))


def of_traceback(traceback: TracebackType | None) -> str:
    """Return the innermost line of a traceback that is the engine's own, empty if none is."""
    found = ""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if is_own(code.co_filename):
            found = place(code.co_filename, traceback.tb_lineno, code.co_name)
        traceback = traceback.tb_next
    return found


class Visit(Struct, frozen=True):
    """A function of the engine that ran: its place, and that of the one that first called it.

    The caller is the next of the engine's own functions outside; empty if there is none.
    """

    place: str
    caller: str = ""


@dataclass
class Visited:
    """The functions that ran while an engine was watched, in the order of their first calls.

    Each with the one that called it, or None where none had been seen before.
    """

    codes: dict[CodeType, CodeType | None] = field(default_factory=dict)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note every Python function that is called; leave other profilers alone."""
        if sys.getprofile() is not None:
            yield
            return
        codes = self.codes

        def note(frame: FrameType, event: str, argument: Any) -> None:
            if event == "call" and frame.f_code not in codes:
                codes[frame.f_code] = _caller(frame, codes)

        sys.setprofile(note)
        try:
            yield
        finally:
            sys.setprofile(None)

    def own(self) -> tuple[Visit, ...]:
        """Return the engine's own functions."""
        visits: dict[str, Visit] = {}
        for code, caller in self.codes.items():
            if _is_function_of_an_engine(code):
                visit = Visit(_place_of(code), _place_of(caller) if caller else "")
                visits.setdefault(visit.place, visit)
        return tuple(visits.values())


def _caller(frame: FrameType, seen: Container[CodeType]) -> CodeType | None:
    """Return the next function outside that is the engine's own and was seen."""
    outside = frame.f_back
    while outside is not None:
        if outside.f_code in seen and _is_function_of_an_engine(outside.f_code):
            return outside.f_code
        outside = outside.f_back
    return None


def _is_function_of_an_engine(code: CodeType) -> bool:
    return code.co_name not in _NAMELESS and is_own(code.co_filename)


def _place_of(code: CodeType) -> str:
    name = getattr(code, "co_qualname", code.co_name).replace(".<locals>", "")
    return place(code.co_filename, code.co_firstlineno, name)
