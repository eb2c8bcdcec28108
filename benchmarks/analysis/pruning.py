"""Which engines a point of a sweep leaves out, because an epoch of theirs would take too long.

The cost model decides, from the points so far. It learns; nothing is run here.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable

from benchgrad.benchmarks.analysis.cost_model import CostModel, fitted
from benchgrad.benchmarks.analysis.points import Measured, Shape
from benchgrad.benchmarks.axes import At
from benchgrad.benchmarks.plan import Plan

_REMEMBERED = 200  # points of an engine; the last ones


class Pruning:
    """Learns from finished points, and names the engines that are too slow for the next one.

    A plan without `epoch_s` leaves nobody out. Where several hosts measure, the model of each
    engine is that of all of them: it decides about minutes, not about percents.
    """

    def __init__(self, plan: Plan) -> None:
        self._limit_s = plan.axes.epoch_s if plan.axes else None
        self._known: dict[str, deque[Measured]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))
        self._models: dict[str, CostModel | None] = {}
        self._size: tuple[int, int] | None = None

    def learn(self, found: Iterable[Measured]) -> None:
        """Take what engines did at a point."""
        if self._limit_s is None:
            return
        for each in found:
            self._size = self._size or (each.shape.layers[0], each.shape.layers[-1])
            if each.epoch_s > 0.0:
                self._known[each.engine].append(each)
                self._models.pop(each.engine, None)

    def left_out(self, plan: Plan, at: At) -> dict[str, str]:
        """Return the engines that a point should leave out, each with the reason."""
        if self._limit_s is None or self._size is None:
            return {}
        there = plan.at(at)
        n_features, n_classes = self._size
        n_rows = round(there.data.n_samples * (1.0 - there.data.test_fraction))
        layers = (at.features or n_features, *there.model.hidden, at.classes or n_classes)
        reasons = {}
        for contestant in there.engines:
            batch = there.batch_size_of(contestant)
            shape = Shape(layers, batch, n_rows, there.training.dtype)
            model = self._model(contestant.name)
            if model and (expected_s := model.epoch_s(shape)) > self._limit_s:
                reasons[contestant.name] = (
                    f"not started: the cost model of {model.n_points} points expects "
                    f"{expected_s:.3g} s for an epoch, the plan allows {self._limit_s:g} s"
                )
        return reasons

    def _model(self, engine: str) -> CostModel | None:
        if engine not in self._models:
            self._models[engine] = fitted(self._known[engine])
        return self._models[engine]
