"""Instructions per epoch: what is counted, what is said where nothing can be, what is kept."""

import shutil
import stat
from pathlib import Path

import msgspec
import pytest
from commands import benchgrad
from small_runs import Remembering, go, small

from benchgrad.benchmarks.cell.instructions import NOT_INSTALLED, more_epochs
from benchgrad.benchmarks.records import read_results, write_results
from benchgrad.benchmarks.run.journal import JOURNAL, read
from benchgrad.benchmarks.run.runner import run_in
from benchgrad.benchmarks.run.verify import contradictions
from benchgrad.reports.page import write_report

# Stands in for valgrind: it writes 1,000 instructions for the first run and 1,700 for the second,
# and then becomes the program that it was asked to run.
IMITATION = """#!/bin/sh
case "$2" in --callgrind-out-file=*) out="${2#--callgrind-out-file=}";; *) exit 3;; esac
[ "$1" = --tool=callgrind ] && [ "$PYTHONHASHSEED" = 0 ] || exit 3
calls="$(dirname "$0")/calls"
echo run >> "$calls"
[ $(($(wc -l < "$calls") % 2)) = 1 ] && n=1000 || n=1700
echo "totals: $n" > "$(dirname "$out")/$$.out"
shift 2
exec "$@"
"""
REFUSAL = "#!/bin/sh\necho 'valgrind: unrecognised instruction' >&2\nexit 1\n"


@pytest.fixture
def imitated(tmp_path_factory, monkeypatch):
    """Return a function that puts a script in valgrind's place."""

    def imitate(script):
        folder = tmp_path_factory.mktemp("bin")
        (folder / "valgrind").write_text(script)
        (folder / "valgrind").chmod(stat.S_IRWXU)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        return folder

    return imitate


@pytest.mark.parametrize(
    ("n_steps", "epoch_s", "more"), [(24, 1e-3, 2), (2, 1e-3, 24), (2, 0.1, 2), (24, 0.6, 1)]
)
def test_the_epochs_outweigh_what_varies_before_them(n_steps, epoch_s, more):
    assert more_epochs(n_steps, epoch_s) == more


def test_the_difference_of_two_runs_is_divided_by_their_epochs(imitated, tmp_path):
    imitated(IMITATION)
    plan = small("numpy", "tensor", instructions=True)
    results = run_in(tmp_path, plan, "benchgrad run test", Remembering())
    n_more = more_epochs(2, 1e-3)  # 60 training rows, so two steps
    found = {each.engine: each.per_epoch for each in results.instructions}
    assert found == dict.fromkeys(["numpy", "tensor"], pytest.approx(700 / n_more))
    assert read(tmp_path).instructions == {each.engine: each for each in results.instructions}
    write_results(results, tmp_path)
    write_report(tmp_path)
    assert contradictions(tmp_path, results) == []
    assert "instructions per epoch" in (tmp_path / "summary.md").read_text()
    header, row, *_ = (tmp_path / "timings.csv").read_text().splitlines()
    assert header.endswith(",instructions")
    assert float(row.rpartition(",")[2]) == pytest.approx(700 / n_more)


def test_epochs_that_what_came_before_them_hides_are_counted_in_a_longer_run(imitated):
    hidden = IMITATION.replace("|| n=1700", "|| n=1004")
    long = 'case $(wc -l < "$calls") in *3) n=31000; esac\necho "totals'
    imitated(hidden.replace('echo "totals', long))
    (found,) = go(small("numpy", instructions=True)).instructions
    assert found.per_epoch == pytest.approx(30_000 / (30 * more_epochs(2, 1e-3)))


def test_what_an_engine_compiles_once_is_not_in_the_difference(imitated, engine_file):
    first = 'case $(wc -l < "$calls") in *1) n=9000;; *2) n=1000;; *) n=1700; esac\n'
    folder = imitated(IMITATION.replace('echo "totals', f'{first}echo "totals'))
    path = engine_file(top="open(os.environ['XDG_CACHE_HOME'] + '/compiled', 'a').close()")
    (found,) = go(small(path, instructions=True)).instructions
    assert (found.reason, found.per_epoch) == ("", pytest.approx(700 / more_epochs(2, 1e-3)))
    assert (folder / "calls").read_text().count("run") == 3


