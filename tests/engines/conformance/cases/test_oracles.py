"""The table and the oracles agree with each other before they judge anyone."""

import numpy as np
import pytest

from benchgrad.engines import MLP, SGD, load
from benchgrad.engines.conformance.cases import oracles
from benchgrad.engines.conformance.cases.oracles import NUMPY, OracleError
from benchgrad.engines.conformance.cases.problem import problem_of_case
from benchgrad.engines.conformance.cases.table import CASES
from benchgrad.engines.conformance.cases.task import task_of


def test_names_of_the_cases_differ():
    assert len({case.name for case in CASES}) == len(CASES)


def test_every_operation_has_a_case():
    asked = set()

    class Spy:
        def __getattr__(self, name):
            asked.add(name)
            return getattr(NUMPY, name)

    for case in CASES:
        case.program.function(Spy(), *case.arrays(0))
    assert asked == load("tensor").capabilities.operations - {"detach"}


@pytest.mark.parametrize("seed", range(3))
def test_all_oracles_agree_about_every_case(seed):
    for case in CASES:
        problem = problem_of_case(case, seed)  # raises OracleError
        assert len(problem.truth.gradients) == len(problem.question.arrays)


def test_a_wrong_closed_form_is_noticed():
    x = np.array([0.5, 2.0])
    with pytest.raises(OracleError, match="the closed form"):
        oracles.judge(lambda ops, x: ops.sum(ops.exp(x)), [x], [np.exp(x) * 1.000001])


def test_a_kink_makes_the_numerical_oracles_disagree():
    with pytest.raises(OracleError, match="differences"):
        oracles.judge(lambda ops, x: ops.sum(ops.relu(x)), [np.array([0.0])])


def test_one_element_that_the_complex_step_gets_wrong_is_noticed():
    def function(ops, x):  # the complex step sees one of the two factors
        return ops.sum(x) + x[1] * np.real(x[1])

    with pytest.raises(OracleError, match="differences"):
        oracles.judge(function, [np.array([0.5, 2.0, 1.5])])


def test_inputs_are_the_same_for_a_seed_and_keep_away_from_0():
    for case in CASES:
        first, again, other = case.arrays(0), case.arrays(0), case.arrays(1)
        for a, b in zip(first, again, strict=True):
            np.testing.assert_array_equal(a, b)
        flat = np.concatenate([np.ravel(a) for a in first])
        assert np.all(np.abs(flat) >= 0.1)
        assert len(set(flat)) == flat.size
        assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("loss", ["cross_entropy", "hinge"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_hand_derived_gradients_agree_with_the_complex_step(loss, activation):
    task = task_of(MLP((3, 4, 3), activation, loss), 7, seed=0)
    by_hand = load("numpy").classifier(task.model, task.parameters, SGD(0.1))
    expected = by_hand.gradients(task.X, task.y)
    for found, wanted in zip(
        oracles.by_complex_step(task.question.program.function, task.parameters),
        expected,
        strict=True,
    ):
        np.testing.assert_allclose(found.astype(float), wanted, rtol=1e-12, atol=1e-14)


def test_unbroadcast_sums_what_was_repeated():
    g = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(oracles.unbroadcast(g, (3, 1)), g.sum(0).sum(1, keepdims=True))
    np.testing.assert_array_equal(oracles.unbroadcast(g, ()), g.sum())


def test_an_overflow_does_not_make_the_reference_nan():
    value = NUMPY.logsumexp(np.array([[20000.0, 20000.0]], np.longdouble), axis=1)
    np.testing.assert_allclose(value.astype(float), 20000 + np.log(2))
