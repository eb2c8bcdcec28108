"""Chapter 4: where the time goes. The reader counts nodes, finds rubbish, and splits a cost."""

import gc
from collections.abc import Callable
from typing import Any

from benchgrad.engines.scalar import Value
from benchgrad.learning.exercise import Answer, exercise, must, near, returned, shown

TITLE = "Where the time goes"


@exercise(
    "4.1",
    "Count the nodes",
    """
    Write `count(root)`: how many operations went into this value. Each node with parents counts
    once, however often it is used; leaves do not count.
    """,
    """
    def count(root):
        ...
    """,
)
def count(answer: Answer) -> None:
    """Nodes that an operation made, each once."""
    a, b = Value(2.0), Value(3.0)
    c = a * b
    y = c + c
    found = returned(answer.count(y), "count(y)")
    must(found != 4, "the leaves are counted too: a and b were made by no operation")
    must(found != 3, "c is counted twice: remember which nodes you have seen")
    must(found != 1, "the root is missing, or its parents are: an operation made each of them")
    must(found == 2, f"y = c + c with c = a · b has 2 nodes, not {found}")
    must(answer.count(a) == 0, "a leaf on its own counts 0")
    must(
        answer.count((c + 1.0) * 2.0) == 3,
        "a chain of three operations has 3 nodes: go on from parents to their parents",
    )
    must(
        answer.count(a * b + b * a) == 3,
        "two nodes with equal `data` are two nodes: remember the nodes themselves",
    )


@exercise(
    "4.2",
    "Who takes out the rubbish?",
    """
    Write `leftover(make)`. It calls `make()`, drops the result at once, and returns how many
    objects only the cyclic garbage collector could free: what `gc.collect()` returns right then.
    Collect once beforehand, so that nobody else's rubbish counts, and pause the collector in
    between (`gc.disable()`). Leave it on or off, as you found it; `gc.isenabled()` tells which.
    """,
    """
    import gc


    def leftover(make):
        ...
    """,
)
def leftover(answer: Answer) -> None:
    """Objects in cycles, and nothing else."""
    was_enabled = gc.isenabled()
    gc.enable()
    try:
        _check_leftover(answer.leftover)
    finally:
        gc.enable() if was_enabled else gc.disable()


def _check_leftover(found: Callable[[Callable[[], Any]], Any]) -> None:
    first = returned(found(_no_cycle), "leftover(make)")
    must(isinstance(first, int), "return the number that gc.collect() gives")
    _cycles(20)
    must(
        found(_no_cycle) == 0,
        "earlier rubbish is counted: call gc.collect() once before make()",
    )
    must(
        found(lambda: _cycles(1)) != 0, "a cycle is not seen: is the result dropped, and collected?"
    )
    must(
        found(_kept_cycle) == 1,
        "a result in a cycle is kept alive: delete the name that holds it before you collect",
    )
    must(
        found(_allocating) >= 3_000,
        "the collector ran in between: pause it with gc.disable() around make()",
    )
    must(gc.isenabled(), "the collector is off afterwards: leave it as you found it")
    gc.disable()
    found(_no_cycle)
    must(
        not gc.isenabled(), "the collector was off before, and is on now: leave it as you found it"
    )


def _no_cycle() -> list[int]:
    return [1, 2, 3]


def _kept_cycle() -> list[Any]:
    cycle: list[Any] = []
    cycle.append(cycle)
    return cycle


def _cycles(n: int) -> None:
    for _ in range(n):
        _kept_cycle()


def _allocating() -> list[Any]:
    """Leave so many cycles that a collector that runs finds some of them early."""
    _cycles(3_000)
    return []


@exercise(
    "4.3",
    "Fixed cost, cost per node",
    """
    A step took `a` seconds with `n` nodes and `b` seconds with `m` nodes. If its cost is a fixed
    part plus a constant amount for each node, both can be worked out. Write `costs(n, a, m, b)`;
    it returns `(fixed, per_node)`.
    """,
    """
    def costs(n, a, m, b):
        ...
    """,
)
def costs(answer: Answer) -> None:
    """A line through two points."""
    fixed, per_node = returned(answer.costs(100, 0.7, 300, 1.1), "costs(100, 0.7, 300, 1.1)")
    must(
        not (near(fixed, 0.002) and near(per_node, 0.5)),
        "the two are swapped: first the fixed cost",
    )
    must(not near(per_node, 500.0), "that is nodes per second: divide the time by the nodes")
    must(
        not near(per_node, 1.1 / 300) and not near(per_node, 0.007),
        "the fixed part is still in it: divide the difference of the times by the difference "
        "of the nodes",
    )
    must(
        near(per_node, 0.002),
        f"200 more nodes take 0.4 s more: 0.002 s each, not {shown(per_node)}",
    )
    must(
        near(fixed, 0.5),
        f"0.7 s minus 100 nodes at 0.002 s leaves 0.5 s of fixed cost, not {shown(fixed)}",
    )


EXERCISES = (count, leftover, costs)
