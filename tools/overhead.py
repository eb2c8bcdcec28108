"""What the harness adds between its two clock readings: `make overhead`.

The same epoch of the headline plan with `tensor`, timed as the worker does and as a bare loop
over `train_step` between two calls of `time.perf_counter`; both in turn, in one process.
"""

import sys
import time
from statistics import median
from typing import Any

from numpy.typing import NDArray

from benchgrad import datasets
from benchgrad.benchmarks.cell.clock import Clock, timed
from benchgrad.benchmarks.cell.training import Schedule
from benchgrad.benchmarks.plan import load_plan
from benchgrad.engines import MLP, SGD, load

N_EPOCHS = 400
Array = NDArray[Any]


def main() -> None:
    """Print microseconds an epoch for both, and the median of their ratios."""
    plan = load_plan("headline")
    rule = plan.training
    data = datasets.make(plan.data.name, datasets.Recipe(plan.data.n_samples, plan.data.noise))
    model = MLP((data.n_features, *plan.model.hidden, data.n_classes))
    first = model.initial_parameters(rule.seed)
    X, y, clock = data.X_train, data.y_train, Clock()
    classifiers = [load("tensor").classifier(model, first, SGD(rule.learning_rate)) for _ in "ab"]
    steps = classifiers[1].train_step

    def harness(batches: list[Array]) -> float:
        return timed(classifiers[0].train_epoch, X, y, batches, clock=clock).wall_s

    def bare(batches: list[Array]) -> float:
        began = time.perf_counter()
        for rows in batches:
            steps(X[rows], y[rows])
        return time.perf_counter() - began

    harness_s, bare_s = [], []
    for i, batches in enumerate(Schedule(N_EPOCHS, rule.batch_size, rule.seed).batches(len(y))):
        if i % 2:  # who comes second finds the rows in the cache
            harness_s.append(harness(batches))
            bare_s.append(bare(batches))
        else:
            bare_s.append(bare(batches))
            harness_s.append(harness(batches))
    ratio = median(a / b for a, b in zip(harness_s, bare_s, strict=True))
    sys.stdout.write(
        f"{median(harness_s) * 1e6:.1f} µs with the harness, {median(bare_s) * 1e6:.1f} µs bare; "
        f"median ratio {ratio:.4f} over {N_EPOCHS} epochs\n"
    )


if __name__ == "__main__":
    main()
