"""The race as an animated image, to be shown where no page can be."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.benchmarks.records import Data, Results
from benchgrad.reports.engine_summary import summaries
from benchgrad.reports.escaping import visible
from benchgrad.reports.file_names import ANIMATION
from benchgrad.reports.formats import percent, seconds
from benchgrad.reports.race import Lane, Moment, Race, race
from benchgrad.reports.race_page import RacePage
from benchgrad.reports.shapes import SIDE, Shape
from benchgrad.reports.style import CLASSES, INK, RC, Look, looks

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

_FRAMES, _FRAME_MS, _LAST_MS = 80, 100, 3000
_COLOURS, _UNKNOWN = 64, 255
_MOST_BYTES = 2_000_000
_DPI = 96
_WIDTH, _HEAD, _CHART, _ROW = 10.0, 0.75, 1.75, 0.95  # inches; a row without its pictures
_WIDEST = 0.18  # of the width, a picture
_MOST_COLUMNS = 6
_SOFT = "#52606d"
_NAME_LENGTH = 18
_UNTRAINED = 0.4  # how visible a picture is before its first epoch


def render_animation(results: Results) -> dict[str, bytes]:
    """Return the file of the animation by its path in the report; none without a race."""
    found = race(results, summaries(results))
    if found is None:
        return {}
    known = looks({each.name: each.spec for each in results.plan.engines})
    return {ANIMATION: animation(found, results.data, known, results.plan.title)}


def animation(found: Race, data: Data, known: Mapping[str, Look], title: str) -> bytes:
    """Return the race as a GIF that repeats; the same race gives the same bytes."""
    import matplotlib as mpl

    with mpl.rc_context(RC), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name may have characters that no font has
        drawing = _Drawing(RacePage(found, data), known, visible(title))
        axis = drawing.page.axis
        shares = np.linspace(0.0, axis.share(found.end_s), _FRAMES)[:-1]
        moments = [*(axis.low * (axis.high / axis.low) ** shares).tolist(), found.end_s]
        frames = [drawing.frame(moment_s) for moment_s in moments]
    return _small(frames)


def _small(frames: list[NDArray[np.uint8]]) -> bytes:
    """Return pictures as a GIF of less than two megabytes; if need be, without every other one."""
    pictures = _with_palette(frames)
    step = 1
    while True:
        kept = [*pictures[:-1:step], pictures[-1]]
        buffer = io.BytesIO()
        kept[0].save(
            buffer, "GIF", save_all=True, append_images=kept[1:], loop=0, optimize=False,
            duration=[step * _FRAME_MS] * (len(kept) - 1) + [_LAST_MS],
        )  # fmt: skip
        if len(buffer.getvalue()) < _MOST_BYTES or len(kept) <= 2:
            return buffer.getvalue()
        step *= 2


def _with_palette(frames: list[NDArray[np.uint8]]) -> list[Image]:
    """Return pictures in the colours that most pixels of two of them have.

    Pillow's own search for the nearest colour is rough, and would make white grey.
    """
    from PIL import Image

    codes = [
        frame.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32) for frame in frames
    ]
    found, counts = np.unique(np.stack([codes[len(codes) // 2], codes[-1]]), return_counts=True)
    common = found[np.argsort(-counts, kind="stable")[:_COLOURS]]
    palette = np.stack([common >> 16, common >> 8 & 255, common & 255], axis=1).astype(np.int32)
    nearest = np.full(1 << 24, _UNKNOWN, np.uint8)
    pictures = []
    for frame in codes:
        new = np.unique(frame[nearest[frame] == _UNKNOWN])
        rgb = np.stack([new >> 16, new >> 8 & 255, new & 255], axis=1).astype(np.int32)
        distances = ((rgb[:, None] - palette[None]) ** 2).sum(axis=2)
        nearest[new] = distances.argmin(axis=1) if len(new) else 0
        picture = Image.fromarray(nearest[frame])
        picture.putpalette(palette.astype(np.uint8).tobytes())
        pictures.append(picture)
    return pictures


@dataclass
class _Panel:
    """What changes in the panel of an engine."""

    lane: Lane
    ax: Axes
    colour: str
    regions: dict[int, list[Artist]]
    points: list[Artist]
    bar: Any
    place: Any
    now: Any
    how: Any


class _Drawing:
    """A figure in which only what changes is drawn again."""

    def __init__(self, page: RacePage, known: Mapping[str, Look], title: str) -> None:
        from matplotlib.figure import Figure

        self.page, self._looks = page, known
        lanes = page.race.lanes
        columns = min(len(lanes), _MOST_COLUMNS)
        self._side = min(0.88 * 0.94 / columns, _WIDEST)
        self._row = _ROW + (self._side * _WIDTH if page.race.shapes else 0.0)
        self._height = _HEAD + _CHART + self._row * math.ceil(len(lanes) / columns)
        self._figure = Figure(figsize=(_WIDTH, self._height), dpi=_DPI)
        self._canvas = _canvas(self._figure)
        self._write(title)
        self._draw_chart()
        self._panels = [self._panel(lane, i, columns) for i, lane in enumerate(lanes)]
        self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(self._figure.bbox)

    def frame(self, moment_s: float) -> NDArray[np.uint8]:
        """Return the picture of a moment, (height, width, 3)."""
        self._canvas.restore_region(self._background)
        for artist in self._artists(moment_s):
            self._figure.draw_artist(artist)
        return np.array(self._canvas.buffer_rgba())[:, :, :3]

    def _y(self, inches: float) -> float:
        """Return how high something is that is so far from the top."""
        return 1.0 - inches / self._height

    def _write(self, title: str) -> None:
        short = title if len(title) <= 60 else f"{title[:59]}…"
        self._figure.text(0.03, self._y(0.42), short, fontsize=15, weight="bold")
        self._figure.text(0.97, self._y(0.6), "of training", fontsize=9, color=_SOFT, ha="right")
        self._clock = self._figure.text(
            0.97, self._y(0.42), "", fontsize=19, weight="bold", ha="right", animated=True
        )

    def _draw_chart(self) -> None:
        page = self.page
        box = (0.045, self._y(_HEAD + _CHART - 0.42), 0.925, (_CHART - 0.5) / self._height)
        self._chart = ax = self._figure.add_axes(box)
        ax.set_xlim(0.0, 1.0)
        ax.set_ylim(0.0, page.highest)
        ax.set_xticks([tick.share for tick in page.axis.ticks])
        ax.set_xticklabels([tick.label for tick in page.axis.ticks], fontsize=9)
        ax.tick_params(labelsize=9, length=2)
        ax.locator_params(axis="y", nbins=4)
        ax.text(0.0, 1.03, "mean training loss", fontsize=9, color=_SOFT, transform=ax.transAxes)
        (self._cursor,) = ax.plot([0, 0], [0, page.highest], color=INK, lw=0.8, animated=True)
        self._lines = [
            ax.plot([], [], color=self._looks[lane.name].colour, lw=1.8, animated=True)[0]
            for lane in page.race.lanes
        ]
        self._heads = [
            ax.plot(
                [], [], self._looks[lane.name].marker, color=self._looks[lane.name].colour,
                ms=7, animated=True, clip_on=False,
            )[0]
            for lane in page.race.lanes
        ]  # fmt: skip

    def _panel(self, lane: Lane, i: int, n_columns: int) -> _Panel:
        """Return the panel of an engine; its name and marker are part of the background."""
        width = 0.94 / n_columns
        top = _HEAD + _CHART + self._row * (i // n_columns)
        left, side = 0.03 + width * (i % n_columns), self._side
        figure, look = self._figure, self._looks[lane.name]
        name = visible(lane.name)
        name = name if len(name) <= _NAME_LENGTH else f"…{name[1 - _NAME_LENGTH :]}"
        head = figure.add_axes((left, self._y(top + 0.2), 0.02, 0.2 / self._height))
        head.set_axis_off()
        head.plot([0], [0], look.marker, color=look.colour, ms=7)
        figure.text(left + 0.022, self._y(top + 0.13), name, fontsize=10, va="center")
        flat = not self.page.race.shapes
        height = 0.0 if flat else side * _WIDTH
        plane = (left, self._y(top + 0.27 + height), side, max(height, 0.01) / self._height)
        ax = figure.add_axes(plane, xlim=(0, SIDE), ylim=(SIDE, 0))
        ax.set_axis_off()
        below = top + 0.27 + height + 0.1
        bar = figure.add_axes((left, self._y(below), side, 0.06 / self._height), xlim=(0, 1))
        bar.set_xticks([])
        bar.set_yticks([])
        bar.grid(visible=False)
        bar.spines[:].set_visible(False)
        bar.set_facecolor("#d9dee4")
        texts = [
            figure.text(left, self._y(below + down), "", fontsize=size, color=colour, animated=True)
            for down, size, colour in ((0.21, 9, INK), (0.38, 8.5, _SOFT))
        ]
        place = figure.text(
            left + side - 0.014, self._y(top + (0.13 if flat else 0.44)), "", fontsize=9.5,
            weight="bold", color="white", ha="center", va="center", animated=True,
            bbox={"boxstyle": "circle,pad=0.25", "facecolor": INK, "edgecolor": "none"},
        )  # fmt: skip
        return _Panel(
            lane, ax, look.colour, {}, self._points(ax),
            bar.barh([0.5], [0], 1, color=look.colour)[0], place, *texts,
        )  # fmt: skip

    def _points(self, ax: Axes) -> list[Artist]:
        grid, data = self.page.data.grid, self.page.data
        if grid is None or not self.page.race.shapes:
            return []
        x, y = np.array(data.test_points).T
        return [
            ax.scatter(
                (x - grid.x_min) / (grid.x_max - grid.x_min) * SIDE,
                (grid.y_max - y) / (grid.y_max - grid.y_min) * SIDE,
                s=5, c=[self.page.colour(label) for label in data.test_labels], linewidths=0,
            )
        ]  # fmt: skip

    def _artists(self, moment_s: float) -> Iterator[Artist]:
        """Yield what a moment shows, from the back to the front."""
        share = self.page.axis.share(moment_s)
        self._clock.set_text(seconds(moment_s))
        self._cursor.set_xdata([share, share])
        yield self._clock
        yield self._cursor
        for line, head, lane in zip(self._lines, self._heads, self.page.race.lanes, strict=True):
            places = [
                (self.page.axis.share(end_s), loss)
                for end_s, loss in zip(lane.ends_s, lane.losses, strict=True)
                if end_s <= moment_s and math.isfinite(loss)
            ]
            if places:
                line.set_data(*zip(*places, strict=True))
                head.set_data(*zip(*places[-1:], strict=True))
                yield from (line, head)
        for panel in self._panels:
            yield from self._changed(panel, moment_s)

    def _changed(self, panel: _Panel, moment_s: float) -> Iterator[Artist]:
        lane, moment = panel.lane, panel.lane.at(moment_s)
        if moment.shape is not None:
            for artist in (*self._painted(panel, moment.shape), *panel.points):
                artist.set_alpha(1.0 if moment.n_epochs else _UNTRAINED)
                yield artist
        panel.bar.set_width(moment.n_epochs / max(lane.n_planned, 1))
        panel.now.set_text(_progress(lane, moment))
        panel.how.set_text(_quality(moment))
        yield from (panel.bar, panel.now, panel.how)
        if lane.place and lane.end_s <= moment_s:
            panel.place.set_text(str(lane.place))
            yield panel.place

    def _painted(self, panel: _Panel, index: int) -> list[Artist]:
        """Return the regions of a shape in the axes of a panel; they are made once."""
        if index not in panel.regions:
            shape = self.page.race.shapes[index]
            panel.regions[index] = list(_patches(panel.ax, shape))
        return panel.regions[index]


def _canvas(figure: Figure) -> Any:
    """Return what draws a figure; matplotlib gives its methods no types."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    return FigureCanvasAgg(figure)


def _patches(ax: Axes, shape: Shape) -> Iterator[Artist]:
    """Yield the layers of a shape; lighter colours, since layers that show through would add up."""
    from matplotlib.colors import to_rgb
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    for label, polygons in shape.layers:
        if polygons:
            colour = 1.0 - 0.34 * (1.0 - np.array(to_rgb(CLASSES[label % len(CLASSES)])))
            path = Path.make_compound_path(*(Path(polygon, closed=True) for polygon in polygons))
            patch = PathPatch(path, facecolor=tuple(colour), linewidth=0)
            ax.add_artist(patch)
            yield patch


def _progress(lane: Lane, moment: Moment) -> str:
    if moment.n_epochs == lane.n_done and lane.status != "ok":
        return lane.status
    if moment.n_epochs == lane.n_done:
        return lane.ending if lane.n_done == lane.n_planned else "stopped by its budget"
    return (
        f"epoch {moment.n_epochs} of {lane.n_planned}" if moment.n_epochs else "in its first epoch"
    )


def _quality(moment: Moment) -> str:
    if math.isnan(moment.accuracy):
        return f"loss {moment.loss:#.3g}" if moment.n_epochs else "not trained yet"
    return f"{percent(moment.accuracy)} · loss {moment.loss:#.3g}"
