"""What the verdicts say when the truth is known: `make verdicts`.

Every run has `tensor` under two names, and once slowed by 5 %. So between the first two there is no
difference to find, and between the first and the third there is one of 5 %.
"""

import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchgrad.benchmarks.analysis.statistics import (
    PAIRED_EFFECT,
    Estimate,
    disturbed_by_engine,
    paired,
    ranked_rounds,
    verdict,
)
from benchgrad.benchmarks.cell.listener import Quiet
from benchgrad.benchmarks.plan import Contestant, Plan, load_plan
from benchgrad.benchmarks.records import Results
from benchgrad.benchmarks.run.runner import run_in
from benchgrad.command_line.measurement import Terms
from benchgrad.reports.findings import drift
from benchgrad.reports.formats import percent

COMMAND = "make verdicts"
N_RUNS, N_ROUNDS, N_EPOCHS = 10, 10, 60
OTHERS = ("second", "slowed")  # each is compared with `first`


def plan() -> Plan:
    engines = [
        Contestant("first", engine="tensor"),
        Contestant("second", engine="tensor"),
        Contestant("slowed", engine=str(Path(__file__).with_name("slowed.py"))),
    ]
    headline = load_plan("headline").unpublished()
    return headline.replace(engines=engines, rounds=N_ROUNDS, epochs=N_EPOCHS)


def run() -> Results:
    with TemporaryDirectory() as folder:
        return run_in(Path(folder), plan(), COMMAND, Quiet())


def line(estimates: Mapping[str, Estimate], results: Results) -> str:
    """Return what one run found."""
    told = "; ".join(
        f"{name} / first: {found.ratio:.4f} ({found.low:.4f} to {found.high:.4f}) "
        f"{verdict(found, PAIRED_EFFECT)}"
        for name, found in estimates.items()
    )
    moved = drift(results)
    return told + (f"; the machine's speed varied by {percent(moved.spread)}" if moved else "")


def main() -> None:
    """Print a line for each run, and how often each verdict was given."""
    verdicts = {name: Counter[str]() for name in OTHERS}
    with Terms(COMMAND, lock=None, wait=True).timing_alone():
        for n in range(1, N_RUNS + 1):
            results = run()
            rounds, disturbed = ranked_rounds(results.cells), disturbed_by_engine(results.cells)
            estimates = {
                name: paired(rounds["first"], rounds[name], disturbed["first"] | disturbed[name])
                for name in OTHERS
            }
            for name, found in estimates.items():
                verdicts[name][verdict(found, PAIRED_EFFECT)] += 1
            sys.stdout.write(f"run {n}: {line(estimates, results)}\n")
            sys.stdout.flush()
    for name, counted in verdicts.items():
        told = ", ".join(f"{verdict} {n} ×" for verdict, n in counted.most_common())
        sys.stdout.write(f"{name} / first, {N_RUNS} runs of {N_ROUNDS} rounds: {told}\n")


if __name__ == "__main__":
    main()
