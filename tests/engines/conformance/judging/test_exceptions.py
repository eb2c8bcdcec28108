"""What an exception says about its cause, and what the case adds."""

from dataclasses import replace

import pytest

from benchgrad.engines.conformance.cases.elementwise import PAIRS
from benchgrad.engines.conformance.cases.table import CASES
from benchgrad.engines.conformance.judging.exceptions import cause_of

SIZES = "operands could not be broadcast together with shapes (2,4) (2,3,4)"
MATMUL = "matmul: Input operand 1 has a mismatch in its core dimension 0"


BROADCAST = replace(PAIRS[0], shapes=((3, 4), (4,)), group="broadcasting")
NUMBER_AND_ARRAY = replace(BROADCAST, shapes=((), (3, 4)))


def case(name):
    return next(case for case in CASES if case.name == name)


@pytest.mark.parametrize(
    ("error", "case", "words"),
    [
        (MemoryError(), PAIRS[0], "runs out of memory"),
        (AttributeError("'NoneType' object has no attribute 'T'"), None, "before there is one"),
        (TypeError("float() argument must be ..., not 'complex'"), None, "complex"),
        (TypeError("'V' object is not subscriptable"), None, "__getitem__"),
        (TypeError("unsupported operand type(s) for @"), None, "lacks an operator"),
        (ValueError(SIZES), BROADCAST, "over a broadcast axis"),
        (ValueError(SIZES), case("sum(x, axis=1)"), "reduced is not put back"),
        (ValueError(MATMUL), case("x @ y, (3, 4) and (4, 5)"), "not transposed"),
        (ValueError(MATMUL), case("x @ x"), "not transposed"),
        (ValueError(MATMUL), case("x @ y, (4,) and (4, 5)"), "two matrices at most"),
        (ValueError(MATMUL), None, "of a matrix product"),
        (
            ValueError("can only convert an array of size 1 to a Python scalar"),
            NUMBER_AND_ARRAY,
            "takes the array for a number",
        ),
        (TypeError("float() argument must be"), NUMBER_AND_ARRAY, "takes the array for a number"),
        (AttributeError("'numpy.ndarray' object has no attribute 'grad'"), None, "plain"),
    ],
)
def test_a_cause_is_named(error, case, words):
    assert words in str(cause_of(error, case))


def test_an_axis_that_was_kept_is_not_blamed():
    cause = cause_of(ValueError(SIZES), case("sum(x, axis=1, keepdims=True)"))
    assert str(cause) == "shapes do not fit in backward"


def test_an_error_that_says_nothing_gets_no_cause():
    assert cause_of(KeyError("lost"), PAIRS[0]) is None
    assert cause_of(ValueError("not so"), BROADCAST) is None
    assert cause_of(TypeError("float() argument must be"), BROADCAST) is None
