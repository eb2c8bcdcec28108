"""What a run depends on, as hashes and versions, so that two halves of it can be held together.

It says what differs; what follows from a difference is for others to decide.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from importlib.metadata import distributions, entry_points
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

from benchgrad import benchmarks, datasets, engines
from benchgrad.benchmarks.plan import Plan
from benchgrad.benchmarks.run import environment
from benchgrad.datasets import Dataset
from benchgrad.engines import GROUP

_SHOWN = 3  # differences that a line names; the others it counts


class Fingerprint(Struct, frozen=True, forbid_unknown_fields=True):
    """What the figures of a run depend on beside its plan; hashes are SHA-256.

    `code` are benchgrad's own files but for the reports, which only render; `plugins` the
    files of engines from elsewhere; `packages` the versions of all that are installed.
    """

    data: str
    code: dict[str, str]
    plugins: dict[str, str]
    machine: dict[str, str]
    packages: dict[str, str]


def take(plan: Plan, dataset: Dataset) -> Fingerprint:
    """Return the fingerprint of a plan's run here and now."""
    specs = [plan.reference, *(contestant.spec for contestant in plan.engines)]
    return Fingerprint(
        data=_hash_of_data(dataset),
        code=_hashes_of_code(),
        plugins={str(path): _hash(path) for spec in specs for path in _plugin_files(spec)},
        machine=environment.machine(),
        packages={
            found["Name"]: found["Version"]
            for found in (distribution.metadata for distribution in distributions())
            if found["Name"]
        },
    )


def departure(then: Fingerprint, now: Fingerprint) -> str:
    """Return in one line how `now` differs from `then`; empty if it does not.

    Packages that came in since do not count: what was used then is there as it was.
    """
    same_packages = {name: now.packages.get(name, "") for name in then.packages}
    found = [
        "the data differ" if then.data != now.data else "",
        _changed("benchgrad's code differs", then.code, now.code, show=False),
        _changed("the files of engines differ", then.plugins, now.plugins, show=False),
        _changed("the machine differs", then.machine, now.machine),
        _changed("the packages differ", then.packages, same_packages),
    ]
    return "; ".join(part for part in found if part)


def _changed(what: str, then: Mapping[str, str], now: Mapping[str, str], show: bool = True) -> str:
    """Return which keys have other values, with both of them where that says something."""
    names = sorted(n for n in {*then, *now} if then.get(n) != now.get(n))
    if not names:
        return ""
    told = [
        f"{name} is {now.get(name) or 'not there'}, was {then.get(name) or 'not there'}"
        if show
        else name
        for name in names[:_SHOWN]
    ]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{what}: {', '.join(told)}{more}"


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _hash_of_data(dataset: Dataset) -> str:
    digest = hashlib.sha256(repr((dataset.name, dataset.class_names)).encode())
    for array in (dataset.X_train, dataset.y_train, dataset.X_test, dataset.y_test):
        digest.update(repr((array.shape, array.dtype.str)).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _hashes_of_code() -> dict[str, str]:
    """Return a hash for each file of the rooms that measure, by its name below the package."""
    return {
        f"{Path(folder).name}/{path.relative_to(folder).as_posix()}": _hash(path)
        for room in (benchmarks, datasets, engines)
        for folder in room.__path__
        for path in sorted(Path(folder).rglob("*.py"))
    }


def _plugin_files(spec: str) -> Iterator[Path]:
    """Yield the files of an engine that is not benchgrad's own; nothing is imported for it.

    Of a package these are all its modules, of a file or a module that file alone.
    """
    if spec.endswith(".py"):
        yield Path(spec)
        return
    points = entry_points(group=GROUP, name=spec)
    modules = [spec.partition(":")[0]] if ":" in spec else [point.module for point in points]
    for top in {module.partition(".")[0] for module in modules} - {"benchgrad"}:
        found = find_spec(top)
        if found and found.submodule_search_locations:
            for folder in found.submodule_search_locations:
                yield from sorted(Path(folder).rglob("*.py"))
        elif found and found.origin and found.has_location:
            yield Path(found.origin)
