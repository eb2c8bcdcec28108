"""What the page opens with: one ratio as an exact identity, and whether the work was the same."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from benchgrad.benchmarks.analysis.statistics import (
    disturbed_by_engine,
    paired_rounds,
    ranked_rounds,
)
from benchgrad.benchmarks.records import Results
from benchgrad.reports import formats
from benchgrad.reports.engine_summary import EngineSummary
from benchgrad.reports.findings import Headline

_DIGITS = range(3, 14)
_MOST_DOTS = 1_000_000
_PROPORTION = 7.0  # width to height of the picture of the nodes
_DOT, _GAP = 0.8, 8.0  # the side of a dot, and the space below the dots


@dataclass(frozen=True)
class Identity:
    """A ratio of times as a ratio of nodes, and one of the times for each node.

    `slow_nodes` and `fast_nodes` are those of one step on the same rows. The times for each node,
    in seconds, are from the round whose ratio is the median one, or from the two beside it; so
    nodes × time for each is the time of a step, and their quotient the ratio, to the last digit.
    """

    slow_nodes: int
    fast_nodes: int
    slow_node_s: float
    fast_node_s: float

    @property
    def nodes_factor(self) -> float:
        """How many times as many nodes the slow engine has."""
        return self.slow_nodes / self.fast_nodes

    @property
    def cost(self) -> float:
        """How many times as much time the fast engine needs for each node."""
        return self.fast_node_s / self.slow_node_s

    @property
    def ratio(self) -> float:
        """How many times as long the slow engine takes."""
        return self.nodes_factor / self.cost

    @property
    def shown(self) -> ShownIdentity:
        """The identity in as few digits as keep it true of what is shown."""
        for nodes, cost in sorted(itertools.product(_DIGITS, _DIGITS), key=sum):
            found = self._in_digits(nodes, cost)
            if found.is_exact:
                return found
        return self._in_digits(_DIGITS[-1], _DIGITS[-1])

    def _in_digits(self, nodes: int, cost: int) -> ShownIdentity:
        """Return the factors in so many digits, and the times in as many as bear them out."""
        factor = formats.significant(max(self.cost, 1.0 / self.cost), cost)
        slow, fast = self.slow_node_s, self.fast_node_s
        shown = ("", "")
        for digits in range(cost, 16):
            shown = (formats.seconds_to(digits, slow), formats.seconds_to(digits, fast))
            if quotient(shown, self.cost >= 1.0, cost) == factor:
                break
        return ShownIdentity(
            nodes=formats.significant(self.nodes_factor, nodes),
            cost=factor,
            is_costlier=self.cost >= 1.0,
            slow_node=shown[0],
            fast_node=shown[1],
            ratio=formats.ratio(self.ratio),
        )


@dataclass(frozen=True)
class ShownIdentity:
    """The texts of an identity; `is_costlier` says whether the fast engine's nodes take longer."""

    nodes: str
    cost: str
    is_costlier: bool
    slow_node: str
    fast_node: str
    ratio: str

    @property
    def is_exact(self) -> bool:
        """Whether the figures that are shown give the ratio that is shown."""
        nodes, cost = number(self.nodes), number(self.cost)
        return formats.ratio(nodes / cost if self.is_costlier else nodes * cost) == self.ratio


def quotient(times: Sequence[str], is_costlier: bool, digits: int) -> str:
    """Return how many times one of two shown times is of the other, to so many digits."""
    slow, fast = map(number, times)
    return formats.significant(fast / slow if is_costlier else slow / fast, digits)


def number(shown: str) -> float:
    """Return the number, or the seconds, that a text such as 12,677 or 9.83 µs shows."""
    found = re.fullmatch(r"([\d.,e+-]+)(?: ([mµn]?)s)?", shown)
    if not found:
        return math.nan
    scale = {"m": 1e-3, "µ": 1e-6, "n": 1e-9}.get(found[2] or "", 1.0)
    return float(found[1].replace(",", "")) * scale


def identity(results: Results, headline: Headline | None) -> Identity | None:
    """Return the identity of the headline; None unless both engines counted the same rows."""
    if headline is None:
        return None
    slow, fast = headline.slow, headline.fast
    nodes = [_whole(engine.graph.nodes) for engine in (slow, fast)]
    if not all(nodes) or slow.graph.counted_rows != fast.graph.counted_rows:
        return None
    rounds, disturbed = ranked_rounds(results.cells), disturbed_by_engine(results.cells)
    before, after = rounds[fast.name], rounds[slow.name]
    common = paired_rounds(before, after, disturbed[fast.name] | disturbed[slow.name])
    if not common:
        return None
    ordered = sorted(common, key=lambda round: after[round] / before[round])
    middle = ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1]
    n_steps = results.data.n_train / slow.graph.counted_rows
    each_s = [
        math.exp(sum(math.log(times[round]) for round in middle) / len(middle)) / (n_steps * n)
        for times, n in zip((after, before), nodes, strict=True)
    ]
    if not all(math.isfinite(seconds) and seconds > 0.0 for seconds in each_s):
        return None
    return Identity(*nodes, *each_s)


