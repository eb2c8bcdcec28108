"""What a check sends to the process of its engine, and hears back: lines of JSON."""

from msgspec import Struct


class CheckJob(Struct, frozen=True):
    """Which engine to check; modules are looked for in the folders of `path`."""

    engine: str
    seed: int
    is_fast: bool
    path: list[str]


class Loaded(Struct, frozen=True, tag=True):
    """What an engine declares; or, if it could not be loaded, only an `error`."""

    name: str = ""
    deviations: dict[str, str] = {}
    error: str = ""
    is_missing: bool = False


class Asked(Struct, frozen=True):
    """The next check to run, by its name."""

    check: str
