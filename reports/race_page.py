"""The race as a page shows it: places in a drawing, and what its script reads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from benchgrad.benchmarks.records import Data
from benchgrad.reports.axis import Axis, Tick, axis_for
from benchgrad.reports.race import Lane, Moment, Race
from benchgrad.reports.shapes import SIDE
from benchgrad.reports.style import CLASSES

_WIDTH, _HEIGHT = 1000, 300  # of the drawing of the losses, in the units of its lines
_LABEL_SHARE = 0.009  # of the width, that a character of a label takes
_LABELS_END = 0.98


@dataclass(frozen=True)
class Label:
    """Where the name of an engine is: at its first epoch, on a line that no other name crosses."""

    x: str
    line: int
    anchor: str


@dataclass(frozen=True)
class RacePage:
    """What the template shows beside the race itself."""

    race: Race
    data: Data

    @property
    def side(self) -> int:
        """The width of a picture, in the units of its paths."""
        return SIDE

    @property
    def width(self) -> int:
        """The width of the drawing of the losses, in the units of its lines."""
        return _WIDTH

    @property
    def height(self) -> int:
        """Its height."""
        return _HEIGHT

    @cached_property
    def axis(self) -> Axis:
        """The clock."""
        return axis_for(end_s for lane in self.race.lanes for end_s in lane.ends_s)

    @cached_property
    def highest(self) -> float:
        """The loss at the top: the highest of the ranked engines, if there are any."""
        lanes = self.race.finishers or self.race.lanes
        losses = [loss for lane in lanes for loss in lane.losses if 0.0 < loss < 1e300]
        return 1.05 * max(losses, default=1.0)

    def line(self, lane: Lane) -> str:
        """Return the loss of an engine over the clock, as the path of a drawing."""
        places = [
            f"{_WIDTH * self.axis.share(end_s):.1f} {self._y(loss):.1f}"
            for end_s, loss in zip(lane.ends_s, lane.losses, strict=True)
            if math.isfinite(loss)
        ]
        return f"M{'L'.join(places)}h0" if places else ""

    def head(self, lane: Lane) -> str:
        """Return a dot at the end of the line of an engine."""
        begun, _, last = self.line(lane).rpartition("L")
        return f"M{last}" if begun else last

    @cached_property
    def loss_ticks(self) -> list[Tick]:
        """Some losses, with their places from the top."""
        step = 10.0 ** math.floor(math.log10(self.highest))
        step *= next(part for part in (0.2, 0.5, 1.0, 2.0) if self.highest / (part * step) < 5.5)
        n = int(self.highest / step)
        return [Tick(1 - i * step / self.highest, f"{i * step:.4g}") for i in range(n + 1)]

    def _y(self, loss: float) -> float:
        return _HEIGHT * (1.0 - min(max(loss / self.highest, -1.0), 2.0))

    @cached_property
    def labels(self) -> list[Label]:
        """The labels of the lanes, in their order."""
        found: dict[str, Label] = {}
        ends: list[float] = []  # of each line of labels
        for lane in sorted(self.race.lanes, key=lambda lane: lane.ends_s[0]):
            share, width = self.axis.share(lane.ends_s[0]), _LABEL_SHARE * (len(lane.name) + 3)
            is_late = share + width > _LABELS_END
            begin = share - width if is_late else share
            free = [i for i, end in enumerate(ends) if end <= begin]
            line = free[0] if free else len(ends)
            ends[line : line + 1] = [begin + width]
            anchor = "end" if is_late else "start"
            found[lane.name] = Label(f"{100 * share:.2f}%", line, anchor)
        return [found[lane.name] for lane in self.race.lanes]

    @cached_property
    def n_lines(self) -> int:
        """How many lines of labels there are."""
        return 1 + max(label.line for label in self.labels)

    @cached_property
    def points(self) -> list[tuple[str, str]]:
        """The test points of each class: its colour, and a path of dots."""
        grid, found = self.data.grid, []
        if grid is None:
            return []
        for label in sorted(set(self.data.test_labels)):
            own = [
                point
                for point, other in zip(self.data.test_points, self.data.test_labels, strict=True)
                if other == label
            ]
            dots = "".join(
                f"M{_share(x, grid.x_min, grid.x_max) * SIDE:.0f} "
                f"{(1.0 - _share(y, grid.y_min, grid.y_max)) * SIDE:.0f}h0"
                for x, y in own
            )
            found.append((self.colour(label), dots))
        return found

    def colour(self, label: int) -> str:
        """Return the colour of a class."""
        return CLASSES[label % len(CLASSES)]

    def share_done(self, lane: Lane, moment: Moment) -> str:
        """Return how much of its training an engine had finished, as an attribute of SVG."""
        return f"{100 * moment.n_epochs / max(lane.n_planned, 1):.2f}%"

    @cached_property
    def script(self) -> dict[str, object]:
        """What the script reads: numbers only."""
        return {
            "low": self.axis.low,
            "high": self.axis.high,
            "telling": _number(self.race.telling_s, 6),
            "end": _number(self.race.end_s, 6),
            "highest": self.highest,
            "lanes": [
                {
                    "planned": lane.n_planned,
                    "epochs": lane.epochs,
                    "ends": [_number(end_s, 6) for end_s in lane.ends_s],
                    "losses": [_number(loss) for loss in lane.losses],
                    "accuracies": [_number(accuracy) for accuracy in lane.accuracies],
                    "regions": lane.regions,
                }
                for lane in self.race.lanes
            ],
        }


def _number(number: float, digits: int = 4) -> float | None:
    """Return a number with a few digits, None if it is not finite."""
    return float(f"{number:.{digits}g}") if math.isfinite(number) else None


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low)
