"""What differs between two runs, field by field, and what makes a machine the same one.

What follows from a difference is for the caller to decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Struct

from benchgrad.benchmarks.records import Environment


@dataclass(frozen=True)
class Difference:
    """A value that two descriptions do not share; None where one of them lacks it.

    `path` leads to it from the outside in: fields of structs, keys of dictionaries.
    """

    path: tuple[str, ...]
    then: Any
    now: Any

    @property
    def name(self) -> str:
        """The path as people write it: data.noise."""
        return ".".join(self.path)


def differences(then: object, now: object, path: tuple[str, ...] = ()) -> Iterator[Difference]:
    """Yield every difference between two values, down to those that have no parts.

    They come in the order of `then`; keys that only `now` has come last.
    """
    before, after = _parts(then), _parts(now)
    if before is not None and after is not None:
        for name in before | after:
            yield from differences(before.get(name), after.get(name), (*path, name))
    elif then != now:
        yield Difference(path, then, now)


def _parts(value: object) -> dict[str, object] | None:
    if isinstance(value, Struct):
        return msgspec.structs.asdict(value)
    return value if isinstance(value, dict) else None


def machine(environment: Environment) -> dict[str, str]:
    """Return what two runs must share to have been measured on the same machine."""
    return {
        "processor": environment.processor,
        "n_cpus": str(environment.n_cpus),
        "platform": environment.platform,
    }


def libraries(environment: Environment) -> dict[str, str]:
    """Return what two runs must share to have been measured with the same libraries."""
    return {"python": environment.python, "blas": environment.blas, **environment.libraries}
