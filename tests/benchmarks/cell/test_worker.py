"""What a worker is told, what it measures beside its epochs, and which models it trains."""

import msgspec
import pytest
from odd_engine import write_odd
from small_runs import go, small

from benchgrad.benchmarks.cell.messages import CellJob


def test_a_job_survives_its_own_encoding():
    job = CellJob(
        "tensor", (2, 3), "relu", "hinge", small("tensor").training, 0, 1, None, "numpy", 7
    )
    assert msgspec.json.decode(msgspec.json.encode(job), type=CellJob) == job


def test_what_a_process_used_and_how_fast_the_machine_was_are_recorded():
    (cell,) = go(small("tensor")).cells
    assert len(cell.control_s) == 5
    assert all(seconds > 0 for seconds in cell.control_s)
    assert cell.usage.minor_faults > 0
    assert cell.usage.voluntary_switches >= 0
    assert 10_000 < cell.usage.step_python_bytes < 2_000_000  # 32 rows of 32 float64 have 8 kB


def test_an_engine_is_told_how_many_threads_it_may_use_before_it_works(tmp_path):
    path = write_odd(tmp_path)
    with open(path, "a") as file:
        file.write("OddEngine.limit_threads = lambda self, n: setattr(self, 'note', f'got {n}')\n")
    (cell,) = go(small(path, threads=2)).cells
    assert (cell.status, cell.note) == ("ok", "got 2")


@pytest.mark.usefixtures("workers_here")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("loss", ["cross_entropy", "hinge"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_every_loss_and_activation_equals_the_reference(dtype, loss, activation):
    plan = small("tensor")
    model = msgspec.structs.replace(plan.model, loss=loss, activation=activation)
    training = msgspec.structs.replace(plan.training, dtype=dtype, momentum=0.9)
    (cell,) = go(plan.replace(model=model, training=training)).cells
    assert cell.status == "ok", cell.reason


def test_a_dtype_that_an_engine_lacks_is_unsupported():
    plan = small("scalar", "tensor")
    training = msgspec.structs.replace(plan.training, dtype="float32")
    scalar, tensor = go(plan.replace(training=training)).cells
    assert (scalar.status, scalar.reason) == (
        "unsupported",
        "scalar computes in float64, not in float32",
    )
    assert tensor.status == "ok"


@pytest.mark.usefixtures("workers_here")
def test_data_with_more_features_have_no_grid():
    results = go(small("tensor").with_data(name="digits"))
    assert results.data.grid is None
    assert results.cells[0].final.grid_classes == []
    assert results.cells[0].status == "ok"
