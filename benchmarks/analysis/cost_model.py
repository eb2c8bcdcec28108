"""The cost model: what a step, a call, an element and an arithmetic operation cost an engine.

Fitted to the points of a sweep, for one engine on one host. Pure functions of records.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchgrad.benchmarks.analysis.points import Measured, Shape
from benchgrad.benchmarks.analysis.statistics import CONFIDENCE

MIN_POINTS = 6  # fewer determine no model with four costs
# Of the points, sorted by their time, every third is held out when the model is checked.
_EACH_HELD_OUT = 3
_F_SCALE = 0.05  # relative errors beyond this count less than by their square
_UNKNOWN = 3.0  # a cost whose interval reaches further than this factor is not determined
Array = NDArray[np.float64]

TERMS = ("step", "call", "element", "flop")


@dataclass(frozen=True)
class Work:
    """What an epoch consists of. For a graph of numbers the calls are its nodes.

    `elements` are those of the arrays that a step makes and changes, written plainly; of a graph of
    numbers the edges, each of which a backward pass follows. `flops` are those of the matrix
    products, which a graph of numbers has none of: there they are nodes.
    """

    steps: float
    calls: float
    elements: float
    flops: float

    @property
    def row(self) -> Array:
        """The four amounts, in the order of `TERMS`."""
        return np.array([self.steps, self.calls, self.elements, self.flops])


@dataclass(frozen=True)
class Cost:
    """What one of something takes, in seconds, with its interval."""

    each_s: float
    low_s: float
    high_s: float

    @property
    def is_known(self) -> bool:
        """Whether the points determine it: its interval reaches no further than a factor."""
        return self.each_s > 0.0 and self.high_s < _UNKNOWN * self.each_s


@dataclass(frozen=True)
class HeldOut:
    """A point that was not fitted: what the model expected there, and what was measured."""

    point: Measured
    expected_s: float

    @property
    def error(self) -> float:
        """By how much the expected time is off, as a share of the measured one."""
        return self.expected_s / self.point.epoch_s - 1.0


@dataclass(frozen=True)
class CostModel:
    """What an epoch of an engine takes on one host: the sum of its work at these costs.

    `costs` are in the order of `TERMS`. `held_out` are the points that another fit, without them,
    was checked on. `graph` gives the nodes and edges of a row, for a graph of numbers.
    """

    engine: str
    host: str
    costs: tuple[Cost, ...]
    n_points: int
    held_out: tuple[HeldOut, ...]
    graph: GraphSize | None

    def epoch_s(self, shape: Shape) -> float:
        """Return how long an epoch is expected to take."""
        return float(work_of(shape, self.graph).row @ self._each)

    def step_s(self, shape: Shape) -> float:
        """Return how long a step is expected to take."""
        return self.epoch_s(shape) / shape.n_steps

    @property
    def _each(self) -> Array:
        return np.array([cost.each_s for cost in self.costs])


@dataclass(frozen=True)
class GraphSize:
    """How many nodes and edges a graph of numbers has for each row, by the widths of its layers."""

    nodes: tuple[float, ...]
    edges: tuple[float, ...]

    def of(self, shape: Shape) -> tuple[float, float]:
        """Return the nodes and the edges for each row."""
        row = _row_basis(shape)
        return float(row @ np.array(self.nodes)), float(row @ np.array(self.edges))


def _row_basis(shape: Shape) -> Array:
    """Return what the nodes and edges of a row are a sum of: one for each product, unit, class."""
    pairs = list(itertools.pairwise(shape.layers))
    products = [a * b for a, b in pairs]
    hidden = shape.layers[1:-1]
    return np.array([sum(products), products[0], sum(hidden), shape.layers[-1], 1.0], np.float64)


def graph_size(points: Sequence[Measured]) -> GraphSize | None:
    """Return how a graph of numbers grows, None for an engine of arrays.

    The counts are exact sums of the basis, so least squares finds the sum.
    """
    if any(each.holds_arrays for each in points):
        return None
    basis = np.array([_row_basis(each.shape) for each in points])
    counts = np.array([[each.nodes, each.edges] for each in points])
    rows = np.array([[each.counted_rows] for each in points])
    found = np.linalg.lstsq(basis, counts / rows, rcond=None)[0]
    return GraphSize(tuple(found[:, 0]), tuple(found[:, 1]))


def work_of(shape: Shape, graph: GraphSize | None) -> Work:
    """Return what an epoch consists of.

    Written plainly, a step of an engine of arrays calls a product and an activation for each layer
    (the last has the loss instead), touches the batch, each layer's outputs before and after the
    activation and the gradients of both, and each parameter's gradient, its scaled step and the
    parameter itself.
    """
    n_steps, n_rows, layers = shape.n_steps, shape.n_rows, shape.layers
    if graph is not None:
        nodes, edges = graph.of(shape)
        return Work(n_steps, n_rows * nodes, n_rows * edges, 0.0)
    pairs = list(itertools.pairwise(layers))
    parameters = sum(a * b + b for a, b in pairs)
    products = [a * b for a, b in pairs]
    return Work(
        steps=n_steps,
        calls=n_steps * 2 * len(pairs),
        elements=n_rows * (layers[0] + 4 * sum(layers[1:])) + n_steps * 3 * parameters,
        flops=n_rows * 2 * (3 * sum(products) - products[0]),
    )


def fitted(points: Sequence[Measured]) -> CostModel | None:
    """Return the model of one engine on one host, None where the points do not suffice.

    Relative errors are fitted, since times span orders of magnitude, and large ones count less than
    by their square: a point that the machine disturbed should not bend the model.

    Source: Huber, Robust Statistics, 1981, section 7.3; `scipy.optimize.least_squares` with
    ``soft_l1``.
    """
    usable = sorted((p for p in points if p.epoch_s > 0.0), key=lambda p: (p.epoch_s, str(p.at)))
    if len(usable) < MIN_POINTS:
        return None
    graph = graph_size(usable)
    costs = _costs(usable, graph)
    held_out: list[HeldOut] = []
    checked = usable[1:-1:_EACH_HELD_OUT]
    rest = [each for each in usable if each not in checked]
    if len(rest) >= MIN_POINTS:
        each_s = np.array([cost.each_s for cost in _costs(rest, graph)])
        held_out = [
            HeldOut(each, float(work_of(each.shape, graph).row @ each_s)) for each in checked
        ]
    first = usable[0]
    return CostModel(first.engine, first.host, costs, len(usable), tuple(held_out), graph)


def _costs(points: Sequence[Measured], graph: GraphSize | None) -> tuple[Cost, ...]:
    """Return the costs that fit some points, with their intervals."""
    from scipy import optimize, stats

    amounts = np.array([work_of(each.shape, graph).row for each in points])
    seconds = np.array([each.epoch_s for each in points])
    used = amounts.max(axis=0) > 0.0
    scaled = amounts[:, used] / seconds[:, None]  # each row times the costs should be one
    scale = scaled.max(axis=0)
    start, _ = optimize.nnls(scaled / scale, np.ones(len(points)))

    def errors(costs: Array) -> Array:
        logs: Array = np.log(np.maximum((scaled / scale) @ costs, 1e-12))
        return logs

    found = optimize.least_squares(
        errors, np.maximum(start, 1e-6), bounds=(0.0, np.inf), loss="soft_l1", f_scale=_F_SCALE
    )
    spread = _spread(found.jac, errors(found.x))
    t = float(stats.t.ppf((1.0 + CONFIDENCE) / 2.0, max(len(points) - int(used.sum()), 1)))
    each, reach = np.zeros(len(TERMS)), np.full(len(TERMS), math.inf)
    each[used], reach[used] = found.x / scale, t * spread / scale
    return tuple(Cost(c, max(c - r, 0.0), c + r) for c, r in zip(each, reach, strict=True))


def _spread(jacobian: Array, errors: Array) -> Array:
    """Return the standard errors of the costs, from errors whose spread is measured robustly."""
    sigma = (
        1.4826 * float(np.median(np.abs(errors))) * math.sqrt(len(errors) / max(len(errors) - 4, 1))
    )
    found: Array = sigma * np.sqrt(np.diag(np.linalg.pinv(jacobian.T @ jacobian)))
    return found
