"""Turns source into machine code with Numba, or loads what it made of it before.

It knows no engine.
"""

from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, cast

import numpy as np

from benchgrad.engines.compiled import blas, elementary
from benchgrad.engines.compiled.cache import CodeCache

REQUIRES = ("numba", "scipy")
INSTALL = "'benchgrad[compiled]'"

# A sum may be taken in another order, and a product may be added without rounding in between.
# Not more: nan and inf stay what they are.
_FAST = {"reassoc", "contract"}


@cache
def compiled(source: str, dtype: str) -> Callable[..., Any]:
    """Return the function `run` of a source, compiled when it is first called.

    The same source is compiled once, however many classifiers use it, and once on this machine if
    the cache has it.
    """
    import numba

    made = interpreted(source, dtype, multiply=blas.compiled(), **_elementary())
    found: Any = numba.njit(fastmath=_FAST, error_model="numpy", nogil=True)(made)
    found._cache = CodeCache("\n".join((source, dtype, *_own_sources())))
    return cast(Callable[..., Any], found)


def is_from_disk(function: Callable[..., Any]) -> bool:
    """Return whether code of a function was compiled in an earlier process and loaded from disk."""
    stats = getattr(function, "stats", None)  # nothing that Python runs has any
    return stats is not None and bool(stats.cache_hits)


@cache
def _own_sources() -> tuple[str, ...]:
    """Return the files that are compiled into every function."""
    files = (__file__, elementary.__file__, blas.__file__)
    return tuple(Path(file).read_text(encoding="utf-8") for file in files)


def numba_version() -> str:
    """Return the installed version of Numba, or an empty string; it is not imported."""
    try:
        return version("numba")
    except PackageNotFoundError:
        return ""


def interpreted(source: str, dtype: str, **names: Any) -> Callable[..., Any]:
    """Return the function `run` of a source as Python runs it; `names` replace NumPy's."""
    number = np.dtype(dtype).type
    functions = {"exp": np.exp, "log": np.log, "tanh": np.tanh, "sqrt": np.sqrt}
    numbers = {"number": number, "one": number(1), "zero": number(0)}
    scope = {
        "__name__": __name__,  # where Numba looks for the function's module when it loads code
        "np": np,
        "multiply": blas.interpreted,
        **numbers,
        **functions,
        **names,
    }
    exec(compile(source, "<benchgrad>", "exec"), scope)
    found: Callable[..., Any] = scope["run"]
    return found


@cache
def _elementary() -> dict[str, Callable[..., Any]]:
    """Return exp and tanh in machine code, to the last bit as they are written."""
    import numba

    inside = {
        name: numba.njit(error_model="numpy", inline="always")(getattr(elementary, name))
        for name in ("parts", "power_of_two")
    }
    made: dict[str, Callable[..., Any]] = {}
    for name in ("exp", "tanh"):
        written = getattr(elementary, name)
        scope = {**written.__globals__, **inside}
        function = type(written)(written.__code__, scope, name)
        made[name] = numba.njit(error_model="numpy")(function)
    return made
