"""benchgrad: every autograd engine trains the same classifier, proves its work, and is timed.

This is the front door: it imports the rooms, and no room imports it. What it offers is in
docs/api.md:

    run      run a plan, and return what was measured
    load     return what an earlier run measured, from its folder
    check    find the wrong gradients of an engine
    Results  a run: tidy frames, plots, a table in notebooks
    Check    the verdicts on an engine

Importing this package imports nothing else, until one of these is used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchgrad.api.checking import Check, check
    from benchgrad.api.results import Results, load
    from benchgrad.api.running import run

    __version__: str

__all__ = ["Check", "Results", "__version__", "check", "load", "run"]

_PLACES = {
    "run": "running",
    "load": "results",
    "Results": "results",
    "check": "checking",
    "Check": "checking",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for; the version is that of the installed package."""
    if name == "__version__":
        from importlib.metadata import version

        return version("benchgrad")
    if name in _PLACES:
        return getattr(importlib.import_module(f"benchgrad.api.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
