"""The cyclic garbage collector as a plan asks for it, set from outside, whatever an engine does.

What a policy is worth is computed from the records, in `benchmarks.analysis.collector`.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from numpy.typing import NDArray

from benchgrad.benchmarks.plan import Collector
from benchgrad.engines import Classifier, DelegatingClassifier

Array = NDArray[Any]

# What an engine could change the policy with. Code that holds one of these functions already, from
# before the policy applies, still can; a worker therefore applies it before it loads the engine.
_SWITCHES = ("enable", "disable", "set_threshold", "freeze")


@contextmanager
def applied(policy: Collector) -> Iterator[None]:
    """Run the collector by a policy, and with Python's defaults again afterwards.

    `default` keeps it running for engines that pause it in their own step, `paused` keeps it from
    running for all. `as shipped` changes nothing.
    """
    if policy == "as shipped":
        yield
        return
    switches = {name: getattr(gc, name) for name in _SWITCHES}
    if policy == "paused":
        gc.disable()
    for name in _SWITCHES:
        setattr(gc, name, _ignored)
    try:
        yield
    finally:
        for name, switch in switches.items():
            setattr(gc, name, switch)
        gc.enable()


def collecting(classifier: Classifier, policy: Collector) -> Classifier:
    """Return a classifier whose epochs end with one collection, if the collector is paused."""
    return _Collecting(classifier) if policy == "paused" else classifier


class _Collecting(DelegatingClassifier):
    """A classifier that frees its garbage at the end of an epoch, on the clock.

    An engine whose graphs are reference cycles frees nothing while the collector is paused. To free
    them is part of its work, as it is for an engine that frees each graph at once; without it, its
    memory would also grow from epoch to epoch.
    """

    def train_epoch(self, X: Array, y: Array, batches: Sequence[Array]) -> Array:
        losses = super().train_epoch(X, y, batches)
        gc.collect()
        return losses


def _ignored(*arguments: Any) -> None:
    """Take the place of a switch of the collector."""
