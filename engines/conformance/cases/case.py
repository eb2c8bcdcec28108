"""A case: an operation with its exact derivatives, and the numbers to try it on.

The cases themselves are in `table`.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from benchgrad.engines.conformance.cases.oracles import Array, Shape
from benchgrad.engines.conformance.cases.program import Program

NAMES = ("x", "y", "z")

ANY = (-2.0, 2.0)
POSITIVE = (0.5, 2.0)
NEGATIVE = (-2.0, -0.5)


@dataclass(frozen=True)
class Case:
    """An operation: an expression over `ops` and x, y, z, and its derivative by each of them.

    Attributes:
        expression: what is computed.
        derivatives: the gradient by each input, written with the functions of
            `oracles.closed_form`; g is the incoming gradient. It has the shape of the result
            and is summed over broadcast axes later.
        shapes: of the inputs.
        domain: the interval that inputs are drawn from.
        group: the heading that its check is reported under.
        smaller: shapes to retry a failure with, so that less has to be shown.
        mistakes: derivatives that authors write by mistake, and what is wrong with each.
        is_elementwise: whether the inputs may have any shape, all the same.
        operation: ``@`` for a matrix product, the name for a reduction along an axis.
        keepdims: whether the reduction keeps its axis.
        tells_shapes: whether its name has the shapes, since another case has the expression.
        drawn_as: the name that its numbers are drawn for, if it is not its own.
    """

    expression: str
    derivatives: tuple[str, ...]
    shapes: tuple[Shape, ...]
    domain: tuple[float, float] = ANY
    group: str = "operations"
    smaller: tuple[tuple[Shape, ...], ...] = ()
    mistakes: Mapping[str, str] = field(default_factory=dict, hash=False)
    is_elementwise: bool = False
    operation: str = ""
    keepdims: bool = False
    tells_shapes: bool = False
    drawn_as: str = ""

    @property
    def name(self) -> str:
        """The expression without ``ops.``, followed by the shapes where they matter."""
        name = self.expression.replace("ops.", "").replace("np.", "")
        if self.tells_shapes or (len(self.shapes) > 1 and self.operation == "@"):
            name += f", {' and '.join(map(str, self.shapes))}"
        if len(self.shapes) > 1 and self.domain == NEGATIVE:
            name += ", negative"
        return name

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the inputs."""
        return NAMES[: len(self.shapes)]

    @property
    def program(self) -> Program:
        """The expression as a program; it may be lines, the last of which assigns ``out``."""
        if "\n" in self.expression:
            return Program(self.expression, self.names)
        return Program.of(self.expression, *self.names)

    def arrays(self, seed: int, dtype: str = "float64") -> list[Array]:
        """Return an array for each input, see `draw`."""
        return draw(self.drawn_as or self.name, seed, self.shapes, self.domain, dtype)


def generator(name: str, seed: int) -> np.random.Generator:
    """Return the random numbers of one check: the same for a name and a seed, everywhere."""
    return np.random.default_rng((seed, zlib.crc32(name.encode())))


def draw(
    name: str,
    seed: int,
    shapes: tuple[Shape, ...],
    domain: tuple[float, float] = ANY,
    dtype: str = "float64",
) -> list[Array]:
    """Return arrays of different numbers with two decimals.

    None is within 0.1 of 0, where `relu` has no derivative.
    """
    low, high = (round(100 * end) for end in domain)
    grid = np.array([k for k in range(low, high + 1) if abs(k) >= 10]) / 100
    sizes = [int(np.prod(shape, dtype=int)) for shape in shapes]
    numbers = generator(name, seed).permutation(grid)[: sum(sizes)]
    parts = np.split(numbers, np.cumsum(sizes)[:-1])
    return [part.reshape(s).astype(dtype) for part, s in zip(parts, shapes, strict=True)]
