"""What the harness adds to the epochs that it times: `make overhead`.

An engine trains the headline plan in a whole run: a runner that listens, and a worker with all that
it does between the epochs. In turns of 40 epochs the same process also trains bare ones, in a loop
over `train_epoch` with nothing between (`tools/alternating.py`). Two processes would differ by more
than what is sought: a machine's speed changes from second to second.
"""

import os
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

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


def ratios(engine: str) -> list[float]:
    """Return a worker's median epoch over the median bare one, for each turn of a fresh process."""
    plan = load_plan("headline").unpublished()
    contestant = Contestant(_ALTERNATING)
    plan = plan.replace(engines=[contestant], rounds=1, epochs=N_TURNS * N_EACH)
    with TemporaryDirectory() as folder:
        times = Path(folder) / "times.txt"
        os.environ |= {ENGINE: engine, TIMES: str(times)}
        run_in(Path(folder), plan, COMMAND, Quiet())
        turns = [list(map(float, line.split())) for line in times.read_text().splitlines()]
    return [in_worker / bare for in_worker, bare in turns]


def main() -> None:
    """Print the ratio of a worker's epochs to bare ones, for each engine that is installed."""
    ready = {listed.name for listed in available() if listed.status == "ready"}
    with Terms(COMMAND, lock=None, wait=True).timing_alone():
        for engine in ENGINES:
            if engine not in ready:
                sys.stdout.write(f"{engine}: not installed\n")
                continue
            rounds = [median(ratios(engine)) for _ in range(N_ROUNDS)]
            sys.stdout.write(
                f"{engine}: {median(rounds):.4f} times the bare loop "
                f"({min(rounds):.4f} to {max(rounds):.4f} in {N_ROUNDS} processes)\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
