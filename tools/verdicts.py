"""What the verdicts say when the truth is known: `make verdicts`.

Every run has `tensor` under two names, and once slowed by 5 %. So between the first two there is no
difference to find, and between the first and the third there is one of 5 %. With --busy, a
neighbour keeps all CPUs busy for a random third of the time.
"""

import argparse
import contextlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
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
N_EPOCHS = 60
TRUTH = {"second": 1.0, "slowed": 1.05}  # times `first`


# Every copy draws the same spells, so all CPUs are busy at the same time: 1.75 s of 5.25 s.
NEIGHBOUR = """
import random, sys, time
spells = random.Random(int(sys.argv[1]))
while True:
    time.sleep(spells.uniform(1.0, 6.0))
    until = time.monotonic() + spells.uniform(0.5, 3.0)
    while time.monotonic() < until:
        pass
"""


@contextlib.contextmanager
def neighbour(is_busy: bool) -> Iterator[None]:
    """Keep all CPUs busy now and then, for as long as the context lasts."""
    command = [sys.executable, "-S", "-c", NEIGHBOUR, "0"]
    copies = [subprocess.Popen(command) for _ in range(os.cpu_count() or 1)] if is_busy else []
    try:
        yield
    finally:
        for copy in copies:
            copy.kill()
            copy.wait()


def plan(n_rounds: int) -> Plan:
    engines = [
        Contestant("first", engine="tensor"),
        Contestant("second", engine="tensor"),
        Contestant("slowed", engine=str(Path(__file__).with_name("slowed.py"))),
    ]
    headline = load_plan("headline").unpublished()
    return headline.replace(engines=engines, rounds=n_rounds, epochs=N_EPOCHS)


def run(n_rounds: int) -> Results:
    with TemporaryDirectory() as folder:
        return run_in(Path(folder), plan(n_rounds), COMMAND, Quiet())


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
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--busy", action="store_true", help="beside a busy neighbour")
    asked = parser.parse_args()
    holding = Counter[str]()
    verdicts = {name: Counter[str]() for name in TRUTH}
    with Terms(COMMAND, lock=None, wait=True).timing_alone(), neighbour(asked.busy):
        for n in range(1, asked.runs + 1):
            results = run(asked.rounds)
            rounds, disturbed = ranked_rounds(results.cells), disturbed_by_engine(results.cells)
            estimates = {
                name: paired(rounds["first"], rounds[name], disturbed["first"] | disturbed[name])
                for name in TRUTH
            }
            for name, found in estimates.items():
                verdicts[name][verdict(found, PAIRED_EFFECT)] += 1
                holding[name] += found.low <= TRUTH[name] <= found.high
            sys.stdout.write(f"run {n}: {line(estimates, results)}\n")
            sys.stdout.flush()
    for name, counted in verdicts.items():
        told = ", ".join(f"{verdict} {n} ×" for verdict, n in counted.most_common())
        sys.stdout.write(
            f"{name} / first, {asked.runs} runs of {asked.rounds} rounds: {told}; "
            f"{holding[name]} intervals hold {TRUTH[name]:g}\n"
        )


if __name__ == "__main__":
    main()
