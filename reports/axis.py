"""A logarithmic axis in percent of a width, so that a drawing fits a phone and a projector."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from benchgrad.reports import formats

_MARGIN = 1.25  # times the ends
_NARROW = 1.3  # decades; a shorter axis has ticks at 1, 2 and 5
_MOST_TICKS = 7


@dataclass(frozen=True)
class Tick:
    """A place with a label."""

    share: float
    label: str

    @property
    def x(self) -> str:
        """The place, as an attribute of SVG."""
        return f"{100 * self.share:.2f}%"


@dataclass(frozen=True)
class Axis:
    """A logarithmic axis from `low` to `high`."""

    low: float
    high: float
    ticks: tuple[Tick, ...] = ()

    def share(self, value: float) -> float:
        """Return where a value is: 0 at the beginning, 1 at the end."""
        if not 0.0 < value < math.inf:
            return 0.0
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return min(max(share, 0.0), 1.0)

    def x(self, value: float) -> str:
        """Return where a value is, as an attribute of SVG; what is unknown is at the beginning."""
        return f"{100 * self.share(value):.2f}%"


def axis_for(values: Iterable[float], form: str = "") -> Axis:
    """Return the axis that has room for values; `form` is how a tick is shown, else as a time."""
    known = [value for value in values if 1e-300 < value < 1e300]
    low, high = min(known, default=1.0) / _MARGIN, max(known, default=1.0) * _MARGIN
    axis = Axis(low, high)
    steps = (1, 2, 5) if math.log10(high / low) < _NARROW else (1,)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    places = [step * 10.0**decade for decade in decades for step in steps]
    inside = [place for place in places if low <= place <= high]
    every = math.ceil(len(inside) / _MOST_TICKS)
    ticks = [Tick(axis.share(place), _label(place, form)) for place in inside[:: every or 1]]
    return Axis(low, high, tuple(ticks))


def _label(place: float, form: str) -> str:
    """Return what a tick shows: 10 ms, or 0.5 ×."""
    if form:
        return form.format(f"{place:g}")
    for unit, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")):
        if formats.rounded(place) >= unit:
            return f"{formats.rounded(place / unit):,g} {name}"
    return f"{place:g} s"
