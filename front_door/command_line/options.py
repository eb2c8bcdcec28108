"""Options as people write them, and the plan that they make of another: 60s, 5min, 4GiB, 2%.

Where a report goes and when a run may begin is decided by the command line and the session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchgrad.benchmarks.plan import Plan

_TIMES = {"": 1.0, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_SHARES = {"": 1.0, "%": 1e-2}
_SIZES = {"KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30}


class UsageError(Exception):
    """An option that makes no sense; one line, for its user."""


@dataclass(frozen=True)
class RunOptions:
    """What a user may change in a plan, as it was typed."""

    engines: str | None
    dataset: str | None
    label: str | None
    epochs: int | None
    rounds: int | None
    precision: str | None
    budget: str | None
    timeout: str | None
    memory: str | None
    threads: int | None

    def applied(self, shipped: Plan) -> Plan:
        """Return the plan with the changes; one with other data claims no published figures."""
        names = [name.strip() for name in (self.engines or "").split(",") if name.strip()]
        chosen = shipped if self.engines is None else shipped.select(names)
        data = {"name": self.dataset, "label": self.label}
        limits = {
            "rounds": self.rounds,
            "precision": share("--precision", self.precision),
            "threads": self.threads,
            "timeout_s": seconds("--timeout", self.timeout),
            "memory_bytes": n_bytes("--memory", self.memory),
        }
        each = {"epochs": self.epochs, "budget_s": seconds("--budget", self.budget)}
        chosen = chosen.with_data(**_given(data)).replace(**_given(limits))
        chosen = chosen.with_each(**_given(each))
        if chosen.data != shipped.data:
            chosen = chosen.unpublished()
        if self.label is not None and not chosen.data.name.endswith(".csv"):
            name = chosen.data.name
            raise UsageError(f"--label {self.label!r} goes with a CSV file, not with {name!r}")
        return chosen


def _given(options: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in options.items() if value is not None}


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
        UsageError: `text` is none, or 100 % or more.
    """
    complaint = "no share; write it as 2% or 0.02"
    found = _number(option, text, _SHARES, complaint)
    if found is not None and found >= 1.0:
        raise UsageError(f"{option} {text!r} is {complaint}")
    return found


def _number(
    option: str, text: str | None, units: Mapping[str, float], complaint: str
) -> float | None:
    if text is None:
        return None
    unit = text.lstrip("0123456789.")
    try:
        number = float(text.removesuffix(unit)) * units[unit]
    except (KeyError, ValueError):
        number = 0.0
    if not 0.0 < number < float("inf"):
        raise UsageError(f"{option} {text!r} is {complaint}")
    return number
