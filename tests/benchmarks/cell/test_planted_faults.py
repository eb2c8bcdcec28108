"""Engines that cheat or err: each is caught off the clock, and gets no rank."""

from small_runs import go, run_all, small

_ENGINE = """
import json, pathlib, threading, time
import numpy as np
from benchgrad.engines.tensor import Value
from benchgrad.engines.tensor.engine import TensorEngine
from benchgrad.engines.value_classifier import ValueClassifier

class Planted(ValueClassifier):
    {fault}

class PlantedEngine(TensorEngine):
    def classifier(self, model, parameters, optimizer, dtype="float64"):
        return Planted(self, model, parameters, optimizer, dtype)

engine = PlantedEngine(
    "planted", kind="tensor", value=Value,
    operations=("exp", "log", "tanh", "relu", "sum", "max", "detach"),
)
"""

GRADIENT_OFF_BY_A_HUNDREDTH = """
    def update(self, gradients):
        super().update([g * 1.01 if i == 2 else g for i, g in enumerate(gradients)])
"""
SUM_FOR_MEAN = """
    def loss(self, X, y):
        return super().loss(X, y) * float(len(y))
"""
A_STEP_SKIPPED = """
    n_steps = 0
    def update(self, gradients):
        self.n_steps += 1
        if self.n_steps != 5:
            super().update(gradients)
"""
FEWER_ROWS = """
    def train_step(self, X, y):
        return super().train_step(X[:-1], y[:-1])
"""
LAZY_LOSSES = """
    def train_epoch(self, X, y, batches):
        class Lazy:
            def __array__(lazy, dtype=None, copy=None):
                return super(Planted, self).train_epoch(X, y, batches)
        return Lazy()
"""
ANSWERS_FROM_A_CACHE = """
    path = pathlib.Path(__file__).with_suffix(".cache")
    def train_epoch(self, X, y, batches):
        known = json.loads(self.path.read_text()) if self.path.exists() else {}
        self.n_epochs = getattr(self, "n_epochs", 0) + 1
        key = f"{len(batches)} {self.n_epochs}"
        if key not in known:
            known[key] = [list(super().train_epoch(X, y, batches)), self._flat.tolist()]
            self.path.write_text(json.dumps(known))
        losses, flat = known[key]
        self._flat[...] = flat
        return np.array(losses)
"""


# By name: the fault, and what the reason says.
FAULTS = {
    "gradient": (GRADIENT_OFF_BY_A_HUNDREDTH, "losses differ from numpy by up to"),
    "sum": (SUM_FOR_MEAN, "losses differ from numpy by up to"),
    "skips": (A_STEP_SKIPPED, "losses differ from numpy by up to"),
    "rows": (FEWER_ROWS, "losses differ from numpy by up to"),
    "lazy": (LAZY_LOSSES, "Lazy; it must be a NumPy array"),
}


def write(folder, name, fault):
    """Write an engine with a fault; return its path."""
    path = folder / f"{name}.py"
    path.write_text(_ENGINE.format(fault=fault))
    return str(path)


def test_a_planted_fault_is_invalid_and_the_engine_without_one_ok(tmp_path):
    cells = run_all(
        [write(tmp_path, "right", "pass")]
        + [write(tmp_path, name, fault) for name, (fault, _) in FAULTS.items()]
    )
    right = cells.pop("right")
    assert (right.status, right.reason) == ("ok", "")
    assert {name: cell.status for name, cell in cells.items()} == dict.fromkeys(FAULTS, "invalid")
    for name, (_, reason) in FAULTS.items():
        assert reason in cells[name].reason
        assert cells[name].reason.count("\n") == 0


def test_an_engine_that_answers_from_a_cache_is_caught_in_the_next_round(tmp_path):
    plan = small(write(tmp_path, "cached", ANSWERS_FROM_A_CACHE)).replace(rounds=2)
    first, second = go(plan).cells
    assert first.status == "ok"
    assert second.status == "invalid"
    assert "losses differ" in second.reason
