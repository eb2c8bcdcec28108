"""Turns source into machine code with Numba. It knows no engine."""

from collections.abc import Callable
from functools import cache
from typing import Any

from benchgrad.engines.compiled.forms import scope

REQUIRES = ("numba", "scipy")
INSTALL = "'benchgrad[compiled]'"

# A sum may be taken in another order, and a product may be added without rounding in between.
# Not more: nan and inf stay what they are.
_FAST = {"reassoc", "contract"}


@cache
def compiled(source: str, dtype: str) -> Callable[..., Any]:
    """Return the function `run` of a source, compiled when it is first called.

    The same source is compiled once, however many classifiers use it.
    """
    import numba

    options = {"fastmath": _FAST, "error_model": "numpy", "boundscheck": False, "nogil": True}
    found: Callable[..., Any] = numba.njit(**options)(interpreted(source, dtype))
    return found


def interpreted(source: str, dtype: str) -> Callable[..., Any]:
    """Return the function `run` of a source as Python runs it, for tests."""
    names = scope(dtype)
    exec(compile(source, "<benchgrad>", "exec"), names)
    found: Callable[..., Any] = names["run"]
    return found
