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
from benchgrad.engines import MLP, SGD, Classifier, batch_generator, draw_epochs, load

N_EPOCHS = 400
CLOCK = Clock()
Array = NDArray[Any]


def with_harness(classifier: Classifier, X: Array, y: Array, batches: list[Array]) -> float:
    return timed(classifier.train_epoch, X, y, batches, clock=CLOCK).wall_s


def bare(classifier: Classifier, X: Array, y: Array, batches: list[Array]) -> float:
    step = classifier.train_step
    began = time.perf_counter()
    for rows in batches:
        step(X[rows], y[rows])
    return time.perf_counter() - began


def main() -> None:
    """Print microseconds per epoch for both, and the median of their ratios."""
    plan = load_plan("headline")
    rule, data = plan.training, prepare(plan)
    model = MLP(layers(plan, data))
    first = model.initial_parameters(rule.seed)
    ways = [
        (way, load("tensor").classifier(model, first, SGD(rule.learning_rate)), list[float]())
        for way in (with_harness, bare)
    ]
    n_rows = len(data.y_train)
    epochs = draw_epochs(N_EPOCHS, n_rows, rule.batch_size, batch_generator(rule.seed, round=0))
    for batches in epochs:
        for way, classifier, taken_s in ways:
            taken_s.append(way(classifier, data.X_train, data.y_train, batches))
        ways.reverse()  # the one that comes second finds the rows in the cache
    taken = {way: taken_s for way, _, taken_s in ways}
    ratios = [a / b for a, b in zip(taken[with_harness], taken[bare], strict=True)]
    medians = [f"{median(taken[way]) * 1e6:.1f} µs" for way in (with_harness, bare)]
    sys.stdout.write(
        f"{medians[0]} with the harness, {medians[1]} bare; "
        f"median ratio {median(ratios):.4f} over {N_EPOCHS} epochs\n"
    )


if __name__ == "__main__":
    main()
