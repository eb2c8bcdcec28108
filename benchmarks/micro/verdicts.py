"""What the verdicts say where the truth is known: `make verdicts`.

Real runs, each with `tensor` under two names and once slowed by 5 %. Between the first two there
is no difference to be found, between the first and the third one of 5 %. docs/measurement.md has
the figures of one such call.
"""

import os
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path

from benchgrad.benchmarks import lock, runner
from benchgrad.benchmarks.plan import Contestant, Plan, load_plan
from benchgrad.benchmarks.records import Cell
from benchgrad.benchmarks.statistics import (
    PAIRED_EFFECT,
    Estimate,
    paired,
    ranked_rounds,
    verdict,
)
from benchgrad.reports.formats import percent
from benchgrad.reports.tables import drift

N_RUNS, N_ROUNDS, N_EPOCHS = 10, 10, 60


class _Quiet:
    """Hears nothing, and never ends a run."""

    def stop_requested(self) -> bool:
        return False

    def stop_at_once(self) -> bool:
        return False

    def cell_started(self, engine: str, round: int, n_epochs: int) -> None:
        pass

    def epoch_done(self, engine: str, n_done: int, n_epochs: int) -> None:
        pass

    def cell_finished(self, cell: Cell) -> None:
        pass


def _plan() -> Plan:
    engines = [
        Contestant("first", engine="tensor"),
        Contestant("second", engine="tensor"),
        Contestant("slowed", engine=str(Path(__file__).with_name("slowed.py"))),
    ]
    plan = load_plan("headline").unpublished()
    return plan.replace(engines=engines, rounds=N_ROUNDS, epochs=N_EPOCHS)


def _told(found: Estimate) -> str:
    interval = f"{found.ratio:.4f} ({found.low:.4f} to {found.high:.4f})"
    return f"{interval} {verdict(found, PAIRED_EFFECT)}"


def main() -> None:
    """Print a line for each run, and how often each verdict was given."""
    plan = _plan()
    dataset = runner.prepare(plan)
    verdicts = {"second": Counter[str](), "slowed": Counter[str]()}
    holder = lock.Holder(os.getpid(), f"{datetime.now():%Y-%m-%d %H:%M:%S}", "make verdicts")
    with lock.timing_alone(lock.MACHINE, holder, wait=True, tell=print):
        for n in range(1, N_RUNS + 1):
            results = runner.run(plan, "make verdicts", dataset, _Quiet())
            rounds = ranked_rounds(results.cells)
            found = {name: paired(rounds["first"], rounds[name]) for name in verdicts}
            for name, estimate in found.items():
                verdicts[name][verdict(estimate, PAIRED_EFFECT)] += 1
            told = "; ".join(f"{name} / first: {_told(e)}" for name, e in found.items())
            moved = drift(results)
            noise = f"; the control workload varied by {percent(moved.spread)}" if moved else ""
            sys.stdout.write(f"run {n}: {told}{noise}\n")
            sys.stdout.flush()
    for name, counted in verdicts.items():
        told = ", ".join(f"{verdict} {n} ×" for verdict, n in counted.most_common())
        sys.stdout.write(f"{name} / first, {N_RUNS} runs of {N_ROUNDS} rounds: {told}\n")


if __name__ == "__main__":
    main()
