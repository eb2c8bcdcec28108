"""What the verdicts say where the truth is known: `make verdicts`.

Real runs, each with `tensor` under two names and once slowed by 5 %. Between the first two there
is no difference to be found, between the first and the third one of 5 %. docs/measurement.md has
the figures of one such call.
"""

import sys
from collections import Counter
from pathlib import Path

from benchgrad.benchmarks.analysis.statistics import (
    PAIRED_EFFECT,
    Estimate,
    paired,
    ranked_rounds,
    verdict,
)
from benchgrad.benchmarks.cell.listener import Quiet
from benchgrad.benchmarks.plan import Contestant, Plan, load_plan
from benchgrad.benchmarks.run import runner
from benchgrad.command_line.run import Terms
from benchgrad.reports.findings import drift
from benchgrad.reports.formats import percent

N_RUNS, N_ROUNDS, N_EPOCHS = 10, 10, 60


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
    with Terms("make verdicts", lock=None, wait=True).timing_alone():
        for n in range(1, N_RUNS + 1):
            results = runner.run(plan, "make verdicts", dataset, Quiet())
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
