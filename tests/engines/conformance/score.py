"""The score of the checker: it finds every mutant and accuses no engine that is right.

Run by ``make mutants``; the mutants are in mutants.py.
"""

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mutants import MUTANTS
from mutation import write

from benchgrad.engines.conformance.checking import Options, checks_of, process_for

N_SEEDS = 20
TIMEOUT_S = 15.0
BUILT_IN = ("tensor", "scalar")
SEEDLESS = ("deep chains", "memory")  # groups in which no random number is drawn


def say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def accusation(engine, options, without=()):
    """Return the first verdict against an engine, None if there is none."""
    with process_for(engine, options) as process:
        for check in checks_of(options):
            if check.group not in without:
                verdict = process.verdict(check)
                if verdict.counts_against:
                    return verdict
    return None


def try_mutant(numbered):
    i, mutant = numbered
    with tempfile.TemporaryDirectory() as folder:
        path = write(mutant, Path(folder), f"mutant_{i}")
        return mutant, accusation(str(path), Options(timeout_s=TIMEOUT_S))


def try_right(run):
    engine, seed = run
    return run, accusation(engine, Options(seed=seed), SEEDLESS if seed else ())


def main():
    began = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(try_mutant, enumerate(MUTANTS)))
        runs = [(engine, seed) for seed in range(N_SEEDS) for engine in BUILT_IN]
        accusations = list(pool.map(try_right, runs))
    found = 0
    for mutant, verdict in results:
        found += verdict is not None
        by = f"{verdict.check} | {verdict.cause or verdict.reason}" if verdict else "NOT FOUND"
        say(f"{mutant}: {by}")
    wrong = [(run, verdict) for run, verdict in accusations if verdict is not None]
    for (engine, seed), verdict in wrong:
        say(f"{engine} is accused with seed {seed}: {verdict.check}: {verdict.reason}")
    share = 100 * found / len(MUTANTS)
    say(
        f"{found} of {len(MUTANTS)} mutants found ({share:.0f} %), {len(wrong)} false accusations "
        f"in {N_SEEDS} seeds of {' and '.join(BUILT_IN)}, {time.monotonic() - began:.0f} s"
    )
    sys.exit(0 if found == len(MUTANTS) and not wrong else 1)


if __name__ == "__main__":
    main()
