"""The engine under test, and how it answers a question. Nothing is judged here."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from benchgrad.engines.conformance.cases.oracles import Array
from benchgrad.engines.conformance.cases.program import Program, Question
from benchgrad.engines.conformance.judging.places import Visited
from benchgrad.engines.conformance.judging.reproduction import reproduction
from benchgrad.engines.conformance.judging.verdict import (
    Cause,
    Crash,
    Failure,
    Finding,
    Refusal,
    one_line,
    show,
)
from benchgrad.engines.interface import Engine, UnsupportedError
from benchgrad.engines.operations import Operations
from benchgrad.engines.value_engine import ValueEngine

# Nobody refuses with these, whatever they say.
_BREAKDOWNS = (RecursionError, MemoryError, NameError)
_WORDLESS_REFUSALS = (NotImplementedError, TypeError, AssertionError)
_TAKEN = (
    "NumPy takes the value on the right of an array for a number and makes an array of objects; "
    "the class needs __array_ufunc__ = None and the reflected operator"
)


@dataclass(frozen=True)
class Answer:
    """The value that an engine gives to a question, and the gradient of each input."""

    value: float
    gradients: tuple[Array, ...]


@dataclass(frozen=True)
class EngineUnderTest:
    """An engine with the name that its author loads it by, the seed, and how thorough to be."""

    spec: str
    engine: Engine
    seed: int = 0
    is_fast: bool = False
    visited: Visited = field(default_factory=Visited, compare=False)

    @property
    def dtype(self) -> str:
        """The dtype that it is judged in: float64 if it has that."""
        declared = self.engine.capabilities.dtypes
        return "float64" if "float64" in declared else declared[0]

    @property
    def values(self) -> ValueEngine:
        """The engine with access to its Values.

        Raises:
            UnsupportedError: it has none.
        """
        if isinstance(self.engine, ValueEngine):
            return self.engine
        raise UnsupportedError("needs a ValueEngine: this engine is judged by value_and_grad only")

    def require_operation(self, name: str) -> None:
        """Raise UnsupportedError unless the engine declares the operation."""
        if name not in self.engine.capabilities.operations:
            raise UnsupportedError(f"{self.engine.name} has no operation {name}")

    def require(self, program: Program) -> None:
        """Raise Refusal where the engine's traits say that it does not do what a program asks."""
        labels, traits = program.operations, self.engine.traits
        if "no indexing" in traits and "indexing" in labels:
            raise Refusal("declared: no indexing")
        if "constant max" in traits and {"max", "max(axis)", "min", "min(axis)"} & labels:
            raise Refusal("declared: a maximum is taken of constants only")
        if "keeps axes" in traits and program.drops_axes:
            raise Refusal("declared: axes that are reduced stay, with length 1")

    def code(self, question: Question, name: str, comment: str) -> str:
        """Return code that prints the gradient of an input, or the value if `name` is "out"."""
        return f"{reproduction(self.engine, self.spec, question, name)}  # {comment}"

    def differentiate(
        self, question: Question, refusals: tuple[type[Exception], ...] = ()
    ) -> Answer:
        """Return the engine's value and gradients.

        Raises:
            Refusal: it raised something in its forward pass, or one of `refusals` going backward.
            UnsupportedError: it lacks an operation, or differentiates no functions.
            Crash: it raised anything else.
            Failure: it wrote to the arrays that it was given.
        """
        self.require(question.program)
        given = [np.array(array) for array in question.arrays]
        forward = _Forward(question, self.engine)
        watching = self.visited.watching if question.is_watched else _unwatched
        try:
            with np.errstate(all="ignore"), watching():
                value, gradients = self.engine.value_and_grad(forward, *given)
        except (Refusal, UnsupportedError):
            raise
        except Exception as error:
            if is_refusal(error, refusals, forward.is_done):
                raise Refusal(f"raises {one_line(error)}") from error
            raise Crash(error, self.code(question, question.names[0], "raises")) from error
        for name, before, after in zip(question.names, question.arrays, given, strict=True):
            if not np.array_equal(before, after, equal_nan=True):
                what = f"the array {name}, after the call,"
                cause = Cause("value_and_grad writes to the arrays that it is given")
                raise Failure(Finding.of(what, show(after), show(before), cause))
        arrays = zip(question.arrays, gradients, strict=True)
        shaped = partial(_shaped, keeps_axes="keeps axes" in self.engine.traits)
        return Answer(float(value), tuple(shaped(np.asarray(g), a) for a, g in arrays))


@contextmanager
def _unwatched() -> Iterator[None]:
    yield


def is_refusal(error: Exception, refusals: tuple[type[Exception], ...], is_backward: bool) -> bool:
    """Tell whether an error says that an engine does not do what it was asked.

    Going forward, any error with words does, unless no one would refuse like that. Going
    backward, through a result that the engine gave, only what the check allows for does.
    """
    if isinstance(error, _BREAKDOWNS):
        return False
    if is_backward:
        return isinstance(error, (NotImplementedError, *refusals))
    return bool(str(error).strip()) or isinstance(error, _WORDLESS_REFUSALS)


def _shaped(gradient: Array, array: Array, keeps_axes: bool) -> Array:
    """Return a gradient, in the shape of its array if only axes of length 1 are in the way."""
    shape = np.shape(array)
    is_same = np.squeeze(gradient).shape == tuple(n for n in shape if n != 1)
    return gradient.reshape(shape) if keeps_axes and is_same else gradient


class _Forward:
    """A program as the function that an engine differentiates; it knows whether it has run."""

    def __init__(self, question: Question, engine: Engine) -> None:
        is_function = "matmul" in engine.traits
        program = question.program.calling_matmul() if is_function else question.program
        self._function = program.function
        self._extra = {name: function for name, (function, _) in engine.extra.items()}
        self.is_done = False

    def __call__(self, ops: Any, *natives: Any) -> Any:
        """Run the program.

        Raises:
            Refusal: NumPy, not the engine, ran the last operation.
        """
        if self._extra:
            ops = Operations("the engine", vars(ops) | self._extra)
        try:
            out = self._function(ops, *natives)
        except AttributeError as error:
            if _is_of_objects(error.obj) or isinstance(error.obj, memoryview):
                raise Refusal(_TAKEN) from error
            raise
        if _is_of_objects(out) and out.size != 1:
            raise Refusal(_TAKEN)
        self.is_done = True
        return out


def _is_of_objects(native: Any) -> bool:
    return isinstance(native, np.ndarray) and native.dtype == object
