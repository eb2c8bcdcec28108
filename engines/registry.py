"""Finds engines and loads them by name, file or attribute. It names no engine.

Every engine, built-in or not, is an entry point of the group `benchgrad.engines`.
"""

import difflib
import importlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path
from types import ModuleType
from typing import Literal

from benchgrad.engines.interface import Capabilities, Engine, EngineError

GROUP = "benchgrad.engines"


@dataclass(frozen=True)
class EngineStatus:
    """A registered engine, and whether it can be used here.

    `status` is ``ready``, ``missing`` (a package is not installed) or ``failed`` (it cannot be
    loaded); `reason` says why in one line. The other fields are known once the engine loads.
    """

    name: str
    status: Literal["ready", "missing", "failed"]
    reason: str = ""
    kind: str = ""
    version: str = ""
    note: str = ""
    capabilities: Capabilities | None = None


class MissingPackageError(EngineError):
    """An engine needs a package that is not installed."""


def status_of(spec: str) -> EngineStatus:
    """Import one engine, named as for `load`, and return its status."""
    try:
        engine = _declared(spec)
    except MissingPackageError as error:
        return EngineStatus(spec, "missing", str(error))
    except EngineError as error:
        return EngineStatus(spec, "failed", str(error))
    missing = engine.missing()
    return EngineStatus(
        spec,
        "missing" if missing else "ready",
        f"needs {missing}" if missing else "",
        engine.kind,
        engine.version,
        engine.note,
        engine.capabilities,
    )


def load(spec: str) -> Engine:
    """Return an engine by name, ``path/to/file.py`` or ``package.module:attribute``.

    A file must name its engine `engine`.

    Raises:
        MissingPackageError: a package it needs is not installed.
        EngineError: there is no such engine, file or attribute, or it cannot be loaded.
    """
    engine = _declared(spec)
    if missing := engine.missing():
        raise MissingPackageError(f"engine {spec!r} needs {missing}")
    return engine


def _declared(spec: str) -> Engine:
    """Return an engine, even if the libraries behind it are not installed."""
    check_names([spec])
    try:
        engine = _load(spec)
    except ModuleNotFoundError as error:
        package = (error.name or str(error)).partition(".")[0]
        if importlib.util.find_spec(package) is not None:
            raise EngineError(f"engine {spec!r} cannot be loaded: {error}") from error
        # Only for a registered engine is the module's name sure to be a package's.
        advice = f": pip install {package}" if spec in registered() else ", which is not installed"
        message = f"engine {spec!r} needs the package {package}{advice}"
        raise MissingPackageError(message) from error
    except EngineError:
        raise
    except SystemExit as error:
        message = f"engine {spec!r} cannot be loaded: it calls sys.exit({error.code!r})"
        raise EngineError(message) from error
    except Exception as error:  # plugin code can raise anything; its user has to see it
        reason = f"{type(error).__name__}: {error}".strip().partition("\n")[0]
        raise EngineError(f"engine {spec!r} cannot be loaded: {reason}") from error
    if not isinstance(engine, Engine):
        raise EngineError(f"engine {spec!r} is a {type(engine).__name__}, not an Engine")
    for attribute in ("name", "kind", "capabilities"):
        if not getattr(engine, attribute, None):
            raise EngineError(f"engine {spec!r} does not declare its {attribute}")
    return engine


def check_names(specs: list[str]) -> None:
    """Raise EngineError for the first of `specs` that does not exist; load none of them."""
    for spec in specs:
        if spec.endswith(".py"):
            if not os.path.isfile(spec):  # false also where Path.is_file raises
                raise EngineError(f"engine {spec!r}: there is no such file")
        elif ":" in spec and not all(spec.split(":")):
            raise EngineError(f"engine {spec!r}: write package.module:attribute")
        elif ":" not in spec and not _is_registered(spec):
            raise EngineError(f"there is no engine {spec!r}; {_suggestion(spec)}")


def _suggestion(name: str) -> str:
    known = sorted(registered())
    near = difflib.get_close_matches(name, known, n=1)
    listed = f"choose from {', '.join(known)}, a path to a .py file, or package.module:attribute"
    return f"did you mean {near[0]!r}? ({listed})" if near else listed


def registered() -> dict[str, list[EntryPoint]]:
    """Return the entry points under each name; several if packages claim the same one."""
    found: dict[str, list[EntryPoint]] = {}
    for point in _points(tuple(sys.path)):
        found.setdefault(point.name, []).append(point)
    return found


def read_anew() -> None:
    """Let `registered` read the packages again, since one may have been installed meanwhile."""
    _points.cache_clear()


@lru_cache(maxsize=1)
def _points(path: tuple[str, ...]) -> EntryPoints:
    """Return what the packages on a path register; to read all of them takes some milliseconds."""
    return entry_points(group=GROUP)


def _is_registered(name: str) -> bool:
    if name not in registered():
        read_anew()
    return name in registered()


def package_of(point: EntryPoint) -> str:
    """Return the name of the package that registers an entry point, empty if it is unknown."""
    return point.dist.name if point.dist else ""


def chosen(name: str, points: list[EntryPoint]) -> EntryPoint:
    """Return the entry point for a name: benchgrad's own, or the only one.

    Raises:
        EngineError: two other packages claim the name.
    """
    own = [point for point in points if package_of(point) == "benchgrad"]
    if not own and len({point.value for point in points}) > 1:
        claims = " and ".join(f"{package_of(p)} ({p.value})" for p in points)
        advice = "uninstall one, or load it as package.module:attribute"
        raise EngineError(f"engine {name!r} is registered by {claims}: {advice}")
    return (own or points)[0]


def _load(spec: str) -> object:
    if spec.endswith(".py"):
        return _attribute(_module_of_file(Path(spec).resolve()), "engine", spec)
    if ":" in spec:
        module, _, attribute = spec.partition(":")
        return _attribute(importlib.import_module(module), attribute, spec)
    return chosen(spec, registered()[spec]).load()


def _module_of_file(path: Path) -> ModuleType:
    name = f"benchgrad_engine_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise EngineError(f"engine {str(path)!r} cannot be read as a Python module")
    module = importlib.util.module_from_spec(spec)
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # for modules in the same folder
    sys.modules[name] = module  # dataclasses and pickles look their module up here
    spec.loader.exec_module(module)
    return module


def _attribute(module: ModuleType, name: str, spec: str) -> object:
    try:
        return getattr(module, name)
    except AttributeError:
        raise EngineError(f"engine {spec!r}: {module.__name__} has no attribute {name!r}") from None
