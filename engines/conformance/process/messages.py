"""What a run says to the process that checks an engine, and hears from it: JSON lines."""

from msgspec import Struct


class CheckJob(Struct, frozen=True):
    """Which engine a worker checks; `path` is where modules are looked for."""

    engine: str
    seed: int
    is_fast: bool
    path: list[str]


class Loaded(Struct, frozen=True, tag=True):
    """What became of loading the engine; `error` is empty if it is there."""

    name: str = ""
    deviations: dict[str, str] = {}
    error: str = ""
    is_missing: bool = False


class Asked(Struct, frozen=True):
    """The next check, by its name."""

    check: str