def test_an_engine_whose_epochs_stay_hidden_is_not_counted(imitated):
    imitated(IMITATION.replace("n=1700", "n=1000"))
    (found,) = go(small("numpy", instructions=True, timeout_s=20)).instructions
    assert found.per_epoch is None
    assert "epochs would take" in found.reason


def test_an_engine_that_valgrind_refuses_has_the_reason(imitated):
    imitated(REFUSAL)
    results = go(small("numpy", instructions=True))
    (found,) = results.instructions
    assert found.per_epoch is None
    assert found.reason.startswith("valgrind refuses it: ")
    assert found.reason.endswith("valgrind: unrecognised instruction")
    assert results.cells[0].status == "ok"


def test_an_engine_that_did_other_work_than_in_its_cell_is_not_counted(
    imitated, engine_file, monkeypatch
):
    imitated(IMITATION)
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    path = engine_file("losses = losses + ('PYTHONHASHSEED' in os.environ)")
    results = go(small(path, instructions=True))
    assert results.cells[0].status == "ok"
    assert results.instructions[0].per_epoch is None
    assert "under valgrind its losses differ by up to" in results.instructions[0].reason


def test_an_engine_that_failed_is_not_counted(imitated, engine_file):
    folder = imitated(IMITATION)
    path = engine_file("raise ValueError('no')")
    results = go(small(path, instructions=True))
    assert results.instructions[0].reason == "it is crashed"
    assert not (folder / "calls").exists()


def test_without_valgrind_a_run_goes_on_and_says_so_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    arguments = ("quick", "--engines", "numpy,tensor", "--epochs", "2", "--out", "out")
    done = benchgrad("run", *arguments, "--instructions", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines().count(NOT_INSTALLED) == 1
    assert "were not counted" not in done.stderr
    found = read_results(tmp_path / "out").instructions
    assert [each.reason for each in found] == ["valgrind is not installed"] * 2
    verified = benchgrad("verify", "out", cwd=tmp_path)
    problems = [line for line in verified.stdout.splitlines() if "plots" not in line]
    assert not [line for line in problems if "instructions" in line], problems


class _Ending(Remembering):
    """Ends the run once the first engine is counted."""

    def __init__(self):
        super().__init__()
        self.has_counted = False

    def counting_finished(self, found):
        self.has_counted = True

    def stop_requested(self):
        return self.has_counted


def test_a_resumed_run_counts_only_what_is_left(imitated, tmp_path):
    folder = imitated(IMITATION)
    (tmp_path / "out").mkdir()
    plan = small("numpy", "tensor", instructions=True)
    results = run_in(tmp_path / "out", plan, "benchgrad run test", _Ending())
    assert [each.engine for each in results.instructions] == ["numpy"]
    assert (folder / "calls").read_text().count("run") == 2
    done = benchgrad("run", "--resume", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (folder / "calls").read_text().count("run") == 4
    found = read_results(tmp_path / "out").instructions
    assert [each.engine for each in found] == ["numpy", "tensor"]
    assert found[0] == results.instructions[0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"per_epoch": 1.0}, f"in {JOURNAL}"),
        ({"per_epoch": -1.0}, "it executes -1.0 instructions an epoch"),
        ({"per_epoch": None}, "the reason ''"),
        ({"engine": "other"}, "the plan asks for ['numpy']"),
    ],
)
def test_a_changed_count_contradicts_something(imitated, tmp_path, changes, said):
    imitated(IMITATION)
    results = run_in(tmp_path, small("numpy", instructions=True), "benchgrad run", Remembering())
    count = msgspec.structs.replace(results.instructions[0], **changes)
    changed = msgspec.structs.replace(results, instructions=[count])
    assert any(said in problem for problem in contradictions(tmp_path, changed))


@pytest.mark.peers
@pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")
def test_valgrind_itself_counts_the_same_twice():
    plan = small("numpy", instructions=True)
    first, second = (go(plan).instructions[0] for _ in range(2))
    assert first.reason == ""
    assert first.per_epoch == pytest.approx(second.per_epoch, rel=0.005)
    assert not list(Path().glob("callgrind.out.*"))
