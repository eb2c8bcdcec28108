"""The race as an animated image, to be shown where no page can be."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchgrad.benchmarks.records import Results
from benchgrad.reports.engine_summary import summaries
from benchgrad.reports.escaping import visible
from benchgrad.reports.file_names import ANIMATION
from benchgrad.reports.own_names import with_own_names
from benchgrad.reports.race import race
from benchgrad.reports.race_drawing import RaceDrawing
from benchgrad.reports.race_page import RacePage
from benchgrad.reports.showing import showing
from benchgrad.reports.style import RC, looks

if TYPE_CHECKING:
    from PIL.Image import Image

_FRAMES, _FRAME_MS, _LAST_MS = 80, 100, 3000
_COLOURS, _UNKNOWN = 64, 255
_MOST_BYTES = 2_000_000

Picture = NDArray[np.uint8]  # (height, width, 3)


def render_animation(results: Results) -> dict[str, bytes]:
    """Return the file of the animation by its path in the folder of a run; none without a race.

    It is a GIF that repeats. The same records give the same bytes.
    """
    return showing(
        with_own_names(results),
        lambda shown: _animated(shown.results),
        attempt=lambda shown: race(shown.results, summaries(shown.results)),
    )


def _animated(results: Results) -> dict[str, bytes]:
    import matplotlib as mpl

    found = race(results, summaries(results))
    if found is None:
        return {}
    known = looks({each.name: each.spec for each in results.plan.engines})
    page = RacePage(found, results.data)
    with mpl.rc_context(RC), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name may have characters that no font has
        drawing = RaceDrawing(page, known, visible(results.plan.title))
        shares = np.linspace(0.0, page.axis.share(found.end_s), _FRAMES)[:-1]
        moments = page.axis.low * (page.axis.high / page.axis.low) ** shares
        frames = [drawing.at(moment_s) for moment_s in (*moments.tolist(), found.end_s)]
    return {ANIMATION: _small(_with_palette(frames))}


def _small(pictures: list[Image]) -> bytes:
    """Return pictures as a GIF of less than two megabytes; if need be, without every other one."""
    step = 1
    while True:
        first, *others = [*pictures[:-1:step], pictures[-1]]
        buffer = io.BytesIO()
        first.save(
            buffer, "GIF", save_all=True, append_images=others, loop=0, optimize=False,
            duration=[step * _FRAME_MS] * len(others) + [_LAST_MS],
        )  # fmt: skip
        if len(buffer.getvalue()) < _MOST_BYTES or len(others) == 1:
            return buffer.getvalue()
        step *= 2


def _with_palette(frames: list[Picture]) -> list[Image]:
    """Return pictures in the colours that most pixels of two of them have.

    Pillow's own search for the nearest colour is rough, and would make white grey.
    """
    from PIL import Image

    weights = np.array([1 << 16, 1 << 8, 1], np.uint32)
    codes = [frame.astype(np.uint32) @ weights for frame in frames]
    found, counts = np.unique(np.stack([codes[len(codes) // 2], codes[-1]]), return_counts=True)
    palette = _rgb(found[np.argsort(-counts, kind="stable")[:_COLOURS]])
    nearest = np.full(1 << 24, _UNKNOWN, np.uint8)  # of every colour, once it is needed
    pictures = []
    for code in codes:
        new = np.unique(code[nearest[code] == _UNKNOWN])
        distances = ((_rgb(new)[:, None] - palette[None]) ** 2).sum(axis=2)
        nearest[new] = distances.argmin(axis=1)
        picture = Image.fromarray(nearest[code])
        picture.putpalette(palette.astype(np.uint8).tobytes())
        pictures.append(picture)
    return pictures


def _rgb(codes: NDArray[np.uint32]) -> NDArray[np.int32]:
    """Return the colours of codes, (n, 3)."""
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1).astype(np.int32)
