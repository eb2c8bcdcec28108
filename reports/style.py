"""The palette and the look that all figures share. It draws nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

# Source of the colours: Okabe and Ito, "Color Universal Design" (2008): colour-blind
# readers can distinguish them. An engine keeps its colour in every report.
_NAMED = {
    "scalar": "#D55E00",
    "tensor": "#0072B2",
    "numpy": "#009E73",
    "micrograd": "#CC79A7",
}
_OTHERS = ("#E69F00", "#56B4E9", "#7F6000", "#6A3D9A", "#B2182B", "#4D4D4D", "#1B7837", "#C51B7D")
CLASSES = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377")
INK, FAINT, PAPER = "#1f2933", "#9aa5b1", "#ffffff"

RC: Any = {
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e7eb",
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "font.size": 10,
    "legend.frameon": False,
    "text.parse_math": False,  # names may hold dollar signs
    "svg.fonttype": "path",
    "svg.hashsalt": "benchgrad",
}


@dataclass(frozen=True)
class Style:
    """What a plot needs besides its table: colours of the engines, names of the classes."""

    colours: dict[str, str]
    class_names: tuple[str, ...] = ()
    class_colours: tuple[str, ...] = field(default=CLASSES)

    def line(self, position: int, n: int) -> dict[str, Any]:
        """Return width and layer of one of n lines that may coincide: the wider lie below."""
        return {"linewidth": 1.6 + 1.8 * (n - 1 - position), "zorder": 2 + position}


def colours(engines: Iterable[str]) -> dict[str, str]:
    """Return a colour for each engine; it depends on its name alone, except in a tie."""
    chosen: dict[str, str] = {}
    for name in sorted(engines):
        if name in _NAMED:
            chosen[name] = _NAMED[name]
            continue
        start = crc32(name.encode())
        order = [_OTHERS[(start + i) % len(_OTHERS)] for i in range(len(_OTHERS))]
        chosen[name] = next((c for c in order if c not in chosen.values()), order[0])
    return chosen
