"""Can the times of a cell be true, and what did its engine do off the clock of its epochs?

Pure functions of records. What no machine can do makes a cell `invalid`. What is only out of
proportion is remarked on, with its cost, wherever the engine is shown.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from benchgrad.benchmarks.records import Cell, Epoch, Results

# The machine's rate is the best of ten products of 512 × 512 matrices, which a neighbour in the
# caches may have slowed down. No engine is twice as fast, with more to do than products.
_FASTEST_RATE = 2.0
# Two clocks of one machine tell the same time. The runner may hear of an epoch late, and of the
# next one less late: that moves a sum by less than this, and a median hardly at all.
_CLOCKS_SUM, _CLOCKS_SUM_S = 1.1, 0.5
_CLOCKS_MEDIAN, _CLOCKS_MEDIAN_S = 1.25, 1e-3
_LATE_S = 0.05  # the runner may hear of all short epochs at once, and late
_MANY = 5  # epochs, for a median to mean something
# No process used more processor time than the kernel gave it.
_CPU, _CPU_S = 1.1, 0.05
# Between two epochs the worker copies the parameters, keeps them, and tells the runner: so much,
# and so much more for each number, on a busy machine.
_GAP_CPU_S, _GAP_CPU_EACH_S = 5e-4, 5e-8
_GAP_S = 2e-3
_NOTABLE, _NOTABLE_S = 0.05, 2e-3  # of the time of all epochs: less is not worth a remark
_ONCE, _ONCE_S = 0.25, 1e-2  # the same for a single call, which the system may disturb
_FIRST_EPOCH = 3.0  # times the median of the others
_IDLE = 0.25  # of an epoch: a processor that nobody took away, and the engine did not use


@dataclass(frozen=True)
class Machine:
    """What an epoch asks for, and what the machine can do.

    `epoch_flops` are those of the matrix products of an epoch; `flops_per_s` is the rate of the
    machine's own matrix product, None where it was not measured.
    """

    epoch_flops: int
    flops_per_s: float | None

    @classmethod
    def of(cls, results: Results) -> Machine:
        """Return the machine of a run."""
        flops = results.row_flops * results.data.n_train
        return cls(flops, results.environment.matmul_flops_per_s)


def impossible(cell: Cell, machine: Machine) -> str:
    """Return why the times of a cell cannot be true, in one line; empty if they can."""
    if not cell.epochs:
        return ""
    median_s = _steady_s(cell.epochs)
    if min(epoch.seconds for epoch in cell.epochs) <= 0.0:
        return "an epoch took no time at all"
    if machine.flops_per_s:
        needed_s = machine.epoch_flops / machine.flops_per_s
        if needed_s > _FASTEST_RATE * median_s:
            return (
                f"an epoch took {median_s:.3g} s, and its matrix products alone take this machine "
                f"{needed_s:.3g} s: the work was not done in the epochs"
            )
    if reason := _contradicted(cell.epochs):
        return reason
    cpu_s = sum(epoch.cpu_s for epoch in cell.epochs)
    if cell.tree_cpu_s is not None and cpu_s > _CPU * cell.tree_cpu_s + _CPU_S:
        return (
            f"its epochs report {cpu_s:.3g} s of processor time, and the kernel gave its processes "
            f"{cell.tree_cpu_s:.3g} s"
        )
    return ""


def _contradicted(epochs: list[Epoch]) -> str:
    """Return how the runner's clock contradicts the worker's; empty if it does not.

    The first epoch is left out: between two messages of the worker, it also prepares itself.
    """
    pairs = [
        (epoch.own_s, epoch.witness_s)
        for epoch in epochs[1:]
        if epoch.own_s is not None and epoch.witness_s is not None
    ]
    if not pairs:
        return ""
    own_s, witness_s = (sum(times) for times in zip(*pairs, strict=True))
    own_median_s, witness_median_s = (
        statistics.median(times) for times in zip(*pairs, strict=True)
    )
    differ = witness_s > _CLOCKS_SUM * own_s + _CLOCKS_SUM_S
    if len(pairs) >= _MANY:  # without the moments at either end, less of a difference is enough
        differ |= (
            witness_median_s > _CLOCKS_MEDIAN * own_median_s + _CLOCKS_MEDIAN_S
            and witness_s > _CLOCKS_MEDIAN * own_s + _LATE_S
        )
    if not differ:
        return ""
    return (
        f"{len(pairs)} epochs took {own_s:.3g} s by its own clock and {witness_s:.3g} s by the "
        "runner's"
    )


def remarks(cell: Cell) -> Iterator[str]:
    """Yield what an engine did that is out of proportion, each with its cost."""
    if cell.epochs:
        total_s = sum(epoch.seconds for epoch in cell.epochs)
        yield from _of_epochs(cell, total_s)
        yield from _of_other_calls(cell, total_s)
        yield from _between(cell, total_s)


def _of_epochs(cell: Cell, total_s: float) -> Iterator[str]:
    late_s = sum(epoch.late_s for epoch in cell.epochs)
    if late_s > _NOTABLE * total_s:
        yield (
            f"left {100 * late_s / total_s:.0f} % of its epochs' time to the first read of its "
            "parameters (counted)"
        )
    if len(cell.epochs) > 1:
        first_s, others_s = cell.epochs[0].seconds, _steady_s(cell.epochs)
        if first_s > _FIRST_EPOCH * others_s and first_s - others_s > _ONCE_S:
            yield f"took {first_s:.3g} s for its first epoch and {others_s:.3g} s for each other"
    if waiting := [share for epoch in cell.epochs if (share := _idle_share(epoch)) is not None]:
        idle_share = statistics.median(waiting)
        if idle_share > _IDLE and idle_share * total_s > _NOTABLE_S:
            yield (
                f"left its processor idle for {100 * idle_share:.0f} % of its epochs' time, as if "
                "it waited for another process"
            )


def _idle_share(epoch: Epoch) -> float | None:
    """Return the share of an epoch in which it had a processor and used none; None if unknown."""
    if epoch.waited_s is None or epoch.stolen_s is None or epoch.wall_s == 0.0:
        return None
    return max(0.0, epoch.wall_s - epoch.cpu_s - epoch.waited_s - epoch.stolen_s) / epoch.wall_s


def _of_other_calls(cell: Cell, total_s: float) -> Iterator[str]:
    """Yield the calls beside the epochs that took as long as if they had trained."""
    allowed_s = _ONCE * total_s + _ONCE_S
    build_s, rebuild_s = cell.build_s or 0.0, cell.second_build_s or 0.0
    if rebuild_s > 3 * build_s + allowed_s:
        yield f"took {build_s:.3g} s to build a classifier, and {rebuild_s:.3g} s the second time"
    median_s, logits_s = _steady_s(cell.epochs), cell.logits_s or 0.0
    if logits_s > 2 * median_s + allowed_s:
        yield f"took {logits_s:.3g} s for the logits of the test rows, an epoch {median_s:.3g} s"


def _between(cell: Cell, total_s: float) -> Iterator[str]:
    """Yield what happened while no call of the engine was running, and in other processes."""
    used, n = cell.usage, len(cell.epochs)
    if used is None:
        return
    allowed_s = max(_NOTABLE * total_s, _NOTABLE_S)
    if used.between_idle_s is not None and used.between_idle_s > n * _GAP_S + 2 * allowed_s:
        yield f"let {used.between_idle_s:.3g} s pass between its epochs (not counted)"
    n_parameters = len(cell.final.parameters) if cell.final else 0
    if used.between_cpu_s > n * (_GAP_CPU_S + _GAP_CPU_EACH_S * n_parameters) + allowed_s:
        yield f"used {used.between_cpu_s:.3g} s of processor time between its epochs (not counted)"
    if used.children_cpu_s > allowed_s:
        yield f"used {used.children_cpu_s:.3g} s of processor time in processes that it started"


def _steady_s(epochs: list[Epoch]) -> float:
    """Return the median of the epochs after the first, or that one where there is no other."""
    return statistics.median(epoch.seconds for epoch in (epochs[1:] or epochs))
