"""What an exception says about its cause. Nothing is judged here."""

from collections.abc import Callable
from dataclasses import dataclass

from benchgrad.engines.conformance.cases.case import Case
from benchgrad.engines.conformance.judging.verdict import Cause

DEEP = Cause("it recurses: a deep graph exceeds Python's limit")
ENDLESS = Cause("a function calls itself without end")  # in a graph of a few operations
_NO_CASE = Case("", (), ())


def cause_of(error: Exception, case: Case | None) -> Cause | None:
    """Return the likely cause of what an engine raised on a case, None if the error hides it."""
    return next((clue.cause for clue in _CLUES if clue.fits(error, case or _NO_CASE)), None)


@dataclass(frozen=True)
class _Clue:
    """A type of error, words of which its message has one, and the cases where that says why."""

    error: type[Exception]
    words: tuple[str, ...]
    cause: Cause
    holds: Callable[[Case], bool] = lambda case: True

    def fits(self, error: Exception, case: Case) -> bool:
        """Tell whether an error has this cause."""
        is_said = any(word in str(error) for word in self.words)
        return isinstance(error, self.error) and is_said and self.holds(case)


def _is_number_on_the_left(case: Case) -> bool:
    return len(case.shapes) > 1 and case.shapes[0] == ()


def _is_matmul(case: Case) -> bool:
    return case.operation == "@"


def _is_of_matrices(case: Case) -> bool:
    return _is_matmul(case) and all(len(shape) == 2 for shape in case.shapes)


def _is_broadcast(case: Case) -> bool:
    return case.group == "broadcasting" and len(set(case.shapes)) > 1


def _loses_an_axis(case: Case) -> bool:
    return case.operation not in ("", "@") and not case.keepdims


_TOO_EARLY = Cause("a gradient is used before there is one: wrong order, or it is not passed on")
_COMPLEX = Cause("a power of a negative base is complex in Python, and must be nan")
_TAKES_A_NUMBER = Cause("a Value on the left of an array takes the array for a number")
_NO_INDEX = Cause("the class has no __getitem__, which is needed here")
_NO_OPERATOR = Cause("the class lacks an operator that is needed here")
_PLAIN_ARRAY = Cause("a plain array is in the graph in place of a Value")
_NOT_TRANSPOSED = Cause(
    "shapes do not fit in backward of @: an operand is not transposed, or swapped"
)
_ONLY_MATRICES = Cause(
    "backward of @ is right for two matrices at most, not for vectors and batches"
)
_IN_A_PRODUCT = Cause("shapes do not fit in backward of a matrix product")
_NOT_SUMMED = Cause("shapes do not fit in backward: a gradient is not summed over a broadcast axis")
_NOT_PUT_BACK = Cause("shapes do not fit in backward: an axis that was reduced is not put back")
_SHAPES = ("broadcast", "shape")

# The first that fits is the cause.
_CLUES = (
    _Clue(MemoryError, ("",), Cause("it runs out of memory")),
    _Clue(AttributeError, ("NoneType",), _TOO_EARLY),
    _Clue(TypeError, ("NoneType",), _TOO_EARLY),
    _Clue(TypeError, ("complex",), _COMPLEX),
    _Clue(TypeError, ("float()",), _TAKES_A_NUMBER, _is_number_on_the_left),
    _Clue(TypeError, ("not subscriptable",), _NO_INDEX),
    _Clue(TypeError, ("unsupported operand",), _NO_OPERATOR),
    _Clue(AttributeError, ("'numpy.ndarray' object",), _PLAIN_ARRAY),
    _Clue(ValueError, ("array of size 1",), _TAKES_A_NUMBER, _is_number_on_the_left),
    _Clue(ValueError, ("matmul",), _NOT_TRANSPOSED, _is_of_matrices),
    _Clue(ValueError, ("matmul",), _ONLY_MATRICES, _is_matmul),
    _Clue(ValueError, ("matmul",), _IN_A_PRODUCT),
    _Clue(ValueError, _SHAPES, _NOT_SUMMED, _is_broadcast),
    _Clue(ValueError, _SHAPES, _NOT_PUT_BACK, _loses_an_axis),
    _Clue(ValueError, _SHAPES, Cause("shapes do not fit in backward")),
)
