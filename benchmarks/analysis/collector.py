"""What the garbage collector is worth: the ratio of two engines under each policy.

Pure functions of the records.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass

from benchgrad.benchmarks.analysis.statistics import Estimate, paired, ranked_rounds
from benchgrad.benchmarks.plan import Collector, Contestant
from benchgrad.benchmarks.records import Results

_IN_WORDS: dict[Collector, str] = {
    "as shipped": "as each engine ships",
    "default": "running for both",
    "paused": "paused for both until an epoch ends",
}
POLICIES = tuple(_IN_WORDS)


@dataclass(frozen=True)
class UnderPolicy:
    """How many times as long as `fast` an epoch of `slow` takes, both under one policy.

    The engines are named by what the plan loads, for their rows have names of their own.
    """

    policy: Collector
    slow: str
    fast: str
    ratio: Estimate

    @property
    def in_words(self) -> str:
        """The policy, as a reader would say it."""
        return _IN_WORDS[self.policy]


def under_policies(results: Results) -> list[UnderPolicy]:
    """Return the ratio of neighbouring engines that ran under every policy, for each policy.

    As shipped, an engine runs under the policy that it declares: paused if it pauses the collector
    in its own step, else the default. So an engine needs one more row in the plan, not two.
    """
    rounds = ranked_rounds(results.cells)
    found: dict[str, dict[Collector, str]] = defaultdict(dict)
    pausing = {cell.engine for cell in results.cells if cell.pauses_collector}
    for contestant in results.plan.engines:
        if contestant.name in rounds and contestant.batch_size is None:
            for policy in _policies(contestant, contestant.name in pausing):
                found[contestant.spec].setdefault(policy, contestant.name)
    complete = [spec for spec in found if set(found[spec]) == set(POLICIES)]
    return [
        UnderPolicy(
            policy,
            slow,
            fast,
            paired(rounds[found[fast][policy]], rounds[found[slow][policy]]),
        )
        for slow, fast in itertools.pairwise(complete)
        for policy in POLICIES
    ]


def _policies(contestant: Contestant, pauses: bool) -> tuple[Collector, ...]:
    """Return the policies that a row stands for."""
    if contestant.collector != "as shipped":
        return (contestant.collector,)
    return ("as shipped", "paused" if pauses else "default")
