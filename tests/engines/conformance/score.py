"""The score of the checker: mutants convicted by numbers, no false accusation, telling stories.

    score.py mutants                 every fault must be convicted by its numbers
    score.py stories [N] [SEED]      of N faults taken at random, does the first story name each?
    score.py precision [N] [ENGINE...]   engines that are right, with N seeds; none may be accused

The mutants are in mutants.py, what a story must name is in blamed.py.
"""

import random
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from blamed import is_cause_right, names_it
from mutants import MUTANTS
from mutation import write

from benchgrad.engines.conformance.checking import (
    Options,
    check_engine,
    checks_of,
    process_for,
)

N_SEEDS = 20
N_STORIES = 30
TIMEOUT_S = 15.0
BUILT_IN = ("tensor", "scalar", "scalar-dot", "tensor-replay", "micrograd")
SEEDLESS = ("deep chains", "memory")  # groups in which no random number is drawn
# Faults that have no wrong number: graphs are kept, or a deep graph ends the walk.
BY_MEMORY = ("graphs are kept",)


def say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


# --- mutants -----------------------------------------------------------------------------------


def conviction(path, by):
    """Return the first verdict that convicts an engine by some evidence, None if there is none."""
    for is_fast in (True, False):
        options = Options(is_fast=is_fast, timeout_s=TIMEOUT_S)
        with process_for(str(path), options) as process:
            for check in checks_of(options):
                if is_fast or check.is_slow or check.group == "random graphs":
                    verdict = process.verdict(check)
                    if verdict.counts_against and verdict.finding.evidence == by:
                        return verdict
    return None


def try_mutant(numbered):
    i, mutant = numbered
    by = "memory" if mutant.name in BY_MEMORY else "numbers"
    with tempfile.TemporaryDirectory() as folder:
        return mutant, conviction(write(mutant, Path(folder), f"mutant_{i}"), by)


def mutants():
    began = time.monotonic()
    found = 0
    with ThreadPoolExecutor(2) as pool:
        for mutant, verdict in pool.map(try_mutant, enumerate(MUTANTS)):
            found += verdict is not None
            by = f"{verdict.check} | {verdict.reason}" if verdict else "NOT FOUND"
            say(f"{mutant}: {by[:160]}")
    share = 100 * found / len(MUTANTS)
    seconds = time.monotonic() - began
    say(f"{found} of {len(MUTANTS)} mutants convicted ({share:.0f} %), {seconds:.0f} s")
    return found == len(MUTANTS)


# --- stories -----------------------------------------------------------------------------------


def first_story(numbered):
    i, mutant = numbered
    with tempfile.TemporaryDirectory() as folder:
        path = write(mutant, Path(folder), f"told_mutant_{i}")
        outcome = check_engine(str(path), Options(is_fast=True, timeout_s=TIMEOUT_S))
    return mutant, outcome.faults


def stories(n=N_STORIES, seed=0):
    drawn = random.Random(seed).sample(MUTANTS, min(n, len(MUTANTS)))
    named = right = 0
    with ThreadPoolExecutor(2) as pool:
        for mutant, faults in pool.map(first_story, enumerate(drawn)):
            heading = faults[0].heading if faults else "NOTHING"
            cause = str((faults[0].finding.cause if faults else None) or "")
            is_named, is_right = names_it(mutant, heading), is_cause_right(mutant, cause)
            named, right = named + is_named, right + is_right
            marks = ("" if is_named else " NOT NAMED") + ("" if is_right else " WRONG CAUSE")
            say(f"{mutant}: {heading} | {cause or 'no cause'} | {len(faults)} faults{marks}")
    say(f"{named} of {len(drawn)} first stories name the operation; {right} causes right or absent")
    return named == right == len(drawn)


# --- precision ---------------------------------------------------------------------------------


def try_right(run):
    """Return what an engine that is right is accused of, with one seed."""
    engine, seed = run
    options = Options(seed=seed, is_fast=True)
    with process_for(engine, options) as process:
        checks = [c for c in checks_of(options) if not (seed and c.group in SEEDLESS)]
        verdicts = [process.verdict(check) for check in checks]
    return run, [verdict for verdict in verdicts if verdict.counts_against]


def precision(engines=BUILT_IN, n_seeds=N_SEEDS):
    runs = [(engine, seed) for seed in range(n_seeds) for engine in engines]
    n_wrong = 0
    with ThreadPoolExecutor(2) as pool:
        for (engine, seed), accused in pool.map(try_right, runs):
            n_wrong += len(accused)
            for verdict in accused:
                say(f"{engine} is accused with seed {seed}: {verdict.check}: {verdict.reason}")
    say(f"{n_wrong} false accusations in {n_seeds} seeds of {', '.join(engines)}")
    return not n_wrong


def main():
    match sys.argv[1:]:
        case ["mutants"]:
            is_well = mutants()
        case ["stories", *numbers]:
            is_well = stories(*map(int, numbers))
        case ["precision", n, *engines] if n.isdigit():
            is_well = precision(tuple(engines) or BUILT_IN, int(n))
        case ["precision", *engines]:
            is_well = precision(tuple(engines) or BUILT_IN)
        case _:
            sys.exit(__doc__)
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()
