"""Figures of matplotlib as SVG in the page, in its own colours: light on dark, dark on light."""

from __future__ import annotations

import html
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchgrad.reports.style import SHIPPED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Drawn in these, and shown in the colour of the text around the figure.
INK = "#0b0c0d"
_FAINT = "#0e0f10"
_RC: Any = {
    "axes.edgecolor": _FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlecolor": INK,
    "font.size": 11,
    "grid.color": _FAINT,
    "grid.linewidth": 0.5,
    "svg.fonttype": "none",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def colour(which: str | int) -> str:
    """Return the colour of an engine in every figure; by its place, one of them for anything."""
    look = SHIPPED[which] if isinstance(which, str) else [*SHIPPED.values()][which]
    return look.colour


@dataclass(frozen=True, repr=False)
class Picture:
    """A picture that a notebook and a page show; `alt` says what is in it."""

    svg: str
    alt: str

    def _repr_html_(self) -> str:
        label = html.escape(self.alt, quote=True)
        return f'<div class="bg-picture" role="img" aria-label="{label}">{self.svg}</div>'

    def __repr__(self) -> str:
        return f"<picture: {self.alt}>"


def axes(width: float = 6.4, height: float = 3.2, n: int = 1) -> tuple[Figure, Any]:
    """Return a figure and its axes, or an array of them side by side, in the book's style."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_RC):
        figure = Figure(figsize=(width, height), layout="constrained")
        figure.patch.set_alpha(0.0)
        found = figure.subplots(1, n)
        for each in figure.axes:
            each.patch.set_alpha(0.0)
    return figure, found


def picture(figure: Figure, alt: str) -> Picture:
    """Return a figure of matplotlib as part of the page."""
    import matplotlib as mpl

    for ax in figure.axes:
        if legend := ax.get_legend():  # made by a page, in matplotlib's own style: on a white board
            legend.set_frame_on(False)
    buffer = io.StringIO()
    with mpl.rc_context({**_RC, "svg.hashsalt": alt}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return Picture(_adapted(buffer.getvalue()), alt)


def _adapted(svg: str) -> str:
    """Return a drawing that takes its colours, its letters and its width from the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<svg [^>]*?width="([\d.]+)pt"[^>]*?viewBox="([^"]*)"[^>]*>', _head, svg, count=1)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = re.sub(r"(font: [\d.]+px) [^;\"]*", r"\1 inherit", svg)
    svg = svg.replace(INK, "currentColor")
    return svg.replace(f"stroke: {_FAINT}", "stroke: currentColor; stroke-opacity: 0.25")


def _head(found: re.Match[str]) -> str:
    width, box = found.groups()
    style = f"width: 100%; max-width: {width}pt; height: auto; fill: currentColor"
    space = "http://www.w3.org/2000/svg"
    link = "http://www.w3.org/1999/xlink"
    return (
        f'<svg xmlns="{space}" xmlns:xlink="{link}" viewBox="{box}" style="{style}" '
        'aria-hidden="true">'
    )
