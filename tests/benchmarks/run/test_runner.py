"""Which cells run, in which order, held to which reference; with real worker processes."""

import msgspec
import pytest
from small_runs import Remembering, go, small

from benchgrad.benchmarks.plan import Contestant
from benchgrad.benchmarks.run.runner import run_in
from benchgrad.benchmarks.run.verify import problems
from benchgrad.engines import EngineError


def test_engines_of_equal_work_are_ok_in_every_round():
    listener = Remembering()
    results = go(small("tensor", "numpy", rounds=2), listener)
    for cell in results.cells:
        assert (cell.status, cell.reason) == ("ok", "")
        assert len(cell.epochs) == cell.epochs_planned == 5
        assert cell.equality.n_steps == 5 * 2
        assert cell.equality.loss_difference < 1e-12
        assert cell.peak_bytes >= cell.baseline_bytes > 0
        assert min(cell.import_s, cell.build_s, cell.first_step_s) > 0
        assert all(epoch.wall_s > 0 for epoch in cell.epochs)
        assert len(cell.final.grid_classes) == 100 * 100
        assert (cell.counts is None) == (cell.engine == "numpy")
        assert len(cell.final.test_classes) == results.data.n_test == 20
    assert [e for e in listener.epochs if e[0] == "tensor"] == [
        ("tensor", i, 5) for _ in range(2) for i in range(1, 6)
    ]
    # Each round visits the engines in rotated order, and with other batches.
    assert [start for start in listener.started if "reference" not in start[0]] == [
        ("tensor", 0), ("numpy", 0), ("numpy", 1), ("tensor", 1),
    ]  # fmt: skip
    first, second = (c.epochs[0].losses for c in results.cells if c.engine == "tensor")
    assert first != second


def test_a_budget_ends_an_engine_early_and_it_is_still_held_to_the_reference(engine_file):
    plan = small(engine_file("pass"), "numpy").with_each(budget_s=1e-9)
    for cell in go(plan).cells:
        assert (cell.status, len(cell.epochs), cell.epochs_planned) == ("ok", 1, 5)


def test_a_later_budget_and_rounds_of_its_own_keep_a_slow_engine_short(tmp_path):
    short = Contestant("short", engine="tensor", later_budget_s=1e-9, least_epochs=2)
    once = Contestant("once", engine="tensor", rounds=1)
    plan = small("numpy", rounds=3)
    plan = plan.replace(engines=[*plan.engines, short, once], epochs=4)
    results = run_in(tmp_path, plan, "benchgrad run test", Remembering())
    found = {(c.engine, c.round): (c.status, c.budget_s, len(c.epochs)) for c in results.cells}
    assert found == {
        **{("numpy", round): ("ok", None, 5) for round in range(3)},
        ("short", 0): ("ok", None, 4),
        ("short", 1): ("ok", 1e-9, 2),
        ("short", 2): ("ok", 1e-9, 2),
        ("once", 0): ("ok", None, 4),
    }
    assert problems(tmp_path, results) == []
    cells = [msgspec.structs.replace(c, budget_s=None) for c in results.cells]
    forged = msgspec.structs.replace(results, cells=cells)
    assert any("budget_s is None, the plan has 1e-09" in p for p in problems(tmp_path, forged))
    cells = [msgspec.structs.replace(c, epochs=c.epochs[:1], regions=[]) for c in results.cells]
    cut = msgspec.structs.replace(results, cells=cells)
    assert any("short, round 2: it ended after 1" in p for p in problems(tmp_path, cut))


def test_an_engine_with_batches_of_its_own_is_held_to_a_reference_with_the_same():
    plan = small("tensor", "numpy")
    one_row = Contestant("one row", engine="tensor", batch_size=1, epochs=2)
    results = go(plan.replace(engines=[*plan.engines, one_row]))
    cell = results.cells[2]
    assert (cell.engine, cell.status, cell.reason) == ("one row", "ok", "")
    assert cell.equality.n_steps == 2 * 60
    assert results.cells[0].equality.n_steps == 5 * 2


def test_nothing_starts_with_an_engine_that_is_not_there():
    with pytest.raises(EngineError, match="nope"):
        go(small("tensor").select(["tensor", "nope"]))


def test_where_the_reference_fails_nothing_is_judged_and_the_run_still_ends_well(engine_file):
    plan = small("tensor", "numpy", reference=engine_file("raise ValueError('no')"))
    for cell in go(plan).cells:
        assert (cell.status, cell.epochs) == ("pruned", [])
        assert "the reference engine" in cell.reason
        assert "is crashed: ValueError: no" in cell.reason


def test_a_reference_that_dies_once_is_tried_again(engine_file, tmp_path):
    mark = tmp_path / "died"
    path = engine_file(f"os.path.exists({str(mark)!r}) or (open({str(mark)!r}, 'w'), os._exit(1))")
    (cell,) = go(small("tensor", reference=path)).cells
    assert mark.exists()
    assert (cell.status, cell.reason) == ("ok", "")


class Impatient(Remembering):
    """Asks for the end once the cell of tensor has begun, or with `at_once` after two epochs."""

    def __init__(self, at_once=False):
        super().__init__()
        self.at_once = at_once

    def stop_requested(self):
        return ("tensor", 1, 5) in self.epochs

    def stop_at_once(self):
        return self.at_once and ("tensor", 2, 5) in self.epochs


def test_a_run_that_is_asked_to_end_finishes_its_cell_first():
    numpy, tensor, again = go(small("numpy", "tensor", "scalar"), Impatient()).cells
    assert numpy.status == "ok"
    assert (tensor.status, len(tensor.epochs)) == ("ok", 5)
    assert (again.status, again.epochs) == ("interrupted", [])


def test_a_run_that_is_interrupted_at_once_keeps_what_it_has():
    numpy, tensor, again = go(small("numpy", "tensor", "scalar"), Impatient(at_once=True)).cells
    assert numpy.status == "ok"
    assert (tensor.status, len(tensor.epochs) >= 2) == ("interrupted", True)
    assert (again.status, again.epochs) == ("interrupted", [])


def test_a_reference_is_not_waited_for():
    class Early(Remembering):
        def stop_requested(self):
            return ("numpy", 1, 5) in self.epochs

    listener = Early()
    (cell,) = go(small("tensor"), listener).cells
    assert (cell.status, cell.epochs) == ("interrupted", [])
    assert ("tensor", 0) not in listener.started
