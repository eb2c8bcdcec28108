"""What the figures of a run depend on, as hashes and versions: may two halves of it be joined?

It says what differs; what follows from a difference is for the caller to decide.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import distributions
from pathlib import Path

import msgspec
from msgspec import Struct

from benchgrad import benchmarks, datasets, engines, processes
from benchgrad.benchmarks.analysis.differences import Difference, differences, machine
from benchgrad.benchmarks.plan import Plan
from benchgrad.benchmarks.records import Environment, RecordError
from benchgrad.benchmarks.run.environment import numpy_blas
from benchgrad.benchmarks.run.sources import files_of
from benchgrad.datasets import Dataset

_SHOWN = 3  # differences that a line names; it counts the others


class OtherCodeError(RecordError):
    """A host whose code or packages are not those of the run; one line, for its user."""


class Fingerprint(Struct, frozen=True, forbid_unknown_fields=True):
    """What the figures of a run depend on beside its plan; hashes are SHA-256.

    `code` holds benchgrad's own files that measure; `plugins` the files of other people's engines;
    `packages` the versions of everything installed, of Python, and of the BLAS in NumPy.
    """

    data: str
    code: dict[str, str]
    plugins: dict[str, str]
    machine: dict[str, str]
    packages: dict[str, str]


_IN_WORDS = {
    "data": "the data differ",
    "code": "benchgrad's code differs",
    "plugins": "the files of engines differ",
    "machine": "the machine differs",
    "packages": "the packages differ",
}


def take(plan: Plan, dataset: Dataset, here: Environment) -> Fingerprint:
    """Return the fingerprint of a run of a plan, in this process and environment."""
    return taken(plan, _hash_of_data(dataset), here)


def taken(plan: Plan, data: str, here: Environment) -> Fingerprint:
    """Return the same, given the hash of the data."""
    specs = [plan.reference, *(contestant.spec for contestant in plan.engines)]
    installed = (distribution.metadata for distribution in distributions())
    return Fingerprint(
        data=data,
        code={name: _hash(path) for name, path in code_files().items()},
        plugins={str(path): _hash(path) for spec in specs for path in files_of(spec)},
        machine=machine(here),
        packages={
            "python": here.python,
            "NumPy's BLAS": numpy_blas(),
            **dict(sorted((each["Name"], each["Version"]) for each in installed if each["Name"])),
        },
    )


def departure(then: Fingerprint, now: Fingerprint) -> str:
    """Return in one line how `now` differs from `then`; empty if it does not.

    Packages installed since then do not count.
    """
    known = {name: version for name, version in now.packages.items() if name in then.packages}
    changed: dict[str, list[Difference]] = {}
    for each in differences(then, msgspec.structs.replace(now, packages=known)):
        changed.setdefault(each.path[0], []).append(each)
    return "; ".join(_told(part, found) for part, found in changed.items())


def _told(part: str, changed: list[Difference]) -> str:
    if part == "data":
        return _IN_WORDS[part]
    shown = ", ".join(map(_change, changed[:_SHOWN]))
    more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
    return f"{_IN_WORDS[part]}: {shown}{more}"


def _change(difference: Difference) -> str:
    """Return the key that changed, with both values unless they are hashes."""
    part, key = difference.path
    if part in ("code", "plugins"):
        return key
    return f"{key} is {difference.now or 'missing'}, was {difference.then or 'missing'}"


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _hash_of_data(dataset: Dataset) -> str:
    digest = hashlib.sha256(repr((dataset.name, dataset.class_names)).encode())
    for array in (dataset.X_train, dataset.y_train, dataset.X_test, dataset.y_test):
        digest.update(repr((array.shape, array.dtype.str)).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def code_files() -> dict[str, Path]:
    """Return each file of the rooms that measure, by its path in the package."""
    return {
        f"{Path(folder).name}/{path.relative_to(folder).as_posix()}": path
        for room in (benchmarks, datasets, engines, processes)
        for folder in room.__path__
        for path in sorted(Path(folder).rglob("*.py"))
    }
