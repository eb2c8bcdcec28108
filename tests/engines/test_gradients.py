"""Every operation of the table against central differences, and the engines against each other."""

import numpy as np
import pytest
from cases import (
    CASES,
    NUMPY,
    PAIRS,
    Case,
    assert_close,
    on_engines,
    reduction,
    truth,
    weighted,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import (
    array_shapes,
    mutually_broadcastable_shapes,
    valid_tuple_axes,
)

from benchgrad.engines import load

# One operand is stretched, or both; each pair is also tried the other way round.
BROADCASTS = [
    ((3, 4), (4,)),
    ((3, 1), (1, 4)),
    ((2, 1, 3), (4, 1)),
    ((3, 4), ()),
    ((3, 4), (1, 1)),
    ((3, 4), (1, 4)),
    ((2, 3), (1, 1, 1, 3)),
    ((5,), (1,)),
    ((1,), ()),
    ((), ()),
]


def check(case: Case, engine: str, *shapes: tuple[int, ...]) -> None:
    """Compare the value and the gradients of a row on an engine with NumPy's."""
    weights, value, gradients = truth(case, *shapes)
    found = load(engine).value_and_grad(weighted(case, weights), *case.arrays(*shapes))
    assert found[0] == pytest.approx(value, rel=1e-12, abs=1e-12)
    assert_close(found[1], gradients)


def test_names_of_the_rows_differ():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)


def test_every_operation_has_a_row():
    asked = set()

    class Spy:
        def __getattr__(self, name):
            asked.add(name)
            return getattr(NUMPY, name)

    for case in CASES:
        case.function(Spy(), *case.arrays())
    assert asked == load("tensor").capabilities.operations - {"detach"}


@pytest.mark.parametrize(("case", "engine"), on_engines(CASES))
def test_gradient_agrees_with_central_differences(case, engine):
    check(case, engine)


@pytest.mark.parametrize(("case", "engine"), on_engines(CASES, "scalar", "micrograd"))
def test_engine_agrees_with_tensor(case, engine):
    function = weighted(case, truth(case)[0])
    value, gradients = load(engine).value_and_grad(function, *case.arrays(seed=1))
    expected, by_tensor = load("tensor").value_and_grad(function, *case.arrays(seed=1))
    assert value == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert_close(gradients, by_tensor, rtol=1e-12)


@pytest.mark.parametrize("swapped", [False, True], ids=["as listed", "swapped"])
@pytest.mark.parametrize("shapes", BROADCASTS, ids=str)
@pytest.mark.parametrize(("case", "engine"), on_engines(PAIRS, "tensor", "scalar"))
def test_broadcasting_is_undone_in_the_gradient(case, engine, shapes, swapped):
    check(case, engine, *(reversed(shapes) if swapped else shapes))


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    case=st.sampled_from(PAIRS),
    shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3),
)
def test_any_shapes_that_broadcast(case, shapes):
    check(case, "tensor", *shapes.input_shapes)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(data=st.data(), name=st.sampled_from(["sum", "mean", "max", "min"]), keepdims=st.booleans())
def test_any_axes_of_a_reduction(data, name, keepdims):
    shape = data.draw(array_shapes(max_dims=4, max_side=3))
    axes = data.draw(valid_tuple_axes(len(shape)))
    check(reduction(name, axes, keepdims), "tensor", shape)


@pytest.mark.parametrize("engine", ["tensor", "scalar"])
def test_one_operand_in_two_shapes_at_once(engine):
    # x (3, 1) is stretched by y and, elsewhere in the same graph, is not.
    def function(ops, x, y):
        return ops.sum(x * y) + ops.sum(x * x)

    x, y = np.array([[1.0], [2.0], [3.0]]), np.array([[5.0, 7.0]])
    value, gradients = load(engine).value_and_grad(function, x, y)
    assert value == 6 * 12 + 14
    assert_close(gradients, [12 + 2 * x, np.array([[6.0, 6.0]])])
