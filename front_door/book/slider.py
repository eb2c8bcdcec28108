"""A batch to slide: what a row costs each engine, from measured times. Nothing is measured here."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence

from benchgrad.book.said import seconds
from benchgrad.book.touching import Touchable, touchable
from benchgrad.reports.style import SHIPPED

_WIDTH, _HEIGHT, _LEFT, _BELOW = 560, 230, 62, 34


def slider(batches: Sequence[int], step_s: Mapping[str, Sequence[float]]) -> Touchable:
    """Return a chart of the cost of a row by the rows of a batch, and a slider along it.

    Args:
        batches: the numbers of rows, ascending.
        step_s: for each engine how long a step took with each of them.
    """
    per_row = {
        name: [step / n for step, n in zip(took, batches, strict=True)]
        for name, took in step_s.items()
    }
    every = [cost for costs in per_row.values() for cost in costs]
    low, high = math.floor(math.log10(min(every))), math.ceil(math.log10(max(every)))
    xs = [
        _LEFT
        + (_WIDTH - _LEFT - 14) * math.log2(n / batches[0]) / math.log2(batches[-1] / batches[0])
        for n in batches
    ]

    def y(cost: float) -> float:
        return 10 + (_HEIGHT - _BELOW - 10) * (high - math.log10(cost)) / (high - low)

    begin = len(batches) // 2
    drawn = [*_grid(batches, xs, range(low, high + 1), y(10.0**low), y(10.0**high))]
    for name, costs in per_row.items():
        colour = SHIPPED[name].colour
        line = "L".join(f"{x:.1f} {y(cost):.1f}" for x, cost in zip(xs, costs, strict=True))
        drawn.append(f'<path class="line" d="M{line}" stroke="{colour}"/>')
        drawn.append(
            f'<circle class="dot" data-engine="{html.escape(name)}" r="6" cx="{xs[begin]:.1f}" '
            f'cy="{y(costs[begin]):.1f}" fill="{colour}"/>'
        )
    said = _said(batches[begin], {name: costs[begin] for name, costs in per_row.items()})
    marks = "".join(
        f'<li><svg width="14" height="14" viewBox="-1.3 -1.3 2.6 2.6" aria-hidden="true"><path '
        f'd="{SHIPPED[name].outline}" fill="{SHIPPED[name].colour}"/></svg> <code>'
        f"{html.escape(name)}</code></li>"
        for name in per_row
    )
    body = f"""
<ul class="bg-legend">{marks}</ul>
<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" style="max-width: {_WIDTH}px" role="img" aria-label="The \
cost of a row against the rows of a batch, both on a log scale">{"".join(drawn)}</svg>
<div class="bg-bar"><label>rows in a batch <input type="range" min="0" max="{len(batches) - 1}" \
value="{begin}" aria-valuetext="{batches[begin]}"></label></div>
<p class="bg-said" role="status">{html.escape(said)}</p>"""
    data = {
        "x": [round(x, 1) for x in xs],
        "rows": list(batches),
        "y": {name: [round(y(cost), 1) for cost in costs] for name, costs in per_row.items()},
        "said": [
            _said(n, {name: costs[i] for name, costs in per_row.items()})
            for i, n in enumerate(batches)
        ],
    }
    return touchable("slider", body, data, "a batch to slide")


def _said(n: int, costs: Mapping[str, float]) -> str:
    told = ", ".join(f"{name} {seconds(cost)}" for name, cost in costs.items())
    return f"With {n:,} row{'s' if n > 1 else ''} in a batch, a row costs: {told}."


def _grid(
    batches: Sequence[int], xs: Sequence[float], decades: range, bottom: float, top: float
) -> list[str]:
    found = []
    for i, decade in enumerate(reversed(decades)):
        y = top + (bottom - top) * i / max(len(decades) - 1, 1)
        found.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - 8}"/>')
        label = html.escape(seconds(10.0**decade))
        found.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    for n, x in list(zip(batches, xs, strict=True))[::2]:
        found.append(f'<text x="{x:.1f}" y="{_HEIGHT - 10}" text-anchor="middle">{n:,}</text>')
    return found
