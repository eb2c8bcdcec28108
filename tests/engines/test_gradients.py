"""Every case to twelve digits, and shapes and axes that hypothesis chooses."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes, valid_tuple_axes

from benchgrad.engines import UnsupportedError, load
from benchgrad.engines.conformance.cases.arrays import reduction
from benchgrad.engines.conformance.cases.elementwise import PAIRS
from benchgrad.engines.conformance.cases.oracles import agree
from benchgrad.engines.conformance.cases.problem import problem_of_case


def check(engine, case):
    """Compare the value and the gradients of a case with the oracles, more strictly than usual."""
    problem = problem_of_case(case, seed=1)
    question, truth = problem.question, problem.truth
    value, gradients = load(engine).value_and_grad(question.program.function, *question.arrays)
    assert value == pytest.approx(truth.value, rel=1e-12, abs=1e-12)
    for found, expected in zip(gradients, truth.gradients, strict=True):
        assert agree(found, expected, 1e-12)


def test_tensor_is_right_to_twelve_digits(case):
    check("tensor", case)


def test_scalar_is_right_to_twelve_digits_where_there_is_no_maximum(case):
    if case.expression.startswith(("ops.max", "ops.min")):
        with pytest.raises(UnsupportedError, match="of scalar Values"):
            check("scalar", case)
    else:
        check("scalar", case)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    pair=st.sampled_from(PAIRS),
    shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3),
)
def test_any_shapes_that_broadcast(pair, shapes):
    check("tensor", replace(pair, shapes=shapes.input_shapes))


@settings(derandomize=True, deadline=None, max_examples=40)
@given(data=st.data(), name=st.sampled_from(["sum", "mean", "max", "min"]), keepdims=st.booleans())
def test_any_axes_of_a_reduction(data, name, keepdims):
    shape = data.draw(array_shapes(max_dims=4, max_side=3))
    axes = data.draw(valid_tuple_axes(len(shape)))
    check("tensor", reduction(name, axes, keepdims, shape))