def _whole(nodes: float) -> int:
    return 0 if math.isnan(nodes) else int(nodes)


@dataclass(frozen=True)
class Box:
    """A rectangle of a picture."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class NodesPicture:
    """The nodes of two graphs, to scale: the area of each mark is the time that its node takes.

    `dots` are the rectangles that hold one dot for each node of the slow engine, a square with the
    side `dot` in each square of 1; `squares` are the nodes of the fast one.
    """

    width: float
    height: float
    dot: float
    dots: tuple[Box, ...]
    squares: tuple[Box, ...]


def nodes_picture(found: Identity | None) -> NodesPicture | None:
    """Return the picture of an identity, None if a page cannot show it."""
    if found is None or not found.fast_nodes <= found.slow_nodes <= _MOST_DOTS:
        return None
    if not 0.01 <= found.cost <= found.slow_nodes or found.fast_nodes > 1000:
        return None
    columns = math.ceil(math.sqrt(_PROPORTION * found.slow_nodes))
    n_rows, rest = divmod(found.slow_nodes, columns)
    dots = (Box(0, 0, columns, n_rows), Box(0, n_rows, rest, 1))
    side = round(_DOT * math.sqrt(found.cost), 3)
    step = 1.4 * side + 1
    per_row = max(1, int(columns // step))
    top = n_rows + bool(rest) + _GAP
    squares = tuple(
        Box(round(i % per_row * step, 3), round(top + i // per_row * step, 3), side, side)
        for i in range(found.fast_nodes)
    )
    return NodesPicture(
        width=columns,
        height=math.ceil(squares[-1].y + side),
        dot=_DOT,
        dots=tuple(box for box in dots if box.width and box.height),
        squares=squares,
    )


@dataclass(frozen=True)
class Agreement:
    """How many engines did the same work, how closely, and which did not."""

    n_judged: int
    n_agreeing: int
    within: str
    others: tuple[str, ...]
    limit: float


def agreement(engines: Sequence[EngineSummary]) -> Agreement | None:
    """Return how far the engines agree with the reference; None if none was compared."""
    judged = [e for e in engines if e.differences.steps_compared]
    if not judged:
        return None
    same = [engine for engine in judged if engine.status == "ok"]
    largest = max(
        (
            amount
            for engine in same
            for amount in (
                engine.differences.loss,
                engine.differences.parameters,
                engine.differences.logits,
            )
            if not math.isnan(amount)
        ),
        default=math.nan,
    )
    return Agreement(
        n_judged=len(judged),
        n_agreeing=len(same),
        within=_power_of_ten(largest),
        others=tuple(engine.name for engine in judged if engine.status != "ok"),
        limit=max(engine.differences.limit for engine in judged),
    )


def _power_of_ten(amount: float) -> str:
    """Return the power of ten that an amount does not exceed, as 1e-15."""
    if amount == 0.0:
        return "the last bit"
    if not math.isfinite(amount):
        return ""
    return f"1e{math.ceil(math.log10(amount) - 1e-9)}"


@dataclass(frozen=True)
class Choice:
    """What an engine to choose for this very work may be chosen for; each None if unknown."""

    fastest: EngineSummary | None
    soonest: EngineSummary | None
    smallest: EngineSummary | None


def choice(engines: Sequence[EngineSummary], n_epochs: int) -> Choice:
    """Return the engine with the shortest epoch, the first to finish, and the least memory.

    The first to finish has imported, built and compiled what it needs, and trained `n_epochs`.
    """
    ranked = [e for e in engines if e.is_as_shipped and not math.isnan(e.times_fastest.ratio)]

    def least(amounts: dict[str, float]) -> EngineSummary | None:
        known = [e for e in ranked if not math.isnan(amounts[e.name])]
        return min(known, key=lambda e: amounts[e.name], default=None)

    return Choice(
        fastest=least({e.name: e.times_fastest.ratio for e in ranked}),
        soonest=least({e.name: e.start.total_s + n_epochs * e.timing.epoch_s for e in ranked}),
        smallest=least({e.name: e.process.peak_bytes for e in ranked}),
    )
