"""Did an engine do the same work as the reference, at every step? Nothing is measured here."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.benchmarks.records import Cell, Equality, Reference, Results, Snapshot

# The largest difference allowed, relative to 1 + |reference|, in runs of up to _STEPS steps. In
# longer ones it grows in proportion, as rounding errors do at worst.
LIMITS = {"float64": 1e-9, "float32": 1e-3}
_STEPS = 480  # 20 epochs of the headline plan

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Trajectory:
    """What the reference did: its loss at every step, and its flat parameters after each epoch."""

    name: str
    losses: list[list[float | None]]
    parameters: list[Array]

    def stored(self, round: int, batch_size: int, epochs: Iterable[int]) -> Reference:
        """Return its record, with the parameters after each of these numbers of epochs."""
        snapshots = [Snapshot(n, self.parameters[n - 1].tolist()) for n in sorted(epochs)]
        return Reference(self.name, round, batch_size, self.losses, snapshots)


def limit(dtype: str, n_steps: int) -> float:
    """Return the largest difference that still counts as equal after `n_steps`."""
    return LIMITS[dtype] * max(1.0, n_steps / _STEPS)


def difference(found: Any, expected: Any) -> float:
    """Return the largest |found − expected| / (1 + |expected|); inf for nan and other shapes."""
    a, b = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    if a.shape != b.shape or not np.isfinite(a).all():
        return np.inf
    return float(np.max(np.abs(a - b) / (1.0 + np.abs(b)), initial=0.0))


def equality_of(
    reference: Trajectory,
    losses: list[list[float | None]],
    parameters: list[float | None],
    logit_difference: float,
    dtype: str,
) -> Equality:
    """Return how far a run of ``len(losses)`` epochs is from the reference."""
    found = [loss for epoch in losses for loss in epoch]
    expected = [loss for epoch in reference.losses[: len(losses)] for loss in epoch]
    return Equality(
        reference=reference.name,
        n_steps=len(found),
        loss_difference=_storable(difference(found, expected)),
        parameter_difference=_storable(
            difference(parameters, reference.parameters[len(losses) - 1])
        ),
        logit_difference=_storable(logit_difference),
        limit=limit(dtype, len(found)),
    )


def reference_of(cell: Cell, results: Results) -> Reference | None:
    """Return what a cell is compared with, None if the records lack it."""
    plan = results.plan
    contestant = next(each for each in plan.engines if each.name == cell.engine)
    wanted = (cell.round, plan.batch_size_of(contestant))
    return next((r for r in results.references if (r.round, r.batch_size) == wanted), None)


def agreed_steps(reference: Reference, losses: list[list[float | None]], most: float) -> int:
    """Return in how many steps, from the first on, no loss differs by more than `most`."""
    found = np.array([*itertools.chain.from_iterable(losses)], np.float64)
    expected = np.array([*itertools.chain.from_iterable(reference.losses)], np.float64)
    found, expected = (each[: min(len(found), len(expected))] for each in (found, expected))
    with np.errstate(all="ignore"):
        parted = ~(np.abs(found - expected) <= most * (1.0 + np.abs(expected)))
    return int(parted.argmax()) if parted.any() else len(found)


def why_unequal(equality: Equality) -> str:
    """Return why the work was not the same, in one line; empty if it was."""
    for what, found in (
        ("losses differ", equality.loss_difference),
        ("final parameters differ", equality.parameter_difference),
        ("logits differ", equality.logit_difference),
    ):
        if found is None:
            return f"{what} from {equality.reference} in shape, or are not finite"
        if found > equality.limit:
            return (
                f"{what} from {equality.reference} by up to {found:.2g}; "
                f"the limit is {equality.limit:.2g}"
            )
    return ""


def _storable(number: float) -> float | None:
    return number if np.isfinite(number) else None
