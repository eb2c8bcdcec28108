"""The cost model on times that were made from known costs: it must find them again."""

import itertools
import math

import numpy as np
import pytest

from benchgrad.benchmarks.analysis.cost_model import MIN_POINTS, fitted, work_of
from benchgrad.benchmarks.analysis.points import HERE, Measured, Shape
from benchgrad.benchmarks.analysis.pruning import Pruning
from benchgrad.benchmarks.analysis.scaling import slope
from benchgrad.benchmarks.axes import At
from benchgrad.benchmarks.plan import Contestant, Plan
from benchgrad.engines import MLP

# An epoch, a step, a call, an element, a parameter on its own (which arrays lack), a flop.
COSTS = np.array([300e-6, 20e-6, 5e-6, 1e-9, 0.0, 1 / 20e9])
SHAPES = [
    Shape((20, *[width] * depth, 3), batch, 960, "float64")
    for width, batch, depth in itertools.product((4, 32, 256), (4, 32, 256), (1, 2, 4))
]


def point(shape, epoch_s, engine="arrays", host=HERE, **graph):
    counts = {"nodes": math.nan, "edges": math.nan, "counted_rows": math.nan, **graph}
    hidden = shape.layers[1:-1]
    at = At(width=hidden[0], depth=len(hidden), batch=shape.batch)
    return Measured(engine, at, host, shape, "ok", "", epoch_s, {0: epoch_s}, 0, 1e6,
                    **counts, holds_arrays=not graph, test_accuracy=1.0)  # fmt: skip


def arrays(noise=0.0, costs=COSTS):
    rng = np.random.default_rng(0)
    factors = np.exp(rng.normal(0.0, noise, len(SHAPES)))
    return [
        point(s, float(work_of(s, None).row @ costs) * f)
        for s, f in zip(SHAPES, factors, strict=True)
    ]


def test_the_costs_of_exact_times_are_found():
    model = fitted(arrays())
    np.testing.assert_allclose([cost.each_s for cost in model.costs], COSTS, rtol=1e-3)
    assert max(abs(each.error) for each in model.held_out) < 1e-3
    assert model.n_points == len(SHAPES)


def test_the_intervals_hold_the_costs_of_noisy_times():
    model = fitted(arrays(noise=0.03))
    assert all(c.low_s <= true <= c.high_s for c, true in zip(model.costs, COSTS, strict=True))
    assert all(cost.low_s < cost.each_s < cost.high_s for cost in model.costs if cost.is_known)
    assert [cost.is_known for cost in model.costs] == [true > 0.0 for true in COSTS]


def test_an_epoch_in_one_call_is_told_from_steps():
    costs = COSTS.copy()
    costs[1:3] = 0.0
    model = fitted(arrays(noise=0.03, costs=costs))
    assert not any(cost.is_known for cost in model.costs[1:3])
    assert model.costs[0].low_s <= costs[0] <= model.costs[0].high_s


def test_a_point_that_the_machine_disturbed_does_not_bend_the_model():
    points = arrays(noise=0.01)
    points[5] = point(points[5].shape, 20 * points[5].epoch_s)
    np.testing.assert_allclose([c.each_s for c in fitted(points).costs], COSTS, rtol=0.1)


def test_held_out_points_show_a_model_that_is_wrong():
    points = [point(p.shape, p.epoch_s * (1 + 3 * (p.shape.batch == 32))) for p in arrays()]
    assert max(abs(each.error) for each in fitted(points).held_out) > 0.15


def test_the_arithmetic_is_that_of_the_engines():
    for shape in SHAPES:
        assert work_of(shape, None).flops == MLP(shape.layers).step_flops(shape.n_rows)


def nodes(shape):
    pairs = itertools.pairwise(shape.layers)
    return shape.batch * (sum(2 * a * b for a, b in pairs) + 3 * sum(shape.layers[1:-1]) + 7)


def numbers(noise=0.0):
    """Points of a graph of numbers, whose edges are twice its nodes everywhere."""
    rng = np.random.default_rng(0)
    for s in (s for s in SHAPES if s.layers[1] < 256):
        steps, factor = s.n_rows / s.batch, float(np.exp(rng.normal(0.0, noise)))
        yield point(s, factor * steps * (1e-6 * nodes(s) + 2e-6 * (2 * nodes(s))), "numbers",
                    nodes=nodes(s), edges=2 * nodes(s), counted_rows=s.batch)  # fmt: skip


def test_a_graph_of_numbers_costs_its_nodes_and_edges_at_sizes_that_nobody_counted():
    large = SHAPES[-1]
    expected = large.n_rows / large.batch * 5e-6 * nodes(large)
    assert fitted([*numbers()]).epoch_s(large) == pytest.approx(expected, rel=1e-3)


def test_nodes_and_edges_that_grow_together_do_not_share_the_time_at_will():
    model = fitted([*numbers(noise=0.03)])
    assert sum(cost.is_known for cost in model.costs[2:4]) == 1
    large = SHAPES[-1]
    expected = large.n_rows / large.batch * 5e-6 * nodes(large)
    assert model.epoch_s(large) == pytest.approx(expected, rel=0.05)


def test_few_points_give_no_model():
    assert fitted(arrays()[: MIN_POINTS - 1]) is None


def test_an_engine_that_the_model_expects_to_be_too_slow_is_left_out_with_the_reason():
    plan = Plan("x", (Contestant("arrays"), Contestant("unknown")), axes=None).replace(
        axes={"width": [4, 4096], "epoch_s": 1.0}
    )
    pruning = Pruning(plan)
    assert pruning.left_out(plan, At(width=4096)) == {}
    pruning.learn(arrays())
    assert pruning.left_out(plan, At(width=4)) == {}
    reason = pruning.left_out(plan, At(width=4096))["arrays"]
    assert reason.startswith(f"not started: the cost model of {len(SHAPES)} points expects ")
    assert reason.endswith("s for an epoch, the plan allows 1 s")


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0])
def test_a_slope_is_the_exponent_of_a_power(exponent):
    line = [
        point(Shape((2, width, 2), 32, 96, "float64"), 1e-3 * width**exponent)
        for width in (4, 8, 16, 64)
    ]
    found = slope(line, "width", "epoch_s")
    assert found.slope == pytest.approx(exponent, abs=1e-9)
    assert found.low <= found.slope <= found.high


def test_no_time_of_a_host_is_compared_with_that_of_another():
    shapes = [Shape((2, width, 2), 32, 96, "float64") for width in (4, 8, 16, 32)]
    slow = [point(s, 1.0 * s.layers[1], host="slow") for s in shapes[:2]]
    fast = [point(s, 1e-3 * s.layers[1], host="fast") for s in shapes[2:]]
    assert slope(slow + fast, "width", "epoch_s").slope == pytest.approx(1.0)
