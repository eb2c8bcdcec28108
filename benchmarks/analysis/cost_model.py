"""The cost model: what an epoch, a step, a call, an element and a FLOP cost an engine.

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

MIN_POINTS = 6  # fewer determine no model with several costs
# Of the points, sorted by their time, every third is held out when the model is checked.
_EACH_HELD_OUT = 3
_F_SCALE = 0.05  # relative errors beyond this count less than by their square
Array = NDArray[np.float64]

TERMS = ("epoch", "step", "call", "element", "parameter", "flop")


@dataclass(frozen=True)
class Work:
    """What an epoch consists of. For a graph of numbers the calls are its nodes.

    An engine that trains an epoch in one call pays for that call once, not for each step.
    `elements` are those of the arrays that a step makes and changes, written plainly; of a graph of
    numbers the edges, each of which a backward pass follows. `parameters` are those that the steps
    of a graph of numbers read and write one by one; in arrays they are elements. `flops` are those
    of the matrix products, which a graph of numbers has none of: there they are nodes.
    """

    steps: float
    calls: float
    elements: float
    parameters: float
    flops: float

    @property
    def row(self) -> Array:
        """The amounts in one epoch, in the order of `TERMS`."""
        amounts = (1.0, self.steps, self.calls, self.elements, self.parameters, self.flops)
        return np.array(amounts)


@dataclass(frozen=True)
class Cost:
    """What one of something takes, in seconds, with its interval.

    All are 0 for something that the engine's times at these points do not show.
    """

    each_s: float
    low_s: float
    high_s: float

    @property
    def is_known(self) -> bool:
        """Whether the points show it."""
        return self.each_s > 0.0


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
    pairs = list(itertools.pairwise(layers))
    parameters = sum(a * b + b for a, b in pairs)
    if graph is not None:
        nodes, edges = graph.of(shape)
        return Work(n_steps, n_rows * nodes, n_rows * edges, n_steps * parameters, 0.0)
    products = [a * b for a, b in pairs]
    return Work(
        steps=n_steps,
        calls=n_steps * 2 * len(pairs),
        elements=n_rows * (layers[0] + 4 * sum(layers[1:])) + n_steps * 3 * parameters,
        parameters=0.0,
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
    """Return the costs that fit some points, with their intervals.

    Terms that the points do not tell apart, such as the nodes and the edges of a graph that grow
    together, would share the time between them at will. So a term whose interval holds 0 is left
    out, the least certain first, and the others are fitted again.
    """
    amounts = np.array([work_of(each.shape, graph).row for each in points])
    seconds = np.array([each.epoch_s for each in points])
    used = amounts.max(axis=0) > 0.0
    while True:
        each, reach = _fit(amounts[:, used] / seconds[:, None])
        certainty = np.divide(each, reach, out=np.full(len(each), math.inf), where=reach > 0.0)
        if certainty.min() > 1.0 or used.sum() == 1:
            break
        used[np.flatnonzero(used)[certainty.argmin()]] = False
    costs = np.zeros((len(TERMS), 3))
    costs[used] = np.transpose([each, np.maximum(each - reach, 0.0), each + reach])
    return tuple(Cost(*map(float, cost)) for cost in costs)


def _fit(rates: Array) -> tuple[Array, Array]:
    """Return the costs and the reach of their intervals: each row times the costs should be one."""
    from scipy import optimize, stats

    n_points, n_terms = rates.shape
    scale = rates.max(axis=0)
    start, _ = optimize.nnls(rates / scale, np.ones(n_points))

    def errors(costs: Array) -> Array:
        logs: Array = np.log(np.maximum((rates / scale) @ costs, 1e-12))
        return logs

    found = optimize.least_squares(
        errors, np.maximum(start, 1e-6), bounds=(0.0, np.inf), loss="soft_l1", f_scale=_F_SCALE
    )
    t = float(stats.t.ppf((1.0 + CONFIDENCE) / 2.0, max(n_points - n_terms, 1)))
    return found.x / scale, t * _spread(found.jac, errors(found.x)) / scale


def _spread(jacobian: Array, errors: Array) -> Array:
    """Return the standard errors of the costs, from errors whose spread is measured robustly."""
    n_points, n_terms = jacobian.shape
    freedom = n_points / max(n_points - n_terms, 1)
    sigma = 1.4826 * float(np.median(np.abs(errors))) * math.sqrt(freedom)
    curvatures, axes = np.linalg.eigh(jacobian.T @ jacobian)
    curvatures = np.maximum(curvatures, 1e-12 * curvatures.max())  # 0 where terms grow together
    spread: Array = sigma * np.sqrt((axes**2 / curvatures).sum(axis=1))
    return spread
