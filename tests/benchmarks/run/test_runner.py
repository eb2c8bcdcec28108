"""Real worker processes, and engines that really die in them."""

import msgspec
import pytest

from benchgrad.benchmarks.cell.listener import Quiet
from benchgrad.benchmarks.cell.messages import CellJob
from benchgrad.benchmarks.plan import Contestant, load_plan
from benchgrad.benchmarks.run.runner import prepare, run
from benchgrad.engines import EngineError
from benchgrad.processes.child import THREAD_VARIABLES


class Silent(Quiet):
    """A listener that remembers what it was told."""

    def __init__(self):
        self.started = []
        self.epochs = []

    def cell_started(self, engine, round, n_epochs):
        self.started.append((engine, round))

    def epoch_done(self, engine, n_done, n_epochs):
        self.epochs.append((engine, n_done, n_epochs))


def small(*engines, **changes):
    """Return a plan of a second: 60 points, 5 epochs."""
    plan = load_plan("quick").select(list(engines)).with_data(n_samples=80)
    return plan.with_each(epochs=5, budget_s=None).replace(**changes)


def go(plan, listener=None):
    return run(plan, "benchgrad run test", prepare(plan), listener or Silent())


def run_one(engine, **changes):
    """Run an engine and, after it, tensor; return the cell of the first."""
    results = go(small(engine, "tensor", **changes))
    first, second = results.cells
    assert second.status == "ok", second.reason
    return first


def test_engines_of_equal_work_are_ok():
    listener = Silent()
    results = go(small("tensor", "numpy"), listener)
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
        ("tensor", i, 5) for i in range(1, 6)
    ]


@pytest.mark.parametrize(
    ("body", "top", "status", "reason"),
    [
        ("raise ValueError('no\\nway')", "", "crashed", "no way [odd.py, line 23] (after 2 of"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "", "crashed", "signal 9 (SIGKILL) (after 2 of"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "", "crashed", "signal 11 (SIGSEGV)"),
        ("sys.exit(3)", "", "crashed", "it called sys.exit(3) (after 2 of"),
        ("os._exit(0)", "", "crashed", "exit code 0 before it was done"),
        ("print('last words', flush=True); os._exit(3)", "", "crashed", "was done: last words"),
        ("losses[1] = np.nan", "", "invalid", "the loss is nan at step 2 of epoch 3"),
        ("losses = losses[:1]", "", "invalid", "losses differ from numpy in shape"),
        ("losses = losses * 1.01", "", "invalid", "losses differ from numpy by up to"),
        ("self.real.train_step(X, y)", "", "invalid", "losses differ"),
        ("raise MemoryError", "", "out_of_memory", "MemoryError"),
        ("pass", "import no_such_package", "missing", "the package no_such_package, which"),
        ("pass", "1 / 0", "crashed", "ZeroDivisionError"),
        ("time.sleep(60)", "", "timeout", "killed after 3 s (after 2 of 5 epochs)"),
    ],
)  # fmt: skip
def test_an_engine_that_fails_is_a_row_and_the_next_goes_on(engine_file, body, top, status, reason):
    cell = run_one(engine_file(body, top), timeout_s=3 if status == "timeout" else 60)
    assert cell.status == status
    assert reason in cell.reason
    assert "\n" not in cell.reason


def test_what_an_engine_prints_cannot_be_taken_for_a_result(engine_file):
    cell = run_one(engine_file("""print('{"type": "Failed"}'); os.system('echo loud')"""))
    assert cell.status == "ok"


def test_a_child_that_outlives_its_engine_does_not_hold_up_the_run(engine_file):
    cell = run_one(engine_file("os.fork() or (time.sleep(30), os._exit(0))"), timeout_s=20)
    assert cell.status == "ok"


def test_a_dtype_that_an_engine_lacks_is_unsupported():
    plan = small("scalar", "tensor")
    training = msgspec.structs.replace(plan.training, dtype="float32")
    scalar, tensor = go(plan.replace(training=training)).cells
    assert (scalar.status, scalar.reason) == (
        "unsupported",
        "scalar computes in float64, not in float32",
    )
    assert tensor.status == "ok"


def test_a_budget_ends_an_engine_early_and_it_is_still_held_to_the_reference(engine_file):
    plan = small(engine_file("pass"), "numpy").with_each(budget_s=1e-9)
    for cell in go(plan).cells:
        assert (cell.status, len(cell.epochs), cell.epochs_planned) == ("ok", 1, 5)


def test_rounds_visit_the_engines_in_rotated_order_with_other_batches():
    listener = Silent()
    results = go(small("tensor", "numpy", rounds=2), listener)
    assert [start for start in listener.started if "reference" not in start[0]] == [
        ("tensor", 0), ("numpy", 0), ("numpy", 1), ("tensor", 1),
    ]  # fmt: skip
    assert {cell.status for cell in results.cells} == {"ok"}
    by_round = [c.epochs[0].losses for c in results.cells if c.engine == "tensor"]
    assert by_round[0] != by_round[1]


