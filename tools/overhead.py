"""What the harness adds to the epochs that it times: `make overhead`.

An engine trains the headline plan in a whole run: a runner that listens, and a worker with all that
it does between the epochs. In turns of 40 epochs the same process also trains bare ones, in a loop
over `train_epoch` with nothing between, and others with an evaluation after each
(`tools/alternating.py`). Two processes would differ by more than what is sought: a machine's speed
changes from second to second.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from alternating import ENGINE, N_EACH, TIMES

from benchgrad.benchmarks.cell.listener import Quiet
from benchgrad.benchmarks.plan import Contestant, load_plan
from benchgrad.benchmarks.run.runner import run_in
from benchgrad.command_line.measurement import Terms
from benchgrad.engines import available

COMMAND = "make overhead"
ENGINES = ("numpy", "tensor", "tensor-replay", "tensor-compiled", "jax")
N_ROUNDS, N_TURNS = 5, 20
_ALTERNATING = str(Path(__file__).with_name("alternating.py"))


def ratios(engine: str) -> tuple[float, float]:
    """Return how many times a bare epoch one takes in a worker, and one with an evaluation after.

    Medians over the turns of a fresh process, of ratios of the medians within a turn.
    """
    plan = load_plan("headline").unpublished()
    contestant = Contestant(_ALTERNATING)
    plan = plan.replace(engines=[contestant], rounds=1, epochs=N_TURNS * N_EACH)
    with TemporaryDirectory() as folder:
        times = Path(folder) / "times.txt"
        os.environ |= {ENGINE: engine, TIMES: str(times)}
        run_in(Path(folder), plan, COMMAND, Quiet())
        turns = [list(map(float, line.split())) for line in times.read_text().splitlines()]
    in_worker, bare, evaluated = np.transpose(turns)
    return float(np.median(in_worker / bare)), float(np.median(evaluated / bare))


def main() -> None:
    """Print what a worker's epochs and evaluated ones take beside bare ones, for each engine."""
    ready = {listed.name for listed in available() if listed.status == "ready"}
    with Terms(COMMAND, lock=None, wait=True).timing_alone():
        for engine in ENGINES:
            if engine not in ready:
                sys.stdout.write(f"{engine}: not installed\n")
                continue
            rounds = [ratios(engine) for _ in range(N_ROUNDS)]
            in_worker, evaluated = map(_told, zip(*rounds, strict=True))
            sys.stdout.write(f"{engine}: {in_worker} times the bare loop in a worker, ")
            sys.stdout.write(f"{evaluated} with an evaluation between the epochs\n")
            sys.stdout.flush()


def _told(rounds: Sequence[float]) -> str:
    """Return the median of the processes and their range."""
    return f"{median(rounds):.4f} ({min(rounds):.4f} to {max(rounds):.4f})"


if __name__ == "__main__":
    main()
