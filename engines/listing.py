"""Lists the registered engines, and whether each can be used here. It trains nothing."""

from dataclasses import replace
from importlib.metadata import EntryPoint

from benchgrad.engines import registry
from benchgrad.engines.interface import EngineError
from benchgrad.engines.probe import probe
from benchgrad.engines.registry import EngineStatus, chosen, package_of, status_of

_TIMEOUT_S = 60.0  # to import a package; large libraries take several seconds


def available() -> list[EngineStatus]:
    """Return the status of every registered engine, sorted by name.

    This imports the module of each built-in engine, but no heavy library: adapters import theirs
    on first use. Other packages may do anything on import, so each is imported in a process of
    its own.
    """
    registry.read_anew()
    return [_status(name, points) for name, points in sorted(registry.registered().items())]


def _status(name: str, points: list[EntryPoint]) -> EngineStatus:
    try:
        point = chosen(name, points)
    except EngineError as error:
        return EngineStatus(name, "failed", str(error))
    is_own = package_of(point) in ("", "benchgrad")
    status = status_of(name) if is_own else probe(name, point.value, _TIMEOUT_S)
    others = sorted({package_of(p) for p in points if p.value != point.value})
    if not others:
        return status
    claim = f"{' and '.join(others)} also registers this name; benchgrad's own engine wins"
    return replace(status, note=f"{claim}. {status.note}".strip())
