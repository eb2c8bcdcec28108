"""Engines that fail, err or misbehave: each is a row with its reason, and the next one runs.

The engines of a test run one after the other in one plan, each in a process of its own.
"""

import os

import pytest
from odd_engine import write_odd
from small_runs import go, run_all, small

from benchgrad.processes.child import THREAD_VARIABLES

# By name: what the engine does in its third epoch, then its status, epochs and reason.
RAISING = {
    "raises": ("raise ValueError('no\\nway')", "crashed", 2, "no way [raises.py, line 23] (after"),
    "exits": ("sys.exit(3)", "crashed", 2, "it called sys.exit(3) (after 2 of"),
    "starves": ("raise MemoryError", "out_of_memory", 2, "MemoryError"),
}
DYING = {
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", "crashed", 2, "signal 9 (SIGKILL) (after"),
    "segv": ("os.kill(os.getpid(), signal.SIGSEGV)", "crashed", 2, "signal 11 (SIGSEGV)"),
    "null": ("ctypes.string_at(0)", "crashed", 2, "signal 11 (SIGSEGV) (after 2 of 5 epochs)"),
    "aborts": ("os.abort()", "crashed", 2, "signal 6 (SIGABRT)"),
    "leaves": ("os._exit(0)", "crashed", 2, "exit code 0 before it was done"),
    "speaks": ("print('last words', flush=True); os._exit(3)", "crashed", 2, "done: last words"),
    "mute": ("os.close(1); os.close(2); os._exit(4)", "crashed", 2, "exit code 4 before it was"),
}
ERRING = {
    "nan": ("losses[1] = np.nan", "invalid", 3, "the loss is nan at step 2 of epoch 3"),
    "short": ("losses = losses[:1]", "invalid", 2, "train_epoch returned 1 losses for 2 batches"),
    "inexact": ("losses = losses * 1.01", "invalid", 5, "losses differ from numpy by up to"),
    "eager": ("self.real.train_step(X, y)", "invalid", 5, "losses differ"),
    "fewer": ("self.shape = lambda found: found[:2]", "invalid", 2,
              "parameters() returns arrays of the wrong shapes"),
    "deeper": ("self.shape = lambda found: [p[None] for p in found]", "invalid", 2,
               "parameters() returns arrays of the wrong shapes"),
}  # fmt: skip
PIPES = (
    "[fd for fd in map(int, os.listdir('/proc/self/fd')) if fd > 2 "
    "and os.path.exists(f'/proc/self/fd/{fd}') and 'pipe' in os.readlink(f'/proc/self/fd/{fd}')]"
)
TALKING = {
    "prints": ("""print('{"type": "Failed"}'); os.system('echo loud')""", "ok", 5, ""),
    "floods": ("[os.write(1, b'x' * 1023 + b'\\n') for _ in range(20_000)]", "ok", 5, ""),
    "closes": ("os.close(1); os.close(2)", "ok", 5, ""),
    **{
        f"writes{i}": (f"[os.write(fd, b'{line}\\n') for fd in {PIPES}]", "crashed", 2,
                       "it wrote into the harness's own pipe")
        for i, line in enumerate(("garbage", '{"type": "TrainingFinished"}', "\\xff"))
    },
}  # fmt: skip


@pytest.mark.parametrize("odd", [RAISING, DYING, ERRING, TALKING])
def test_an_engine_that_goes_wrong_is_a_row_and_the_next_one_runs(tmp_path, odd):
    cells = run_all([write_odd(tmp_path, name, row[0]) for name, row in odd.items()])
    assert {name: (cell.status, len(cell.epochs)) for name, cell in cells.items()} == {
        name: (status, n_epochs) for name, (_, status, n_epochs, _) in odd.items()
    }
    for name, (*_, reason) in odd.items():
        assert reason in cells[name].reason
        assert "\n" not in cells[name].reason


NAMES = ", ".join(map(repr, THREAD_VARIABLES))
# By name: what the module of the engine says at its top, then the status and the reason.
TOPS = {
    "absent": ("import no_such_package", "missing", "the package no_such_package, which"),
    "divides": ("1 / 0", "crashed", "ZeroDivisionError"),
    "beside": ("from my_autograd import answer", "ok", ""),
    "limited": (f"assert [os.environ[name] for name in ({NAMES},)] == ['1'] * 6", "ok", ""),
    "light": ("assert not {'matplotlib', 'pandas', 'sklearn', 'scipy'} & set(sys.modules)",
              "ok", ""),
    "piped": ("assert os.readlink('/proc/self/fd/1').startswith('pipe:')", "ok", ""),
}  # fmt: skip


@pytest.mark.parametrize(("allocator", "is_kept"), [("keep", True), ("default", False)])
def test_an_engine_keeps_freed_memory_if_the_plan_says_so(tmp_path, allocator, is_kept):
    top = f"assert ('MALLOC_TRIM_THRESHOLD_' in os.environ) is {is_kept}"
    path = write_odd(tmp_path, top=top)
    (cell,) = go(small(path, allocator=allocator)).cells
    assert cell.status == "ok", cell.reason


def test_an_engine_and_its_children_stay_on_the_plans_processor(tmp_path):
    last = max(os.sched_getaffinity(0))
    ask = "import os; print(sorted(os.sched_getaffinity(0)))"
    top = f"""
import subprocess
assert os.sched_getaffinity(0) == {{{last}}}
said = subprocess.run([sys.executable, "-c", {ask!r}], capture_output=True, text=True)
assert said.stdout == "[{last}]\\n", said
"""
    (cell,) = go(small(write_odd(tmp_path, top=top), cpu=last)).cells
    assert cell.status == "ok", cell.reason


def test_what_an_engine_finds_when_it_is_imported(tmp_path):
    """Thread limits, no heavy library, what lies beside its file, and output that fills no disk."""
    (tmp_path / "my_autograd.py").write_text("answer = 42\n")
    cells = run_all([write_odd(tmp_path, name, top=row[0]) for name, row in TOPS.items()])
    assert {name: cell.status for name, cell in cells.items()} == {
        name: status for name, (_, status, _) in TOPS.items()
    }
    for name, (*_, reason) in TOPS.items():
        assert reason in cells[name].reason
        assert "\n" not in cells[name].reason
