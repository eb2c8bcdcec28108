"""The engine that is judged, and what it answers to a program. Nothing is judged here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.engines.conformance.cases.program import Program
from benchgrad.engines.conformance.judging.reproduction import code_for
from benchgrad.engines.conformance.judging.verdict import Failure, Finding, Refusal, show
from benchgrad.engines.interface import Engine, UnsupportedError
from benchgrad.engines.value_engine import ValueEngine

Array = NDArray[Any]

REFUSALS = (NotImplementedError, TypeError, AssertionError)
_SPECIAL_REFUSALS = (*REFUSALS, ValueError, IndexError, RuntimeError)
_TAKEN = (
    "NumPy takes the value on the right of an array for a number and makes an array of objects; "
    "the class needs __array_ufunc__ = None and the reflected operator"
)


@dataclass(frozen=True)
class Answer:
    """The value of a scalar program by an engine, and the gradient of each input."""

    value: float
    gradients: tuple[Array, ...]


class Forward:
    """Runs a program for an engine, and remembers whether an error came out of it.

    What an engine raises while it evaluates an operator is a refusal: it does not have it. What
    it raises later, going backward through a result that it gave, is a fault.
    """

    def __init__(self, program: Program, is_special: bool = False) -> None:
        self._program = program
        self._is_special = is_special
        self._refusals = _SPECIAL_REFUSALS if is_special else REFUSALS

    def __call__(self, ops: Any, *natives: Any) -> Any:
        """Return the program's result.

        Raises:
            Refusal: the engine does not have an operator or an operation.
        """
        try:
            return self._program.function(ops, *natives)
        except AttributeError as error:
            if any(error.obj is native for native in natives):  # x.T of a class without T
                raise Refusal(f"{type(error).__name__}: {error}") from error
            if self._is_special and isinstance(error.obj, np.ndarray) and error.obj.dtype == object:
                raise Refusal(_TAKEN) from error
            raise
        except RecursionError:
            raise
        except self._refusals as error:
            raise Refusal(one_line(error)) from error


@dataclass(frozen=True)
class Subject:
    """An engine under the name by which its author loads it, the seed, and how thorough to be."""

    spec: str
    engine: Engine
    seed: int = 0
    is_fast: bool = False

    @property
    def dtype(self) -> str:
        """The dtype that it is judged in: float64, if it has that."""
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

    def require_operation(self, *names: str) -> None:
        """Raise UnsupportedError unless the engine declares the operations."""
        missing = sorted(set(names) - self.engine.capabilities.operations)
        if missing:
            raise UnsupportedError(f"{self.engine.name} has no operation {', '.join(missing)}")

    def differentiate(
        self, program: Program, arrays: Sequence[Array], *, is_special: bool = False
    ) -> Answer:
        """Return the engine's value and gradients of a program with a scalar result.

        Raises:
            Refusal: it does not have an operator of the program.
            UnsupportedError: it does not have an operation, or differentiates no functions.
            Failure: it wrote to the arrays that it was given.
        """
        given = [np.array(array) for array in arrays]
        forward = Forward(program, is_special)
        try:
            with np.errstate(all="ignore"):
                value, gradients = self.engine.value_and_grad(forward, *given)
        except (Refusal, UnsupportedError):
            raise
        except Exception as error:  # its reader gets the code that raises it, too
            name = program.names[0]
            error.add_note(code_for(self, program, arrays, name=name, says="raises"))
            raise
        for name, before, after in zip(program.names, arrays, given, strict=True):
            if not np.array_equal(before, after, equal_nan=True):
                raise Failure(
                    Finding(
                        f"the input array {name} was modified",
                        "value_and_grad writes to the arrays that it is given",
                        expected=show(before),
                        actual=show(after),
                    )
                )
        return Answer(float(value), tuple(np.asarray(gradient) for gradient in gradients))


def one_line(error: BaseException) -> str:
    """Return an error's type and message in one line of at most 300 characters."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")[:300]
