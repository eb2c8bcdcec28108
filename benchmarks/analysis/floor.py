"""The floor: how short an epoch could be on this machine, whoever computes it.

A pure function of the records. It names no engine: the plain hand-written step is far above it.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchgrad.benchmarks.plan import ModelPlan
from benchgrad.benchmarks.records import Results


@dataclass(frozen=True)
class Floor:
    """The shortest time of an epoch, in seconds: its matrix products and its exponentials.

    Both are taken at the machine's own rates, in the plan's dtype and with its threads. Everything
    else is free: other arithmetic, memory, the calls themselves. So no program for the same work
    gets far below it, and small matrices, whose products are slower than large ones, never reach
    it. `row_exps` is the number of exponentials for each row.
    """

    matmul_s: float
    exp_s: float
    row_exps: int

    @property
    def epoch_s(self) -> float:
        """The time of an epoch."""
        return self.matmul_s + self.exp_s


def floor(results: Results) -> Floor | None:
    """Return the floor of a run's epochs, None where the records lack a rate of the machine."""
    here, n_rows = results.environment, results.data.n_train
    if not (here.matmul_flops_per_s and here.exp_per_s and results.row_flops):
        return None
    row_exps = exponentials(results.plan.model, len(results.data.class_names))
    exp_per_s = here.exp_per_s * results.plan.threads  # measured on one thread
    return Floor(
        matmul_s=n_rows * results.row_flops / here.matmul_flops_per_s,
        exp_s=n_rows * row_exps / exp_per_s,
        row_exps=row_exps,
    )


def exponentials(model: ModelPlan, n_classes: int) -> int:
    """Return the exponentials that a training step cannot avoid, for each row.

    One for each class in the softmax, one for each hidden unit with a tanh, which is
    1 − 2 / (e^2x + 1). The backward pass uses their results again.
    """
    softmax = n_classes if model.loss == "cross_entropy" else 0
    return softmax + (sum(model.hidden) if model.activation == "tanh" else 0)
