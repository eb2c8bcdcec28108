"""A row of the table of cases: an operation with its exact derivatives, and numbers to try it on.

The rows themselves are in `table`. No check is here.
"""

import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.engines.conformance.cases.program import Program

Shape = tuple[int, ...]
NAMES = ("x", "y", "z")

ANY = (-2.0, 2.0)
POSITIVE = (0.5, 2.0)
NEGATIVE = (-2.0, -0.5)


@dataclass(frozen=True)
class Row:
    """An operation: an expression over `ops` and x, y, z, and its derivative by each of them.

    Attributes:
        expression: what is computed.
        derivatives: the gradient by each input in the words of `oracles.closed_form`, where g
            is the incoming gradient; in the shape of the result, if that was broadcast.
        shapes: of the inputs.
        domain: where the inputs are drawn; never within 0.1 of 0, and no two are equal.
        group: under which it is reported.
        smaller: shapes to try when a failure is to be shown on less.
        mistakes: derivatives that authors wrote by mistake, each with its name.
        is_special: an engine may refuse it without being wrong.
        note: what an author should know about its edges.
    """

    expression: str
    derivatives: tuple[str, ...]
    shapes: tuple[Shape, ...]
    domain: tuple[float, float] = ANY
    group: str = "operations"
    smaller: tuple[tuple[Shape, ...], ...] = ()
    mistakes: dict[str, str] = field(default_factory=dict, hash=False)
    is_special: bool = False
    note: str = ""

    @property
    def name(self) -> str:
        """The expression without ``ops.``; with the shapes where these are the point."""
        name = self.expression.replace("ops.", "").replace("np.", "")
        if "@" in name and len(self.shapes) > 1:
            name += f", {self.shapes[0]} and {self.shapes[1]}"
        if self.domain == NEGATIVE and len(self.shapes) > 1:
            name += ", negative"
        return name

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs."""
        return NAMES[: len(self.shapes)]

    @property
    def program(self) -> Program:
        """The expression as a program."""
        return Program.of(self.expression, *self.names)

    def arrays(
        self, seed: int, shapes: tuple[Shape, ...] = (), dtype: str = "float64"
    ) -> list[Any]:
        """Return an array for each input, of the row's own shapes or of those given.

        Numbers have two decimals, differ from each other and keep away from 0, where `relu`
        has no derivative.
        """
        return draw(self.name, seed, shapes or self.shapes, self.domain, dtype)


def generator(name: str, seed: int) -> np.random.Generator:
    """Return the random numbers of one check: the same for a name and a seed, everywhere."""
    return np.random.default_rng((seed, zlib.crc32(name.encode())))


def draw(
    name: str,
    seed: int,
    shapes: tuple[Shape, ...],
    domain: tuple[float, float] = ANY,
    dtype: str = "float64",
) -> list[NDArray[Any]]:
    """Return arrays of different numbers with two decimals, none within 0.1 of 0."""
    low, high = (round(100 * end) for end in domain)
    grid = np.array([k for k in range(low, high + 1) if abs(k) >= 10]) / 100
    sizes = [int(np.prod(shape, dtype=int)) for shape in shapes]
    numbers = generator(name, seed).permutation(grid)[: sum(sizes)]
    parts = np.split(numbers, np.cumsum(sizes)[:-1])
    return [part.reshape(s).astype(dtype) for part, s in zip(parts, shapes, strict=True)]
