"""What instructions say when the truth is known: `make instructions`, or with a number of runs.

Each run counts the instructions of `tensor`, and of `tensor` with 1 % of extra work. So between the
counts of `tensor` in one run and the next there is no difference to find, and between the two
engines of a run there is one of 1 %.
"""

import itertools
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchgrad.benchmarks.analysis.compare import by_instructions
from benchgrad.benchmarks.cell.listener import Quiet
from benchgrad.benchmarks.plan import Contestant, Plan, load_plan
from benchgrad.benchmarks.run.runner import run_in
from benchgrad.command_line.measurement import Terms

COMMAND = "make instructions"
N_RUNS = 21  # 20 pairs of one run and the next
N_STEPS, BATCH_SIZE = 100, 32  # in an epoch, so that one more step is 1 %


def plan() -> Plan:
    heavier = str(Path(__file__).with_name("heavier.py"))
    engines = [Contestant("tensor"), Contestant("heavier", engine=heavier)]
    rows = N_STEPS * BATCH_SIZE
    shape = load_plan("headline").unpublished().with_data(n_samples=2 * rows, test_fraction=0.5)
    return shape.replace(engines=engines, epochs=3, rounds=1, instructions=True)


def counts() -> dict[str, float]:
    """Return the instructions of an epoch, in millions, for each engine of one run."""
    with TemporaryDirectory() as folder:
        results = run_in(Path(folder), plan(), COMMAND, Quiet())
    for each in results.instructions:
        if each.per_epoch is None:
            sys.exit(f"{each.engine}: {each.reason}")
    return {each.engine: (each.per_epoch or 0.0) / 1e6 for each in results.instructions}


def main() -> None:
    """Print a line for each run, and how often each verdict was given."""
    n_runs = int(sys.argv[1]) if len(sys.argv) > 1 else N_RUNS
    found = []
    with Terms(COMMAND, lock=None, wait=True).timing_alone():
        for n in range(1, n_runs + 1):
            counted = counts()
            found.append(counted)
            excess = 100 * (counted["heavier"] / counted["tensor"] - 1)
            sys.stdout.write(
                f"run {n}: tensor {counted['tensor']:.4f} million, heavier by {excess:.3f} %; "
                f"load {psutil.getloadavg()[0]:.1f}\n"
            )
            sys.stdout.flush()
    same = [by_instructions(a["tensor"], b["tensor"]) for a, b in itertools.pairwise(found)]
    planted = [by_instructions(each["tensor"], each["heavier"]) for each in found]
    for name, verdicts in (("tensor again", same), ("1 % of extra work", planted)):
        told = ", ".join(f"{verdict} {n} ×" for verdict, n in Counter(verdicts).most_common())
        sys.stdout.write(f"{name}: {told}\n")
    values = [each["tensor"] for each in found]
    spread = 100 * (max(values) / min(values) - 1)
    sys.stdout.write(f"all counts of tensor are within {spread:.3f} %\n")


if __name__ == "__main__":
    main()
