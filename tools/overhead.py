"""What the harness adds to the epochs that it times, and what its evaluation does: `make overhead`.

An engine trains the headline plan in a whole run: a runner that listens, and a worker with all that
it does between the epochs, held to one processor. In turns of 40 epochs the same process also
trains its own (`tools/alternating.py`): bare ones, in a loop over `train_epoch` with nothing
between; some whose parameters are read after each; some whose parameters are kept as well, for an
evaluation at the end; and some that are evaluated at once. Two processes would differ by more than
what is sought: a machine's speed changes from second to second.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Added:
    """How many times as long epochs take with what a harness does between them, in one process.

    `by_worker` with all that a worker does, beside bare ones. The other two are beside epochs whose
    parameters are read and not evaluated: `by_keeping` them for an evaluation after the last epoch,
    and `by_evaluating` them at once.
    """

    by_worker: float
    by_keeping: float
    by_evaluating: float


def added(engine: str) -> Added:
    """Train in a fresh process; return medians over its turns, of ratios within a turn."""
    plan = load_plan("headline").unpublished()
    contestant = Contestant(_ALTERNATING)
    cpu = max(os.sched_getaffinity(0)) if sys.platform == "linux" else None
    plan = plan.replace(engines=[contestant], rounds=1, epochs=N_TURNS * N_EACH, cpu=cpu)
    with TemporaryDirectory() as folder:
        times = Path(folder) / "times.txt"
        os.environ |= {ENGINE: engine, TIMES: str(times)}
        run_in(Path(folder), plan, COMMAND, Quiet())
        turns = [list(map(float, line.split())) for line in times.read_text().splitlines()]
    in_worker, bare, read, kept, evaluated = np.transpose(turns)
    ratios = (in_worker / bare, kept / read, evaluated / read)
    return Added(*(float(np.median(each)) for each in ratios))


def main() -> None:
    """Print what a worker adds to the epochs of each engine, and what an evaluation does."""
    ready = {listed.name for listed in available() if listed.status == "ready"}
    with Terms(COMMAND, lock=None, wait=True).timing_alone():
        for engine in ENGINES:
            if engine not in ready:
                sys.stdout.write(f"{engine}: not installed\n")
                continue
            rounds = [added(engine) for _ in range(N_ROUNDS)]
            by_worker = _told([each.by_worker for each in rounds])
            by_keeping = _told([each.by_keeping for each in rounds])
            by_evaluating = _told([each.by_evaluating for each in rounds])
            sys.stdout.write(f"{engine}: {by_worker} times the bare loop in a worker; evaluation ")
            sys.stdout.write(f"at the end {by_keeping}, between the epochs {by_evaluating}\n")
            sys.stdout.flush()


def _told(rounds: Sequence[float]) -> str:
    """Return the median of the processes and their range."""
    return f"{median(rounds):.4f} ({min(rounds):.4f} to {max(rounds):.4f})"


if __name__ == "__main__":
    main()
