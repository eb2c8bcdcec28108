"""The race as a figure, drawn anew for each moment: a clock, the losses, a panel for each engine.

How pictures become a film is in `animation`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.reports.formats import seconds
from benchgrad.reports.race import Lane
from benchgrad.reports.race_page import RacePage
from benchgrad.reports.race_panel import SOFT, Panel, Place
from benchgrad.reports.style import INK, Look

if TYPE_CHECKING:
    from matplotlib.artist import Artist

_DPI = 84
_WIDTH, _HEAD, _CHART, _ROW = 10.0, 0.75, 1.75, 0.95  # inches; a row without its pictures
_WIDEST = 0.18  # of the width, a picture
_MARGIN = 0.03
_MOST_COLUMNS = 6
_TITLE_LENGTH = 60


class RaceDrawing:
    """A figure in which only what changes is drawn again."""

    def __init__(self, page: RacePage, looks: Mapping[str, Look], title: str) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self._page, self._looks = page, looks
        lanes = page.race.lanes
        n_columns = min(len(lanes), _MOST_COLUMNS)
        self._column = (1.0 - 2 * _MARGIN) / n_columns
        self._width = min(0.88 * self._column, _WIDEST)
        self._picture = self._width * _WIDTH if page.race.shapes else 0.0
        n_rows = math.ceil(len(lanes) / n_columns)
        self._height = _HEAD + _CHART + (_ROW + self._picture) * n_rows
        self._figure = Figure(figsize=(_WIDTH, self._height), dpi=_DPI)
        canvas: Any = FigureCanvasAgg(self._figure)  # its functions have no types
        self._canvas = canvas
        self._write(title)
        self._draw_losses()
        self._panels = [self._panel(lane, *divmod(i, n_columns)) for i, lane in enumerate(lanes)]
        self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(self._figure.bbox)

    def at(self, moment_s: float) -> NDArray[np.uint8]:
        """Return the picture of a moment, (height, width, 3)."""
        self._canvas.restore_region(self._background)
        for artist in self._artists(moment_s):
            self._figure.draw_artist(artist)
        return np.array(self._canvas.buffer_rgba())[:, :, :3]

    def _y(self, inches: float) -> float:
        """Return how high something is that is so far from the top."""
        return 1.0 - inches / self._height

    def _write(self, title: str) -> None:
        text = self._figure.text
        right: dict[str, Any] = {"x": 1.0 - _MARGIN, "ha": "right"}
        short = title if len(title) <= _TITLE_LENGTH else f"{title[: _TITLE_LENGTH - 1]}…"
        text(_MARGIN, self._y(0.42), short, fontsize=15, weight="bold")
        text(y=self._y(0.6), s="of training", fontsize=9, color=SOFT, **right)
        self._clock = text(
            y=self._y(0.42), s="", fontsize=19, weight="bold", animated=True, **right
        )

    def _draw_losses(self) -> None:
        page = self._page
        box = (0.045, self._y(_HEAD + _CHART - 0.42), 0.925, (_CHART - 0.5) / self._height)
        ax = self._figure.add_axes(box, xlim=(0.0, 1.0), ylim=(0.0, page.highest))
        ax.set_xticks([tick.share for tick in page.axis.ticks])
        ax.set_xticklabels([tick.label for tick in page.axis.ticks], fontsize=9)
        ax.tick_params(labelsize=9, length=2)
        ax.locator_params(axis="y", nbins=4)
        ax.text(0.0, 1.03, "mean training loss", fontsize=9, color=SOFT, transform=ax.transAxes)
        (self._cursor,) = ax.plot([0, 0], [0, page.highest], color=INK, lw=0.8, animated=True)
        self._lines = []
        for lane in page.race.lanes:
            look = self._looks[lane.name]
            style: dict[str, Any] = {"color": look.colour, "animated": True}
            (line,) = ax.plot([], [], lw=1.8, **style)
            (head,) = ax.plot([], [], look.marker, mfc=look.face, ms=7, clip_on=False, **style)
            self._lines.append((lane, line, head))

    def _panel(self, lane: Lane, row: int, column: int) -> Panel:
        top = _HEAD + _CHART + (_ROW + self._picture) * row
        left = _MARGIN + self._column * column
        place = Place(left, self._width, top, self._picture, self._height)
        panel = Panel(self._figure, lane, self._looks[lane.name], place)
        if self._page.race.shapes:
            panel.scatter(self._page)
        return panel

    def _artists(self, moment_s: float) -> Iterator[Artist]:
        """Yield what a moment shows, from the back to the front."""
        share = self._page.axis.share(moment_s)
        self._clock.set_text(seconds(moment_s))
        self._cursor.set_xdata([share, share])
        yield from (self._clock, self._cursor)
        for lane, line, head in self._lines:
            places = [
                (self._page.axis.share(end_s), loss)
                for end_s, loss in zip(lane.ends_s, lane.losses, strict=True)
                if end_s <= moment_s and math.isfinite(loss)
            ]
            if places:
                line.set_data(*zip(*places, strict=True))
                head.set_data(*zip(*places[-1:], strict=True))
                yield from (line, head)
        for panel in self._panels:
            yield from panel.at(moment_s, self._page.race.shapes)
