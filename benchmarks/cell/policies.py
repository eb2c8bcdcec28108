"""The cyclic garbage collector as a plan asks for it, set from outside, whatever an engine does.

What a policy is worth is computed from the records, in `benchmarks.analysis.collector`.
"""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from benchgrad.benchmarks.plan import Collector

T = TypeVar("T")

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


def collected_between(epochs: Iterable[T], policy: Collector) -> Iterator[T]:
    """Yield the epochs; if the collector is paused, collect before each, which no clock covers.

    Without that, an engine whose graphs are reference cycles would soon hold all memory.
    """
    for epoch in epochs:
        if policy == "paused":
            gc.collect()
        yield epoch


def _ignored(*arguments: Any) -> None:
    """Take the place of a switch of the collector."""
