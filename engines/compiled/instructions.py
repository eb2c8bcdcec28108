"""What a lowered tape is made of: loops, matrix products, and moves by index.

A buffer is numbered memory that is written as a whole once; one slot holds one element. Nothing is
computed here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from benchgrad.engines.compiled.forms import Function


@dataclass(frozen=True)
class View:
    """Where the elements of an operand are: a stride per axis, in elements; 0 repeats."""

    buffer: int
    offset: int
    strides: tuple[int, ...]


Operand = View | float


@dataclass(frozen=True)
class Loop:
    """``target[i] = form(*operands[i])`` for each index i of the shape.

    A reduction has its target among its operands, with stride 0 along the reduced axes, and
    `start` is what the target holds at first.
    """

    form: Function
    shape: tuple[int, ...]
    target: View
    operands: tuple[Operand, ...]
    start: float | None = None

    def reads(self) -> Iterator[View]:
        """Yield what is read from memory that another instruction wrote."""
        for operand in self.operands:
            if isinstance(operand, View) and not (self.is_reduction and operand == self.target):
                yield operand

    def writes(self) -> View:
        """Return what is written."""
        return self.target

    @property
    def is_reduction(self) -> bool:
        """Whether elements of the target are written more than once."""
        return self.start is not None


@dataclass(frozen=True)
class Product:
    """The product of two matrices, (m, k) and (k, n); each is contiguous, or its transpose is."""

    shape: tuple[int, int, int]  # m, k, n
    target: View
    operands: tuple[View, View]

    def reads(self) -> Iterator[View]:
        """Yield the factors."""
        yield from self.operands

    def writes(self) -> View:
        """Return what is written."""
        return self.target


@dataclass(frozen=True)
class Move:
    """A move by index: ``target[i] = source[index[i]]`` or, if it puts, ``target[index[i]] = …``.

    What the index counts is contiguous and has `limit` elements; an index beyond them is clipped.
    `adds` adds to what is there.
    """

    n: int
    limit: int
    puts: bool
    adds: bool
    target: View
    source: Operand
    index: View

    def reads(self) -> Iterator[View]:
        """Yield the index, the source, and the target if part of it stays."""
        yield self.index
        if isinstance(self.source, View):
            yield self.source
        if self.puts:
            yield self.target

    def writes(self) -> View:
        """Return what is written."""
        return self.target


Instruction = Loop | Product | Move
