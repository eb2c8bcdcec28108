"""The floor of an epoch, worked out by hand."""

import msgspec
import pytest
from imagined import ENVIRONMENT

from benchgrad.benchmarks.analysis.floor import exponentials, floor
from benchgrad.benchmarks.plan import Contestant, ModelPlan, Plan
from benchgrad.benchmarks.records import SCHEMA_VERSION, Data, Results

RATES = {"matmul_flops_per_s": 1e9, "exp_per_s": 1e6}


def run(threads=1, row_flops=2000, **rates):
    """Return a run of 100 rows of three classes, with hidden layers of 5 and 7 tanh units."""
    data = Data("x.csv", 100, 10, 2, ["a", "b", "c"], [], [], [], [], None)
    model = ModelPlan(hidden=(5, 7), activation="tanh")
    return Results(
        schema_version=SCHEMA_VERSION,
        started_at="",
        command="",
        plan=Plan(title="", engines=(Contestant("numpy"),), model=model, threads=threads),
        environment=msgspec.structs.replace(ENVIRONMENT, **rates),
        data=data,
        cells=[],
        row_flops=row_flops,
    )


def test_the_floor_is_the_products_and_the_exponentials_at_the_machines_rates():
    """100 rows: 200,000 operations at 1 GFLOP/s, and 15 exponentials a row at 1 million/s."""
    found = floor(run(**RATES))
    assert (found.matmul_s, found.row_exps) == (pytest.approx(2e-4), 15)
    assert found.exp_s == pytest.approx(1.5e-3)
    assert found.epoch_s == pytest.approx(1.7e-3)


def test_threads_share_the_exponentials_but_the_rate_of_the_product_is_theirs_already():
    found = floor(run(threads=3, **RATES))
    assert (found.matmul_s, found.exp_s) == (pytest.approx(2e-4), pytest.approx(0.5e-3))


@pytest.mark.parametrize(
    "lacking", [{"matmul_flops_per_s": None}, {"exp_per_s": None}, {"row_flops": 0}], ids=str
)
def test_records_without_a_rate_have_no_floor(lacking):
    assert floor(run(**(RATES | lacking))) is None


@pytest.mark.parametrize(
    ("activation", "loss", "expected"),
    [
        ("relu", "cross_entropy", 3),
        ("relu", "hinge", 0),
        ("tanh", "cross_entropy", 15),
        ("tanh", "hinge", 12),
    ],
)
def test_the_exponentials_of_a_row(activation, loss, expected):
    model = ModelPlan(hidden=(5, 7), activation=activation, loss=loss)
    assert exponentials(model, n_classes=3) == expected
