"""What an exception tells of its cause."""

import pytest

from benchgrad.engines.conformance.judging.exceptions import cause_of

SIZES = "operands could not be broadcast together with shapes (2,4) (2,3,4)"
MATMUL = "matmul: Input operand 1 has a mismatch in its core dimension 0"


@pytest.mark.parametrize(
    ("error", "check", "words"),
    [
        (MemoryError(), "values: x + y", "runs out of memory"),
        (TypeError("float() argument must be ..., not 'complex'"), "edge: x ** 0.5", "complex"),
        (TypeError("'V' object is not subscriptable"), "classifier: hinge", "__getitem__"),
        (ValueError(SIZES), "broadcasting: x + y, (2, 4) with (4,)", "over a broadcast axis"),
        (ValueError(SIZES), "values: sum(x, axis=1)", "reduced is not put back"),
        (ValueError(MATMUL), "values: x @ y, (3, 4) and (4, 5)", "not transposed"),
        (ValueError(MATMUL), "values: x @ y, (4,) and (4, 5)", "two matrices at most"),
        (ValueError(MATMUL), "random graphs: part 1 of 4", "of a matrix product"),
        (
            ValueError("can only convert an array of size 1 to a Python scalar"),
            "broadcasting: x + y, () with (3, 4)",
            "takes the array for a number",
        ),
        (AttributeError("'numpy.ndarray' object has no attribute 'grad'"), "order: x", "plain"),
    ],
)
def test_a_cause_is_named(error, check, words):
    assert words in cause_of(error, check, check.partition(":")[0])


def test_an_error_that_tells_nothing_gets_no_cause():
    assert cause_of(KeyError("lost"), "values: x + y", "operations") == ""
    assert cause_of(ValueError("not so"), "broadcasting: x + y", "broadcasting") == ""
