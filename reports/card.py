"""The card: one picture that says what a run found, to be shown where its report is linked."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from benchgrad.benchmarks.records import Results
from benchgrad.reports.engine_summary import EngineSummary
from benchgrad.reports.escaping import visible
from benchgrad.reports.findings import Headline, headline
from benchgrad.reports.formats import ratio, ratio_between, seconds, speedup
from benchgrad.reports.style import FAINT, INK, PAPER, RC, Look, looks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT, _DPI = 12.0, 6.3, 100  # 1200 × 630 pixels, as link previews show
_SOFT, _ACCENT, _AMBER = "#52606d", "#0062a3", "#8a5a00"
_MOST = 7  # engines, so that a thumbnail is legible
_MOST_TICKS = 5
_NAME_LENGTH, _TITLE_LENGTH = 22, 52


def card(results: Results, engines: Sequence[EngineSummary]) -> bytes:
    """Return the card as PNG."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    found = headline(results, engines)
    known = looks({each.name: each.spec for each in results.plan.engines})
    ranked = [e for e in engines if e.is_as_shipped and not math.isnan(e.times_fastest.ratio)]
    with mpl.rc_context(RC), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name may have characters that no font has
        figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI)
        FigureCanvasAgg(figure)
        _write(figure, results, found)
        if ranked:
            _draw(figure, _chosen(ranked, found, known), known)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=_DPI)
    return buffer.getvalue()


def _write(figure: Figure, results: Results, found: Headline | None) -> None:
    """Write the ratio and the sentence on the left, and where they come from below."""
    environment, day = results.environment, results.started_at[:10]
    figure.text(0.045, 0.905, _cut(results.plan.title, _TITLE_LENGTH), fontsize=19, color=_SOFT)
    figure.text(0.955, 0.905, "benchgrad", fontsize=19, color=_SOFT, ha="right", weight="bold")
    place = _cut(f"{environment.processor}, {environment.n_cpus} CPUs", 70)
    figure.text(0.045, 0.055, f"{place}  ·  {day}", fontsize=15, color=_SOFT)
    if found is None:
        figure.text(0.045, 0.6, "no ratio", fontsize=60, color=_AMBER, weight="bold")
        why = "Fewer than two engines are ranked." if results.plan.timed else "It is not timed."
        figure.text(0.045, 0.5, why, fontsize=20)
        return
    slow, fast = (_cut(engine.name, _NAME_LENGTH) for engine in (found.slow, found.fast))
    colour = _AMBER if found.is_disturbed else _ACCENT
    factor, _, word = speedup(found.ratio.ratio).rpartition(" ")  # 20.0 × faster; equally fast
    figure.text(0.045, 0.735, f"{fast} is", fontsize=24)
    figure.text(0.042, 0.52, factor, fontsize=78, color=colour, weight="bold")
    figure.text(0.045, 0.43, f"{word} {'as' if word == 'fast' else 'than'} {slow}", fontsize=24)
    remarks = "\n".join(_remarks(found))
    figure.text(0.045, 0.375, remarks, fontsize=16, color=_SOFT, linespacing=1.6, va="top")


def _remarks(found: Headline) -> Iterator[str]:
    """Yield how sure the ratio is, and what it is to be compared with, each in a line."""
    ratio_here = found.ratio
    if not math.isnan(ratio_here.low):
        between = ratio_between(ratio_here.ratio, ratio_here.low, ratio_here.high)
        yield f"{between[between.index('(') + 1 : -1]} × over {ratio_here.n_rounds} rounds"
    if found.is_disturbed:
        yield "disturbed: the machine was busy"
    if not math.isnan(found.published_ratio):
        yield f"published: {ratio(found.published_ratio)}"


def _chosen(
    ranked: Sequence[EngineSummary], found: Headline | None, known: Mapping[str, Look]
) -> list[EngineSummary]:
    """Return the engines to draw, the slowest first: those of the headline, and the fastest.

    Variants, which have hollow marks, are left out: they may do other work.
    """
    ordered = sorted(ranked, key=lambda engine: engine.timing.epoch_s)
    heads = {found.slow.name, found.fast.name} if found else set()
    others = [e.name for e in ordered if e.name not in heads and not known[e.name].is_hollow]
    shown = {*heads, *others[: _MOST - len(heads)]}
    return [engine for engine in reversed(ordered) if engine.name in shown]


def _draw(figure: Figure, engines: Sequence[EngineSummary], known: Mapping[str, Look]) -> None:
    """Draw the time of an epoch of each engine, with its quartiles, on a log axis."""
    from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

    ax: Axes = figure.add_axes((0.6, 0.235, 0.31, 0.56))
    for row, engine in enumerate(engines):
        look, timing = known[engine.name], engine.timing
        low, high = timing.epoch_s_low, timing.epoch_s_high
        ax.plot([low, high], [row, row], color=look.colour, linewidth=5, alpha=0.45)
        ax.plot(timing.epoch_s, row, look.marker, color=look.colour, mfc=look.face, markersize=13)
        ax.annotate(
            seconds(timing.epoch_s), (timing.epoch_s, row), (0, 11), textcoords="offset points",
            ha="center", fontsize=14, color=INK,
        )  # fmt: skip
    ax.set_xscale("log")
    ax.margins(x=0.16)
    ax.set_ylim(-0.6, len(engines) - 0.25)
    names = [_cut(engine.name, _NAME_LENGTH) for engine in engines]
    ax.set_yticks(range(len(engines)), names, fontsize=17)
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", labelsize=13, colors=_SOFT)
    ax.xaxis.set_major_locator(LogLocator(numticks=_MOST_TICKS))
    ax.xaxis.set_minor_locator(LogLocator(subs=(2, 5), numticks=2 * _MOST_TICKS))
    ax.xaxis.set_major_formatter(EngFormatter(unit="s"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("time per epoch, log scale: median and quartiles", fontsize=13, color=_SOFT)
    ax.spines["left"].set_visible(False)
    ax.spines["bottom"].set_color(FAINT)
    ax.grid(visible=False, axis="y")
    ax.set_facecolor(PAPER)


def _cut(text: str, length: int) -> str:
    """Return a text that everybody can see, short enough for its place."""
    shown = visible(text)
    return shown if len(shown) <= length else f"{shown[: length - 1]}…"
