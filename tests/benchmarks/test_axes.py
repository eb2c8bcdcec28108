"""Axes: which points a plan has, and what each changes in it."""

import msgspec
import pytest

from benchgrad.benchmarks.axes import BASE, At, Axes
from benchgrad.benchmarks.plan import Plan, PlanError, load_plan


def swept(**axes):
    """Return the quick plan, 32 × 32 in batches of 32, with one engine and these axes."""
    return load_plan("quick").select(["numpy"]).replace(axes=axes)


def test_an_axis_varies_alone_and_the_plans_own_value_is_no_point():
    plan = swept(width=[8, 32, 64], batch=[16])
    assert list(plan.points()) == [At(width=8), At(width=64), At(batch=16)]


def test_a_grid_has_each_value_with_each_and_no_point_twice():
    plan = swept(width=[8, 32], batch=[16, 32], grid=["width", "batch"])
    assert list(plan.points()) == [At(width=8), At(batch=16), At(width=8, batch=16)]


def test_a_plan_without_axes_has_no_points():
    assert list(load_plan("quick").points()) == []


def test_the_plan_of_a_point_has_its_values_fixed():
    at = At(samples=200, features=4, width=8, depth=3, batch=16, classes=5, dtype="float32")
    plan = swept(width=[8]).at(at)
    assert (plan.data.n_samples, plan.data.n_features, plan.data.n_classes) == (200, 4, 5)
    assert plan.model.hidden == (8, 8, 8)
    assert (plan.training.batch_size, plan.training.dtype) == (16, "float32")
    assert plan.axes is None
    other = swept(seed=[1]).at(At(dataset="spirals", seed=7, depth=0))
    assert (other.data.name, other.training.seed, other.model.hidden) == ("spirals", 7, ())
    assert all(engine.published is None for engine in other.engines)


def test_the_plan_itself_keeps_all_but_its_axes():
    plan = swept(width=[8])
    assert plan.at(BASE) == plan.replace(axes=None)


def test_every_version_of_a_plan_can_be_read():
    old = msgspec.to_builtins(load_plan("quick"))
    for field in ("axes", "timed"):
        del old[field]
    del old["data"]["n_features"], old["data"]["n_classes"]
    assert msgspec.convert(old, Plan) == load_plan("quick")


@pytest.mark.parametrize(
    ("axes", "problem"),
    [
        ({"grid": ["width"]}, "axes.grid: the axis 'width' has no values"),
        ({"width": [1], "refine": 1}, "axes.refine: it needs a grid of two axes"),
        ({"widht": [1]}, "axes: unknown key 'widht'; did you mean 'width'?"),
        ({"width": [0]}, "axes.width[0]: Expected `int` >= 1"),
    ],
)
def test_axes_that_make_no_sense_are_refused(axes, problem):
    with pytest.raises(PlanError) as error:
        swept(**axes)
    assert str(error.value) == problem


def test_a_batch_axis_needs_engines_without_a_batch_size_of_their_own():
    plan = load_plan("quick").with_each(batch_size=8)
    with pytest.raises(PlanError, match=r"axes\.batch: 'micrograd' has a batch size of its own"):
        plan.replace(axes={"batch": [4]})


def test_points_are_counted_without_being_made():
    axes = Axes(width=(1, 2, 3), batch=(4, 5), grid=("width", "batch"))
    assert axes.n_points() >= len(list(axes.points(BASE))) == 11
