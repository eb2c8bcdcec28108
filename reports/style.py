"""The look that all figures share: a colour and a marker for each engine. It draws nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from types import MappingProxyType
from typing import Any
from zlib import crc32

# The marks of the figures: matplotlib's name, and the outline in a box from -1 to 1 for an SVG.
OUTLINES: Mapping[str, str] = MappingProxyType(
    {
        "o": "M-.9 0a.9 .9 0 1 1 1.8 0a.9 .9 0 1 1-1.8 0z",
        "s": "M-.8-.8H.8V.8H-.8z",
        "D": "M0-1.1L1.1 0L0 1.1L-1.1 0z",
        "^": "M0-1L1 .8H-1z",
        "v": "M0 1L1-.8H-1z",
        "<": "M-1 0L.8-1V1z",
        ">": "M1 0L-.8-1V1z",
        "P": "M-.35-1H.35V-.35H1V.35H.35V1H-.35V.35H-1V-.35H-.35z",
        "X": "M-1-.55L-.55-1L0-.45L.55-1L1-.55L.45 0L1 .55L.55 1L0 .45L-.55 1L-1 .55L-.45 0z",
        "*": "M0-1.1L.3-.38L1.05-.34L.47 .15L.66 .89L0 .48L-.66 .89L-.47 .15L-1.05-.34L-.3-.38z",
        "p": "M0-1L.95-.31L.59 .81H-.59L-.95-.31z",
    }
)


@dataclass(frozen=True)
class Look:
    """How figures show an engine: a colour, a marker of `OUTLINES`, and whether it is hollow.

    A hollow one is a variant of an engine: other batches, or another policy of the collector.
    """

    colour: str
    marker: str
    is_hollow: bool = False

    @property
    def face(self) -> str:
        """The colour inside the marker, on paper."""
        return PAPER if self.is_hollow else self.colour

    @property
    def outline(self) -> str:
        """The path of the marker, in a box from -1 to 1."""
        return OUTLINES[self.marker]


# Every engine that comes with benchgrad. The first four colours are from Okabe and Ito, "Color
# Universal Design" (2008). All stand out from a light page and from a dark one; engines with the
# same marker differ in colour for colour-blind readers too. tests/reports/test_style.py measures
# both.
_SHIPPED = {
    "scalar": Look("#D55E00", "o"),
    "scalar-dot": Look("#996644", "^"),
    "scalar-compiled": Look("#CC2222", "s"),
    "tensor": Look("#0072B2", "o"),
    "tensor-replay": Look("#7777DD", "^"),
    "tensor-compiled": Look("#0099DD", "s"),
    "numpy": Look("#009E73", "D"),
    "micrograd": Look("#CC79A7", "v"),
    "torch": Look("#FF4477", "P"),
    "torch-compile": Look("#EE11CC", "X"),
    "jax": Look("#6644FF", "*"),
    "autograd": Look("#BB66FF", "D"),
    "mygrad": Look("#778811", "v"),
    "tinygrad": Look("#AA11DD", "P"),
    "sklearn-mlp": Look("#CC2277", "*"),
}
SHIPPED: Mapping[str, Look] = MappingProxyType(_SHIPPED)
_OTHERS = tuple(Look(*each) for each in product(
    ("#EE1166", "#AA77FF", "#FF33CC", "#BB00FF", "#885599", "#DD7744", "#2299AA", "#337722"),
    "<>p",
))  # fmt: skip
CLASSES = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377")
INK, FAINT, PAPER = "#1f2933", "#9aa5b1", "#ffffff"
DARK_PAPER = "#161b22"  # of the page in dark mode; the files of the figures are light

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
    """What a plot needs besides its table: the looks of the engines, names of the classes."""

    looks: Mapping[str, Look]
    class_names: tuple[str, ...] = ()
    class_colours: tuple[str, ...] = field(default=CLASSES)

    def line(self, position: int, n: int) -> dict[str, Any]:
        """Return width and layer of one of n lines that may coincide: the wider lie below."""
        return {"linewidth": 1.6 + 1.8 * (n - 1 - position), "zorder": 2 + position}

    def mark(self, engine: str) -> dict[str, Any]:
        """Return matplotlib's keywords for the marker of an engine."""
        look = self.looks[engine]
        return {"marker": look.marker, "markerfacecolor": look.face, "markeredgecolor": look.colour}


def looks(engines: Mapping[str, str] | Iterable[str]) -> dict[str, Look]:
    """Return the look of each engine; it depends on its name alone, except in a tie.

    Given a mapping from names to what is loaded for them, a variant of a shipped engine (one under
    another name) has that engine's look, hollow.
    """
    specs = dict(engines) if isinstance(engines, Mapping) else {name: name for name in engines}
    chosen: dict[str, Look] = {}
    for name in sorted(specs):
        if name in _SHIPPED:
            chosen[name] = _SHIPPED[name]
            continue
        order = _variants(specs[name]) or _by_name(name)
        chosen[name] = next((look for look in order if look not in chosen.values()), order[0])
    return chosen


def _variants(spec: str) -> list[Look]:
    """Return the looks for variants of a shipped engine, its own marker first; else none."""
    base = _SHIPPED.get(spec)
    if base is None:
        return []
    markers = dict.fromkeys([base.marker, *OUTLINES])
    return [Look(base.colour, marker, is_hollow=True) for marker in markers]


def _by_name(name: str) -> list[Look]:
    """Return the looks for an engine that is not shipped, in an order that its name gives."""
    start = crc32(name.encode())
    return [_OTHERS[(start + i) % len(_OTHERS)] for i in range(len(_OTHERS))]
