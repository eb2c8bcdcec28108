"""Options as people write them (60s, 5min, 4GiB, 2%), and the plan that they turn another into."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchgrad.benchmarks.plan import Plan

_N_SEEDS = 2**32
_DIGITS = 10  # of the largest seed
_TIMES = {"": 1.0, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_SHARES = {"": 1.0, "%": 1e-2}
_SIZES = {"KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30}
# Fields of a plan whose option has another name.
_NAMES = {"name": "dataset", "budget_s": "budget", "timeout_s": "timeout", "memory_bytes": "memory"}


class UsageError(Exception):
    """Options that make no sense; one line, for their user."""


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What a user changes in a plan; None leaves it as it is."""

    engines: list[str] | None = None
    dataset: str | None = None
    label: str | None = None
    epochs: int | None = None
    rounds: int | None = None
    precision: float | None = None
    budget_s: float | None = None
    timeout_s: float | None = None
    memory_bytes: int | None = None
    threads: int | None = None
    seed: int | None = None
    dtype: str | None = None
    allocator: str | None = None
    cpu: int | None = None
    instructions: bool | None = None

    def applied(self, shipped: Plan) -> Plan:
        """Return the changed plan; with other data it no longer claims published figures.

        Raises:
            UsageError: it is not a valid plan.
        """
        from benchgrad.benchmarks.plan import PlanError

        try:
            chosen = self._changed(shipped)
        except PlanError as error:
            field = error.path.rpartition(".")[2]
            raise UsageError(f"--{_NAMES.get(field, field)}: {error.problem}") from error
        name = chosen.data.name
        if self.label is not None and not name.endswith(".csv"):
            raise UsageError(f"--label {self.label!r} goes with a CSV file, not with {name!r}")
        return chosen if chosen.data == shipped.data else chosen.unpublished()

    def _changed(self, plan: Plan) -> Plan:
        if self.engines is not None:
            plan = plan.select(self.engines)
        whole = _given(
            rounds=self.rounds,
            precision=self.precision,
            timeout_s=self.timeout_s,
            memory_bytes=self.memory_bytes,
            threads=self.threads,
            allocator=self.allocator,
            cpu=self.cpu,
            instructions=self.instructions,
        )
        plan = plan.with_data(**_given(name=self.dataset, label=self.label)).replace(**whole)
        plan = plan.with_training(**_given(seed=self.seed, dtype=self.dtype))
        return plan.with_each(**_given(epochs=self.epochs, budget_s=self.budget_s))


def _given(**options: object) -> dict[str, object]:
    return {name: value for name, value in options.items() if value is not None}


def executor_of(executor: str | None, scheduler: str | None) -> str:
    """Return where the points of a sweep are measured; a scheduler implies Dask.

    Raises:
        UsageError: there is no such executor, or it has no scheduler.
    """
    chosen = executor or ("dask" if scheduler else "here")
    if chosen not in ("here", "dask"):
        raise UsageError(f"--executor {chosen!r} is none; choose here or dask")
    if scheduler and chosen != "dask":
        raise UsageError(f"--scheduler {scheduler!r} goes with --executor dask")
    return chosen


def path_of(text: str) -> Path:
    """Return a path as the user wrote it; an empty one would be the current folder.

    Raises:
        UsageError: `text` is empty.
    """
    if not text.strip():
        raise UsageError(f"{text!r} is no path; write . for the current folder")
    return Path(text)


def seed_of(text: str | None) -> int | None:
    """Return a seed: the number given, or a new one for ``random``; None stays None.

    Raises:
        UsageError: `text` is neither.
    """
    if text is None:
        return None
    if text == "random":
        return secrets.randbelow(_N_SEEDS)
    if not text.isdecimal() or len(text) > _DIGITS or int(text) >= _N_SEEDS:
        raise UsageError(f"--seed {text!r} is no seed; write a number below 2**32, or random")
    return int(text)


def names(text: str | None) -> list[str] | None:
    """Return names separated by commas; None stays None."""
    if text is None:
        return None
    return [name.strip() for name in text.split(",") if name.strip()]


def seconds(option: str, text: str | None) -> float | None:
    """Return a time such as 60s, 5min, 1.5h or 90 in seconds; None stays None.

    Raises:
        UsageError: `text` is no time.
    """
    return _number(option, text, _TIMES, "no time; write it as 60s, 5min or 2h")


def n_bytes(option: str, text: str | None) -> int | None:
    """Return a size such as 512MiB or 1.5GiB in bytes; None stays None.

    Raises:
        UsageError: `text` is no size.
    """
    found = _number(option, text, _SIZES, "no size; write it as 512MiB or 4GiB")
    return None if found is None else max(int(found), 1)


def share(option: str, text: str | None) -> float | None:
    """Return a share such as 2% or 0.02 as a number; None stays None.

    Raises:
        UsageError: `text` is no share, or 100 % or more.
    """
    return _number(option, text, _SHARES, "no share; write it as 2% or 0.02", below=1.0)


def limit(option: str, text: str | None) -> float | None:
    """Return a limit for a ratio of times: 1.10 as it is, and 10% for the same; None stays None.

    Raises:
        UsageError: `text` is neither.
    """
    if text is None or not text.endswith("%"):
        return _number(option, text, {"": 1.0}, "no limit; write it as 1.10 or 10%")
    more = _number(option, text, _SHARES, "no limit; write it as 1.10 or 10%")
    return None if more is None else 1.0 + more


def _number(
    option: str,
    text: str | None,
    units: Mapping[str, float],
    complaint: str,
    below: float = math.inf,
) -> float | None:
    """Return a positive number in its unit; None stays None."""
    if text is None:
        return None
    unit = text.lstrip("0123456789.")
    try:
        number = float(text.removesuffix(unit)) * units[unit]
    except (KeyError, ValueError):
        number = 0.0
    if not 0.0 < number < below:
        raise UsageError(f"{option} {text!r} is {complaint}")
    return number
