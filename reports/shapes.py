"""The outlines of regions in the plane, as paths that a page and a figure can fill."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchgrad.benchmarks.records import Data
from benchgrad.benchmarks.regions import Regions

SIDE = 340  # of a picture, in the units of its paths

_MOST_CLASSES = 20  # with more of them nobody could tell the colours apart
_BLUR = 1.0  # points of the grid: rounds the corners of its squares, and moves no edge by more

Polygon = NDArray[np.float64]  # (n, 2), closed, in the units of a picture


@dataclass(frozen=True)
class Shape:
    """Regions as layers to be painted one over the other: each with its class and its outlines.

    The first layer is the whole picture.
    """

    layers: tuple[tuple[int, tuple[Polygon, ...]], ...]

    @property
    def paths(self) -> list[tuple[int, str]]:
        """The layers as classes with paths of SVG, to be filled by the rule evenodd."""
        return [(label, "".join(map(_path, polygons))) for label, polygons in self.layers]


class Shapes:
    """Collects different shapes: engines that do the same work share theirs."""

    def __init__(self, data: Data) -> None:
        self._is_drawable = data.grid is not None and len(data.class_names) <= _MOST_CLASSES
        self._found: dict[tuple[tuple[int, int], ...], int] = {}
        self._shapes: list[Shape] = []

    @property
    def found(self) -> tuple[Shape, ...]:
        """All shapes so far."""
        return tuple(self._shapes)

    def index(self, regions: Regions) -> int:
        """Return which shape shows regions; a new one if none does."""
        key = tuple(regions.runs)
        if key not in self._found:
            self._found[key] = len(self._shapes)
            self._shapes.append(_shape(regions))
        return self._found[key]


def _shape(regions: Regions) -> Shape:
    """Return the layers of regions: each class over all lower ones, so that no gap is left."""
    classes = regions.classes()
    side = math.isqrt(len(classes))
    square = classes.reshape(side, side)[::-1]  # pictures begin at the top
    lowest, *others = np.unique(square).tolist()
    whole = np.array([[0, 0], [SIDE, 0], [SIDE, SIDE], [0, SIDE], [0, 0]], float)
    layers = [(label, _outlines(square >= label)) for label in others]
    return Shape(((lowest, (whole,)), *layers))


def _outlines(inside: NDArray[np.bool_]) -> tuple[Polygon, ...]:
    """Return the outlines of a set of grid points, (n, n), those of its holes too."""
    from contourpy import FillType, contour_generator
    from scipy.ndimage import gaussian_filter

    field = gaussian_filter(inside.astype(float), _BLUR, mode="nearest")
    places = np.linspace(0, SIDE, len(inside))
    generator = contour_generator(places, places, field, fill_type=FillType.OuterCode)
    polygons: list[Polygon] = []
    for points, codes in zip(*generator.filled(0.5, 2.0), strict=True):
        begins = np.flatnonzero(codes == 1)[1:]
        polygons += np.split(points.round(), begins)
    return tuple(polygons)


def _path(polygon: Polygon) -> str:
    """Return a closed outline as a path in whole units, relative to save bytes."""
    points = polygon.astype(int)
    steps = np.diff(points, axis=0)[:-1].tolist()
    moves = "".join(f"l{dx}{dy}" if dy < 0 else f"l{dx} {dy}" for dx, dy in steps)
    return f"M{points[0][0]} {points[0][1]}{moves}z"
