"""Axes: the values that a sweep gives to the size of its work, and the points that they make.

What a point changes in a plan is decided in `plan`; nothing is run here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from benchgrad.benchmarks.bounds import Name

MOST_POINTS = 1_000_000
_MOST_VALUES = 10_000  # of an axis

Samples = Annotated[int, Meta(ge=20, le=10_000_000)]
Features = Annotated[int, Meta(ge=1, le=100_000)]
Classes = Annotated[int, Meta(ge=2, le=1000)]
Width = Annotated[int, Meta(ge=1, le=1_000_000)]
Depth = Annotated[int, Meta(ge=0, le=100)]
Batch = Annotated[int, Meta(ge=1, le=10**9)]
Dtype = Literal["float64", "float32"]
Seed = Annotated[int, Meta(ge=0, lt=2**32)]
AxisName = Literal[
    "samples", "features", "width", "depth", "batch", "classes", "dtype", "dataset", "seed"
]
Value = int | str


class At(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where a point is: its value on each axis, None where it has the plan's own."""

    samples: Samples | None = None
    features: Features | None = None
    width: Width | None = None
    depth: Depth | None = None
    batch: Batch | None = None
    classes: Classes | None = None
    dtype: Dtype | None = None
    dataset: Name | None = None
    seed: Seed | None = None

    @property
    def values(self) -> dict[str, Value]:
        """The values that are not the plan's own, by axis."""
        fields = msgspec.structs.asdict(self)
        return {name: value for name, value in fields.items() if value is not None}

    @property
    def order(self) -> tuple[tuple[str, str, Value], ...]:
        """A key that sorts points by axis, and numbers by their size."""
        return tuple((name, type(value).__name__, value) for name, value in self.values.items())

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.values.items())


BASE = At()


def place(values: Mapping[str, Value]) -> At:
    """Return where a point with these values is, by axis."""
    return msgspec.convert(values, At)


def apart_from(own: At, at: At) -> At:
    """Return where a point is, without the values that are the plan's own."""
    known = own.values
    return place({name: value for name, value in at.values.items() if known.get(name) != value})


class Axes(Struct, frozen=True, forbid_unknown_fields=True):
    """The values of each axis, the smallest first: a sweep varies one while the others stay.

    Axes that `grid` names together are varied together as well: each value with each of the others.
    A `grid` of two numeric axes is refined up to `refine` times: a point is added half-way, on a
    log scale, between neighbours whose fastest engines differ. An engine is left out of a point
    where the cost model expects an epoch of it to take longer than `epoch_s`.
    """

    samples: Annotated[tuple[Samples, ...], Meta(max_length=_MOST_VALUES)] = ()
    features: Annotated[tuple[Features, ...], Meta(max_length=_MOST_VALUES)] = ()
    width: Annotated[tuple[Width, ...], Meta(max_length=_MOST_VALUES)] = ()
    depth: Annotated[tuple[Depth, ...], Meta(max_length=_MOST_VALUES)] = ()
    batch: Annotated[tuple[Batch, ...], Meta(max_length=_MOST_VALUES)] = ()
    classes: Annotated[tuple[Classes, ...], Meta(max_length=_MOST_VALUES)] = ()
    dtype: Annotated[tuple[Dtype, ...], Meta(max_length=2)] = ()
    dataset: Annotated[tuple[Name, ...], Meta(max_length=_MOST_VALUES)] = ()
    seed: Annotated[tuple[Seed, ...], Meta(max_length=_MOST_VALUES)] = ()
    grid: tuple[AxisName, ...] = ()
    refine: Annotated[int, Meta(ge=0, le=5)] = 0
    epoch_s: Annotated[float, Meta(gt=0, le=1e9)] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The axes that have values."""
        return tuple(name for name in At.__struct_fields__ if getattr(self, name))

    def points(self, own: At) -> Iterator[At]:
        """Yield where the points are, each once: those of each axis, then those of the grid.

        `own` has the plan's own values; the point where all are the plan's own is none of them.
        """
        seen = {BASE}
        for at in itertools.chain(self._stars(), self._crossed()):
            found = apart_from(own, at)
            if found not in seen:
                seen.add(found)
                yield found

    def n_points(self) -> int:
        """Return no fewer than the number of points, without making them."""
        stars = sum(len(getattr(self, name)) for name in self.names)
        crossed = 1 if self.grid else 0
        for name in self.grid:
            crossed *= len(getattr(self, name))
        return stars + crossed

    def _stars(self) -> Iterator[At]:
        for name in self.names:
            yield from (At(**{name: value}) for value in getattr(self, name))

    def _crossed(self) -> Iterator[At]:
        values = (getattr(self, name) for name in self.grid)
        for chosen in itertools.product(*values) if self.grid else ():
            yield At(**dict(zip(self.grid, chosen, strict=True)))
