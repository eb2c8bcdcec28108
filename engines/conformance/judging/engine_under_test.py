"""The engine under test, and how it answers a question. Nothing is judged here."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchgrad.engines.conformance.cases.oracles import Array
from benchgrad.engines.conformance.cases.program import Question
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
from benchgrad.engines.value_engine import ValueEngine

REFUSALS = (NotImplementedError, TypeError, AssertionError)
_SPECIAL_REFUSALS = (ValueError, IndexError, RuntimeError)
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

    def code(self, question: Question, name: str, comment: str) -> str:
        """Return code that prints the gradient of an input, or the value if `name` is "out"."""
        return f"{reproduction(self.engine, self.spec, question, name)}  # {comment}"

    def differentiate(
        self, question: Question, refusals: tuple[type[Exception], ...] = ()
    ) -> Answer:
        """Return the engine's value and gradients.

        Raises:
            Refusal: it lacks an operator, or raised one of `refusals`, in backward too.
            UnsupportedError: it lacks an operation, or differentiates no functions.
            Crash: it raised anything else.
            Failure: it wrote to the arrays that it was given.
        """
        given = [np.array(array) for array in question.arrays]
        try:
            with np.errstate(all="ignore"):
                value, gradients = self.engine.value_and_grad(partial(_forward, question), *given)
        except (Refusal, UnsupportedError):
            raise
        except refusals as error:
            raise Refusal(f"raises {one_line(error)}") from error
        except Exception as error:
            raise Crash(error, self.code(question, question.names[0], "raises")) from error
        for name, before, after in zip(question.names, question.arrays, given, strict=True):
            if not np.array_equal(before, after, equal_nan=True):
                what = f"the array {name}, after the call,"
                cause = Cause("value_and_grad writes to the arrays that it is given")
                raise Failure(Finding.of(what, show(after), show(before), cause))
        return Answer(float(value), tuple(np.asarray(gradient) for gradient in gradients))


def _forward(question: Question, ops: Any, *natives: Any) -> Any:
    """Run a program on an engine, where an error means that it lacks an operator.

    An error that comes later, going backward through a result that it gave, is a fault.

    Raises:
        Refusal: the engine lacks an operator.
    """
    try:
        return question.program.function(ops, *natives)
    except AttributeError as error:
        if any(error.obj is native for native in natives):  # x.T of a class without T
            raise Refusal(one_line(error)) from error
        is_array = isinstance(error.obj, np.ndarray) and error.obj.dtype == object
        if question.is_special and is_array:
            raise Refusal(_TAKEN) from error
        raise
    except RecursionError:  # a RuntimeError, but no refusal
        raise
    except REFUSALS as error:
        raise Refusal(one_line(error)) from error
    except _SPECIAL_REFUSALS as error:
        if question.is_special:
            raise Refusal(one_line(error)) from error
        raise
