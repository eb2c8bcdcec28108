import numpy as np
import pytest

from benchgrad.benchmarks.analysis.equality import (
    Trajectory,
    difference,
    equality_of,
    limit,
    why_unequal,
)

REFERENCE = Trajectory(
    "numpy", [[0.7, 0.6], [0.5, 0.4]], [np.array([1.0, 2.0]), np.array([1.5, 2.5])]
)


def judge(losses, parameters, logits=0.0):
    return why_unequal(equality_of(REFERENCE, losses, parameters, logits, "float64"))


def test_the_same_work_passes():
    assert judge([[0.7, 0.6], [0.5, 0.4]], [1.5, 2.5]) == ""


def test_a_run_that_ended_early_is_held_to_the_parameters_of_its_epoch():
    assert judge([[0.7, 0.6]], [1.0, 2.0]) == ""
    assert "final parameters differ" in judge([[0.7, 0.6]], [1.5, 2.5])


@pytest.mark.parametrize(
    ("losses", "parameters", "logits", "reason"),
    [
        (
            [[0.7, 0.6], [0.5, 0.4 + 1e-6]],
            [1.5, 2.5],
            0.0,
            "losses differ from numpy by up to 7.1e-07",
        ),
        ([[0.7, 0.6], [0.5, 0.4]], [1.5, 2.5 + 1e-6], 0.0, "final parameters differ"),
        ([[0.7, 0.6], [0.5, 0.4]], [1.5, 2.5], 1e-3, "logits differ"),
        ([[0.7, 0.6], [0.5]], [1.5, 2.5], 0.0, "losses differ from numpy in shape"),
        (
            [[0.7, 0.6], [0.5, None]],
            [1.5, 2.5],
            0.0,
            "losses differ from numpy in shape, or are not",
        ),
        ([[0.7, 0.6], [0.5, 0.4]], [1.5, None], 0.0, "final parameters differ from numpy in shape"),
        ([[0.7, 0.6], [0.5, 0.4]], [1.5, 2.5], np.inf, "logits differ from numpy in shape"),
    ],
)
def test_other_work_does_not_pass(losses, parameters, logits, reason):
    assert reason in judge(losses, parameters, logits)


def test_differences_are_relative_to_one_plus_the_reference():
    assert difference([11.0], [9.0]) == pytest.approx(0.2)
    assert difference([0.5], [0.0]) == 0.5
    assert difference([], []) == 0.0
    assert difference([np.nan], [1.0]) == np.inf
    assert difference([1.0, 2.0], [1.0]) == np.inf


def test_the_limit_grows_with_the_steps_after_the_first_twenty_epochs():
    assert limit("float64", 1) == limit("float64", 480) == 1e-9
    assert limit("float64", 2400) == pytest.approx(5e-9)
    assert limit("float32", 480) > limit("float64", 480)
