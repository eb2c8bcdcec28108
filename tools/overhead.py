"""What the harness adds to the epochs that it times: `make overhead`.

An engine trains the headline plan in a worker, with all that a worker does between the epochs, and
in a process that does nothing else: a bare loop over `train_epoch` between two readings of
`time.perf_counter`. Both are fresh processes under the same settings, one after the other, in an
order that changes.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchgrad.benchmarks.cell.listener import Quiet
from benchgrad.benchmarks.cell.measure import layers
from benchgrad.benchmarks.plan import Contestant, load_plan
from benchgrad.benchmarks.run.runner import prepare, run_in
from benchgrad.command_line.measurement import Terms
from benchgrad.engines import MLP, SGD, available, batch_generator, draw_epochs, load
from benchgrad.processes.child import ALLOCATOR_VARIABLES, THREAD_VARIABLES

COMMAND = "make overhead"
ENGINES = ("numpy", "tensor", "tensor-replay", "tensor-compiled", "jax")
N_ROUNDS, N_EPOCHS = 9, 400


def in_worker(engine: str) -> float:
    """Return the median epoch of a cell, in seconds, as its worker timed the call."""
    plan = load_plan("headline").unpublished()
    plan = plan.replace(engines=[Contestant(engine)], rounds=1, epochs=N_EPOCHS)
    with TemporaryDirectory() as folder:
        (cell,) = run_in(Path(folder), plan, COMMAND, Quiet()).cells
    return median(epoch.wall_s for epoch in cell.epochs[1:])


def in_bare_process(engine: str) -> float:
    """Return the median epoch of a process that only trains, in seconds."""
    threads = dict.fromkeys(THREAD_VARIABLES, "1")
    printed = subprocess.run(
        [sys.executable, "-P", __file__, engine],
        env={**os.environ, **threads, **ALLOCATOR_VARIABLES},
        capture_output=True,
        check=True,
        text=True,
    )
    return float(printed.stdout)


def bare(name: str) -> None:
    """Train, and print the median epoch after the first, in seconds."""
    plan = load_plan("headline")
    rule, data = plan.training, prepare(plan)
    model, engine = MLP(layers(plan, data)), load(name)
    engine.limit_threads(1)
    first = model.initial_parameters(rule.seed)
    classifier = engine.classifier(model, first, SGD(rule.learning_rate))
    n_rows = len(data.y_train)
    taken_s = []
    for batches in draw_epochs(N_EPOCHS, n_rows, rule.batch_size, batch_generator(rule.seed, 0)):
        began_s = time.perf_counter()
        classifier.train_epoch(data.X_train, data.y_train, batches)
        taken_s.append(time.perf_counter() - began_s)
    sys.stdout.write(f"{median(taken_s[1:])}\n")


def main() -> None:
    """Print the ratio of epochs in a worker to bare ones, for each engine that is installed."""
    ready = {listed.name for listed in available() if listed.status == "ready"}
    with Terms(COMMAND, lock=None, wait=True).timing_alone():
        for engine in ENGINES:
            if engine not in ready:
                sys.stdout.write(f"{engine}: not installed\n")
                continue
            ratios = []
            for n in range(N_ROUNDS):
                ways = [in_worker, in_bare_process]
                taken_s = {way: way(engine) for way in (ways if n % 2 else reversed(ways))}
                ratios.append(taken_s[in_worker] / taken_s[in_bare_process])
            sys.stdout.write(
                f"{engine}: {median(ratios):.4f} times the bare loop "
                f"({min(ratios):.4f} to {max(ratios):.4f} in {N_ROUNDS} rounds)\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        bare(sys.argv[1])
    else:
        main()
