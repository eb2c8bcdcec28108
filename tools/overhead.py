"""What the harness adds between its two clock readings: `make overhead`.

One process trains the headline plan with `tensor` twice, epoch by epoch in turn: once timed as a
worker does it, once as a bare loop over `train_step` between two calls of `time.perf_counter`.
"""

import sys
import time
from statistics import median
from typing import Any

from numpy.typing import NDArray

from benchgrad.benchmarks.cell.clock import Clock, timed
from benchgrad.benchmarks.cell.measure import layers
from benchgrad.benchmarks.plan import load_plan
from benchgrad.benchmarks.run.runner import prepare
from benchgrad.engines import MLP, SGD, batch_generator, draw_epochs, load

N_EPOCHS = 400
Array = NDArray[Any]


def main() -> None:
    """Print microseconds per epoch for both, and the median of their ratios."""
    plan = load_plan("headline")
    rule, data = plan.training, prepare(plan)
    X, y, clock = data.X_train, data.y_train, Clock()
    model = MLP(layers(plan, data))
    first = model.initial_parameters(rule.seed)
    one, other = (load("tensor").classifier(model, first, SGD(rule.learning_rate)) for _ in "ab")

    def harness(batches: list[Array]) -> float:
        return timed(one.train_epoch, X, y, batches, clock=clock).wall_s

    def bare(batches: list[Array]) -> float:
        step = other.train_step
        began = time.perf_counter()
        for rows in batches:
            step(X[rows], y[rows])
        return time.perf_counter() - began

    harness_s, bare_s = [], []
    epochs = draw_epochs(N_EPOCHS, len(y), rule.batch_size, batch_generator(rule.seed, round=0))
    for i, batches in enumerate(epochs):
        if i % 2:  # the one that comes second finds the rows in the cache
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
