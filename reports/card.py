"""The card: one picture that says what a run found, to be shown where its report is linked."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from benchgrad.benchmarks.records import Results
from benchgrad.reports.engine_summary import EngineSummary
from benchgrad.reports.escaping import visible
from benchgrad.reports.findings import Headline
from benchgrad.reports.formats import ratio, ratio_between, seconds
from benchgrad.reports.style import FAINT, INK, PAPER, RC, Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT, _DPI = 12.0, 6.3, 100  # 1200 × 630 pixels, as link previews show
_SOFT, _ACCENT, _AMBER = "#52606d", "#0062a3", "#8a5a00"
_MOST = 7  # engines, so that a thumbnail is legible
_NAME_LENGTH, _TITLE_LENGTH = 22, 52


def card(
    results: Results,
    engines: Sequence[EngineSummary],
    headline: Headline | None,
    looks: Mapping[str, Look],
) -> bytes:
    """Return the card as PNG."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    ranked = [e for e in engines if e.is_as_shipped and not math.isnan(e.times_fastest.ratio)]
    with mpl.rc_context(RC):
        figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI)
        FigureCanvasAgg(figure)
        _write(figure, results, headline)
        if ranked:
            _draw(figure, _chosen(ranked, headline), looks)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=_DPI)
    return buffer.getvalue()


def _write(figure: Figure, results: Results, headline: Headline | None) -> None:
    """Write the ratio and the sentence on the left, and where they come from below."""
    environment, day = results.environment, results.started_at[:10]
    figure.text(0.045, 0.905, _cut(results.plan.title, _TITLE_LENGTH), fontsize=19, color=_SOFT)
    figure.text(0.955, 0.905, "benchgrad", fontsize=19, color=_SOFT, ha="right", weight="bold")
    place = _cut(f"{environment.processor}, {environment.n_cpus} CPUs", 70)
    figure.text(0.045, 0.055, f"{place}  ·  {day}", fontsize=15, color=_SOFT)
    if headline is None:
        figure.text(0.045, 0.6, "no ratio", fontsize=60, color=_AMBER, weight="bold")
        figure.text(0.045, 0.5, "Fewer than two engines are ranked.", fontsize=20)
        return
    colour = _AMBER if headline.is_disturbed else _ACCENT
    figure.text(
        0.045, 0.62, ratio(headline.ratio.ratio), fontsize=76, color=colour, weight="bold"
    )
    figure.text(
        0.045, 0.21, "\n".join(_sentence(headline)), fontsize=19.5, linespacing=1.45, va="bottom"
    )


def _sentence(headline: Headline) -> list[str]:
    """Return what the ratio says, in lines."""
    found = headline.ratio
    slow, fast = (_cut(engine.name, _NAME_LENGTH) for engine in (headline.slow, headline.fast))
    lines = ["as long for an epoch", f"with {slow}", f"as with {fast}"]
    if not math.isnan(found.low):
        between = ratio_between(found.ratio, found.low, found.high)
        lines.append(f"{between[between.index('(') + 1 : -1]} over {found.n_rounds} rounds")
    if headline.is_disturbed:
        lines.append("disturbed: the machine was busy")
    if not math.isnan(headline.published_ratio):
        lines.append(f"published: {ratio(headline.published_ratio)}")
    return lines


def _chosen(ranked: Sequence[EngineSummary], headline: Headline | None) -> list[EngineSummary]:
    """Return the engines to draw, the slowest first: those of the headline, and the fastest."""
    ordered = sorted(ranked, key=lambda engine: engine.timing.epoch_s)
    heads = {headline.slow.name, headline.fast.name} if headline else set()
    others = [engine.name for engine in ordered if engine.name not in heads]
    shown = {*heads, *others[: _MOST - len(heads)]}
    return [engine for engine in reversed(ordered) if engine.name in shown]


def _draw(figure: Figure, engines: Sequence[EngineSummary], looks: Mapping[str, Look]) -> None:
    """Draw the time of an epoch of each engine, with its quartiles, on a log axis."""
    from matplotlib.ticker import EngFormatter, NullFormatter

    ax: Axes = figure.add_axes((0.6, 0.235, 0.31, 0.56))
    for row, engine in enumerate(engines):
        look, timing = looks[engine.name], engine.timing
        low, high = timing.epoch_s_low, timing.epoch_s_high
        ax.plot([low, high], [row, row], color=look.colour, linewidth=5, alpha=0.45)
        ax.plot(timing.epoch_s, row, look.marker, color=look.colour, markersize=13)
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
