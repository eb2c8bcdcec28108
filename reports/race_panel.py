"""An engine's panel in the drawing of a race: its boundary, how far it is, and its place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchgrad.reports.escaping import visible
from benchgrad.reports.formats import count, percent
from benchgrad.reports.race import Lane, Moment
from benchgrad.reports.race_page import RacePage
from benchgrad.reports.shapes import SIDE, Shape
from benchgrad.reports.style import CLASSES, INK, Look

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SOFT = "#52606d"
_TRACK = "#d9dee4"
_NAME_LENGTH = 18
_UNTRAINED = 0.4  # how visible a picture is before its first epoch
_LIGHT = 0.34  # how much of its colour a region has


@dataclass(frozen=True)
class Place:
    """Where a panel is: from the left and its width in shares of the figure, the rest in inches.

    `top` counts from the top of the figure, `picture` is the height of the boundary, 0 without one.
    """

    left: float
    width: float
    top: float
    picture: float
    figure_height: float

    def y(self, inches: float) -> float:
        """Return how high something is that is so far below the top of the panel."""
        return 1.0 - (self.top + inches) / self.figure_height

    def box(self, bottom: float, height: float) -> tuple[float, float, float, float]:
        """Return the box that ends so far below the top of the panel."""
        return self.left, self.y(bottom), self.width, height / self.figure_height


class Panel:
    """What changes in the panel of an engine; name and marker are part of the background."""

    def __init__(self, figure: Figure, lane: Lane, look: Look, place: Place) -> None:
        self.lane = lane
        self._regions: dict[int, list[Artist]] = {}
        self._points: list[Artist] = []
        self._name(figure, look, place)
        box = place.box(0.27 + place.picture, max(place.picture, 0.01))
        self._plane = figure.add_axes(box, xlim=(0, SIDE), ylim=(SIDE, 0))
        self._plane.set_axis_off()
        below = 0.37 + place.picture
        self._bar = _bar(figure, look, place.box(below, 0.06))
        text: Mapping[str, Any] = {"animated": True, "s": "", "x": place.left}
        self._now = figure.text(y=place.y(below + 0.21), fontsize=9, color=INK, **text)
        self._how = figure.text(y=place.y(below + 0.38), fontsize=8.5, color=SOFT, **text)
        self._badge = figure.text(
            place.left + place.width - 0.014, place.y(0.44 if place.picture else 0.13), "",
            fontsize=9.5, weight="bold", color="white", ha="center", va="center", animated=True,
            bbox={"boxstyle": "circle,pad=0.25", "facecolor": INK, "edgecolor": "none"},
        )  # fmt: skip

    def _name(self, figure: Figure, look: Look, place: Place) -> None:
        name = visible(self.lane.name)
        name = name if len(name) <= _NAME_LENGTH else f"…{name[1 - _NAME_LENGTH :]}"
        head = figure.add_axes((place.left, place.y(0.2), 0.02, 0.2 / place.figure_height))
        head.set_axis_off()
        head.plot([0], [0], look.marker, color=look.colour, mfc=look.face, ms=7)
        figure.text(place.left + 0.022, place.y(0.13), name, fontsize=10, va="center")

    def scatter(self, page: RacePage) -> None:
        """Put the test points on the boundary."""
        grid, data = page.data.grid, page.data
        if grid is None:
            return
        x, y = np.array(data.test_points).T
        across = (x - grid.x_min) / (grid.x_max - grid.x_min)
        down = (grid.y_max - y) / (grid.y_max - grid.y_min)
        colours = [page.colour(label) for label in data.test_labels]
        self._points = [self._plane.scatter(SIDE * across, SIDE * down, 5, colours, linewidths=0)]

    def at(self, moment_s: float, shapes: tuple[Shape, ...]) -> Iterator[Artist]:
        """Yield what the panel shows at a moment, from the back to the front."""
        lane, moment = self.lane, self.lane.at(moment_s)
        if moment.shape is not None:
            if moment.shape not in self._regions:  # drawn once
                self._regions[moment.shape] = list(_patches(self._plane, shapes[moment.shape]))
            for artist in (*self._regions[moment.shape], *self._points):
                artist.set_alpha(1.0 if moment.n_epochs else _UNTRAINED)
                yield artist
        self._bar.set_width(moment.n_epochs / max(lane.n_planned, 1))
        self._now.set_text(_progress(lane, moment))
        self._how.set_text(_quality(moment))
        yield from (self._bar, self._now, self._how)
        if lane.place and lane.end_s <= moment_s:
            self._badge.set_text(str(lane.place))
            yield self._badge


def _bar(figure: Figure, look: Look, box: tuple[float, float, float, float]) -> Any:
    """Return the bar that grows; what is behind it belongs to the background."""
    track = figure.add_axes(box, xlim=(0, 1))
    track.set_xticks([])
    track.set_yticks([])
    track.grid(visible=False)
    track.spines[:].set_visible(False)
    track.set_facecolor(_TRACK)
    (bar,) = track.barh([0.5], [0.0], 1.0, color=look.colour)
    return bar


def _patches(ax: Axes, shape: Shape) -> Iterator[Artist]:
    """Yield the layers of a shape in light colours: those of layers that show through add up."""
    from matplotlib.colors import to_rgb
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    for label, polygons in shape.layers:
        if polygons:
            colour = 1.0 - _LIGHT * (1.0 - np.array(to_rgb(CLASSES[label % len(CLASSES)])))
            path = Path.make_compound_path(*(Path(polygon, closed=True) for polygon in polygons))
            patch = PathPatch(path, facecolor=tuple(colour), linewidth=0)
            ax.add_artist(patch)
            yield patch


def _progress(lane: Lane, moment: Moment) -> str:
    if moment.n_epochs < lane.n_done:
        of = f"epoch {count(moment.n_epochs)} of {count(lane.n_planned)}"
        return of if moment.n_epochs else "in its first epoch"
    if lane.status != "ok":
        return lane.status
    return lane.ending if lane.n_done == lane.n_planned else "stopped by its budget"


def _quality(moment: Moment) -> str:
    if not moment.n_epochs:
        return "not trained yet"
    loss = f"loss {moment.loss:#.3g}"
    return loss if math.isnan(moment.accuracy) else f"{percent(moment.accuracy)} · {loss}"