def test_an_engine_with_batches_of_its_own_is_held_to_a_reference_with_the_same():
    plan = small("tensor", "numpy")
    one_row = Contestant("one row", engine="tensor", batch_size=1, epochs=2)
    results = go(plan.replace(engines=[*plan.engines, one_row]))
    cell = results.cells[2]
    assert (cell.engine, cell.status, cell.reason) == ("one row", "ok", "")
    assert cell.equality.n_steps == 2 * 60
    assert results.cells[0].equality.n_steps == 5 * 2


def test_thread_limits_are_in_the_environment_before_any_import(engine_file):
    names = ", ".join(map(repr, THREAD_VARIABLES))
    top = f"assert [os.environ[name] for name in ({names},)] == ['1'] * {len(THREAD_VARIABLES)}"
    assert run_one(engine_file(top=top)).status == "ok"


def test_a_worker_imports_nothing_heavy(engine_file):
    top = "assert not {'matplotlib', 'pandas', 'sklearn', 'scipy'} & set(sys.modules)"
    assert run_one(engine_file(top=top)).status == "ok"


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


@pytest.mark.parametrize("line", ["garbage", '{"type": "TrainingFinished"}', "\\xff"])
def test_an_engine_that_writes_into_the_pipe_is_a_row(engine_file, line):
    write = (
        f"[os.write(fd, b'{line}\\n') for fd in map(int, os.listdir('/proc/self/fd')) if fd > 2 "
        "and os.path.exists(f'/proc/self/fd/{fd}') "
        "and 'pipe' in os.readlink(f'/proc/self/fd/{fd}')]"
    )
    cell = run_one(engine_file(write))
    assert cell.status == "crashed"
    assert "wrote into the pipe" in cell.reason


@pytest.mark.parametrize(
    "returned", ["self.real.parameters()[:2]", "[p[None] for p in self.real.parameters()]"]
)
def test_parameters_of_other_shapes_are_invalid(engine_file, returned):
    cell = run_one(engine_file(f"self.parameters = lambda: {returned}"))
    assert cell.status == "invalid"
    assert "parameters() returns other shapes than it got" in cell.reason


def test_a_module_beside_an_engine_file_is_found(engine_file, tmp_path):
    (tmp_path / "my_autograd.py").write_text("answer = 42\n")
    assert run_one(engine_file(top="from my_autograd import answer")).status == "ok"


class Impatient(Silent):
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
    class Early(Silent):
        def stop_requested(self):
            return ("numpy", 1, 5) in self.epochs

    listener = Early()
    (cell,) = go(small("tensor"), listener).cells
    assert (cell.status, cell.epochs) == ("interrupted", [])
    assert ("tensor", 0) not in listener.started


@pytest.mark.parametrize("loss", ["cross_entropy", "hinge"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_every_loss_and_activation_passes_the_gate_in_float32_too(loss, activation):
    plan = small("tensor")
    model = msgspec.structs.replace(plan.model, loss=loss, activation=activation)
    for dtype in ("float64", "float32"):
        training = msgspec.structs.replace(plan.training, dtype=dtype, momentum=0.9)
        (cell,) = go(plan.replace(model=model, training=training)).cells
        assert cell.status == "ok", cell.reason


def test_data_with_more_features_have_no_grid():
    results = go(small("tensor").with_data(name="digits"))
    assert results.data.grid is None
    assert results.cells[0].final.grid_classes == []
    assert results.cells[0].status == "ok"


def test_a_job_survives_its_own_encoding():
    job = CellJob(
        "tensor", (2, 3), "relu", "hinge", small("tensor").training, 0, 1, None, "numpy", "d"
    )
    assert msgspec.json.decode(msgspec.json.encode(job), type=CellJob) == job


def test_an_engine_is_told_how_many_threads_it_may_use_before_it_works(engine_file):
    top = "def limit_threads(self, n): self.note = f'limited to {n}'\n"
    path = engine_file(top=top)
    with open(path, "a") as file:
        file.write("OddEngine.limit_threads = limit_threads\n")
    plan = small("tensor").replace(engines=[{"name": path}], threads=2)
    (cell,) = go(plan).cells
    assert (cell.status, cell.note) == ("ok", "limited to 2")


def test_what_a_process_used_and_how_fast_the_machine_was_are_recorded():
    (cell,) = go(small("tensor")).cells
    assert len(cell.control_s) == 5
    assert all(seconds > 0 for seconds in cell.control_s)
    assert cell.usage.minor_faults > 0
    assert cell.usage.voluntary_switches >= 0
    assert 10_000 < cell.usage.step_python_bytes < 2_000_000  # 32 rows of 32 float64 have 8 kB
