"""The two-by-two: how much of a factor is the granularity of the graph, how much the interpreter.

It finds the corners and the factors between them, and says what follows. It draws nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchgrad.benchmarks.analysis.statistics import Estimate, paired, ranked_rounds
from benchgrad.benchmarks.plan import Corner
from benchgrad.benchmarks.records import Results
from benchgrad.reports import formats
from benchgrad.reports.engine_summary import EngineSummary


@dataclass(frozen=True)
class Edge:
    """Two corners that differ in one thing; `factor` is how many times as long `slow` takes.

    `run_by` says what runs the slow one and the fast one.
    """

    cause: str
    slow: EngineSummary
    fast: EngineSummary
    run_by: tuple[str, str]
    factor: Estimate


@dataclass(frozen=True)
class TwoByTwo:
    """The edges between four engines, named after what both their ends have.

    The first two change the graph, from a node for each number to one for each array. The other
    two change what runs it, from Python to machine code. `whole` goes from one corner to the
    opposite one. `interpreter_share` is the part of the factor of `python` that machine code takes
    away: `python` divided by `machine_code`, within each round.
    """

    python: Edge
    machine_code: Edge
    numbers: Edge
    arrays: Edge
    whole: Estimate
    interpreter_share: Estimate

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The four edges."""
        return self.python, self.machine_code, self.numbers, self.arrays

    @property
    def left(self) -> str:
        """What is left of the factor in Python where no interpreter runs."""
        before, after = self.python.factor.ratio, self.machine_code.factor.ratio
        return (
            f"Without an interpreter, as machine code, {formats.ratio(after)} of the "
            f"{formats.ratio(before)} are left."
        )

    @property
    def sentences(self) -> tuple[str, str]:
        """What the interpreter costs, and how much of the factor in Python is granularity."""
        before, after = self.python, self.machine_code
        interpreter = (
            f"The interpreter: machine code runs the graph of numbers {_times(self.numbers.factor)}"
            f" as fast as Python, and the graph of arrays {_times(self.arrays.factor)}."
        )
        granularity = (
            f"Granularity: of the {_times(before.factor)} between {before.slow.name} and "
            f"{before.fast.name}, {_times(after.factor)} are left between {after.slow.name} and "
            f"{after.fast.name}, where no interpreter runs. The other factor of "
            f"{_times(self.interpreter_share)} is the interpreter's: it walks fewer nodes."
        )
        return interpreter, granularity


def two_by_two(results: Results, engines: Sequence[EngineSummary]) -> TwoByTwo | None:
    """Return the two-by-two; None unless there is a ranked engine in each of the four corners.

    Nor is there one if two of the engines have no round in common.
    """
    rounds = ranked_rounds(results.cells)
    corners = {engine.corner: engine for engine in engines if engine.name in rounds}
    in_python, as_arrays = Corner("numbers", "Python"), Corner("arrays", "Python")
    compiled, both = Corner("numbers", "machine code"), Corner("arrays", "machine code")
    if not {in_python, as_arrays, compiled, both} <= corners.keys():
        return None

    def edge(cause: str, slow: Corner, fast: Corner) -> Edge:
        a, b = corners[slow], corners[fast]
        factor = paired(rounds[b.name], rounds[a.name])
        return Edge(cause, a, b, (slow.run_by, fast.run_by), factor)

    python = edge("granularity", in_python, as_arrays)
    machine_code = edge("granularity", compiled, both)
    found = TwoByTwo(
        python=python,
        machine_code=machine_code,
        numbers=edge("interpreter", in_python, compiled),
        arrays=edge("interpreter", as_arrays, both),
        whole=paired(rounds[corners[both].name], rounds[corners[in_python].name]),
        interpreter_share=paired(_factors(machine_code, rounds), _factors(python, rounds)),
    )
    return None if math.isnan(found.interpreter_share.ratio) else found


def _factors(edge: Edge, rounds: Mapping[str, Mapping[int, float]]) -> dict[int, float]:
    """Return the factor of an edge in each round that both engines have."""
    slow, fast = rounds[edge.slow.name], rounds[edge.fast.name]
    return {round: slow[round] / fast[round] for round in slow.keys() & fast.keys()}


def _times(factor: Estimate) -> str:
    return formats.ratio_between(factor.ratio, factor.low, factor.high)
