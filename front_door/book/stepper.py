"""A graph of Values to step through: backward, node by node, with data and gradients.

The steps are those of `Value.backward`, on numbers of their own: the graph is not touched.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchgrad.book.touching import Touchable, touchable
from benchgrad.engines.topology import topological_order

_WIDTH, _HEIGHT, _ACROSS, _DOWN = 104, 58, 116, 98  # of a box, and from one to the next
_MOST_NODES = 40  # more than that nobody steps through


@dataclass(frozen=True)
class _Step:
    """What there is to see at a step: who passes on what, and every gradient by then."""

    active: int
    gradients: tuple[float, ...]
    text: str


def stepper(root: Any, names: Mapping[str, Any]) -> Touchable:
    """Return the graph of a scalar Value, to step backward through.

    Raises:
        ValueError: the graph is too large to step through.
    """
    order = topological_order(root)
    if len(order) > _MOST_NODES:
        raise ValueError(f"a graph of {len(order)} values is too large to step through")
    known = {id(value): name for name, value in names.items()}
    labels = [_label(node, known) for node in order]
    steps = _steps(order, [known.get(id(node)) or node.operation for node in order])
    places = _places(order)
    width = max(x for x, _ in places) + _WIDTH + 8
    height = max(y for _, y in places) + _HEIGHT + 8
    drawing = "".join([*_edges(order, places), *_boxes(order, labels, places, steps[-1])])
    body = f"""
<div class="bg-scroll" tabindex="0" role="group" aria-label="The graph; arrow keys step through it">
<svg viewBox="0 0 {width} {height}" style="max-width: {width}px" role="img" \
aria-label="The graph of {html.escape(labels[-1])}: {len(order)} values, with data and gradients">\
{drawing}</svg></div>
<div class="bg-bar" hidden><button type="button" data-by="-1" aria-label="One step back">◀</button>
<input type="range" min="0" max="{len(steps) - 1}" value="0" aria-label="Step of the backward pass">
<button type="button" data-by="1" aria-label="One step on">▶</button></div>
<p class="bg-said" role="status">{html.escape(steps[-1].text)}</p>"""
    data = [[step.active, [_number(g) for g in step.gradients], step.text] for step in steps]
    return touchable("stepper", body, data, "a graph to step through")


def _label(node: Any, known: Mapping[int, str]) -> str:
    name, operation = known.get(id(node), ""), node.operation
    return f"{name}: {operation}" if name and operation else name or operation


def _number(value: float) -> str:
    return f"{value + 0.0:.4g}".replace("-", "−")  # and −0 is 0


def _steps(order: Sequence[Any], said: Sequence[str]) -> list[_Step]:
    """Return every step of a backward pass, from no gradient to all of them.

    `said` is what each node is called in a sentence.
    """
    place = {id(node): i for i, node in enumerate(order)}
    gradients = [0.0] * len(order)
    last = len(order) - 1
    steps = [_Step(-1, tuple(gradients), "Before the first step every gradient is 0.")]
    gradients[last] = 1.0
    begun = f"The derivative of {said[last]} with respect to itself is 1: the walk begins here."
    steps.append(_Step(last, tuple(gradients), begun))
    for i in reversed(range(len(order))):
        node = order[i]
        if not node.parents:
            continue
        told = []
        for parent, partial in zip(node.parents, node.partials, strict=True):
            at = place[id(parent)]
            gradients[at] += partial * gradients[i]
            told.append(
                f"{_number(partial)} × {_number(gradients[i])} to {said[at] or 'its parent'}"
            )
        steps.append(_Step(i, tuple(gradients), f"{said[i]} passes {' and '.join(told)}."))
    return steps


def _places(order: Sequence[Any]) -> list[tuple[float, float]]:
    """Return where each box begins: a node below all of its parents, leaves at the top."""
    rows: dict[int, int] = {}
    for node in order:
        rows[id(node)] = 1 + max((rows[id(parent)] for parent in node.parents), default=-1)
    columns: dict[int, list[int]] = {}
    for i, node in reversed([*enumerate(order)]):  # so that the first operand is on the left
        columns.setdefault(rows[id(node)], []).append(i)
    widest = max(map(len, columns.values()))
    places = [(0.0, 0.0)] * len(order)
    for row, members in columns.items():
        begin = (widest - len(members)) * _ACROSS / 2
        for column, i in enumerate(members):
            places[i] = (4 + begin + column * _ACROSS, 4 + row * _DOWN)
    return places


def _edges(order: Sequence[Any], places: Sequence[tuple[float, float]]) -> list[str]:
    """Return a line from each parent to its child, with the partial beside it."""
    place = {id(node): i for i, node in enumerate(order)}
    found = []
    for i, node in enumerate(order):
        x, y = places[i][0] + _WIDTH / 2, places[i][1]
        pairs = list(zip(node.parents, node.partials, strict=True))
        for k, (parent, partial) in enumerate(pairs):
            px, py = places[place[id(parent)]]
            end = x + (k - (len(pairs) - 1) / 2) * 26
            begin_x, begin_y = px + _WIDTH / 2, py + _HEIGHT
            found.append(
                f'<path class="edge" data-node="{i}" d="M{begin_x:g} {begin_y:g}L{end:g} {y:g}"/>'
                f'<text class="partial" x="{(begin_x + end) / 2 + 6:g}" '
                f'y="{(begin_y + y) / 2 + 4:g}">× {_number(partial)}</text>'
            )
    return found


def _boxes(
    order: Sequence[Any], labels: Sequence[str], places: Sequence[tuple[float, float]], last: _Step
) -> list[str]:
    found = []
    for i, node in enumerate(order):
        x, y = places[i]
        kind = "made" if node.parents else "leaf"
        found.append(
            f'<g class="box {kind}" data-node="{i}"><rect x="{x:g}" y="{y:g}" width="{_WIDTH}" '
            f'height="{_HEIGHT}" rx="7"/><text x="{x + 8:g}" y="{y + 17:g}" class="name">'
            f'{html.escape(labels[i])}</text><text x="{x + 8:g}" y="{y + 34:g}">data '
            f'{_number(node.data)}</text><text x="{x + 8:g}" y="{y + 50:g}">grad '
            f'<tspan class="grad">{_number(last.gradients[i])}</tspan></text></g>'
        )
    return found
