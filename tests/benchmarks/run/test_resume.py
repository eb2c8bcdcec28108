"""Where a run may begin, where one may go on, and what must be the same for that."""

import subprocess
import sys

import msgspec
import numpy as np
import pytest
from killed_run import PLAN, toy

from benchgrad.benchmarks.manifest import replace_files
from benchgrad.benchmarks.records import Cell, Environment
from benchgrad.benchmarks.run import fingerprint, resume
from benchgrad.benchmarks.run.entries import Header, encode
from benchgrad.benchmarks.run.environment import observe
from benchgrad.benchmarks.run.journal import JOURNAL, Journal, JournalError, Reading
from benchgrad.command_line.options import RunOptions

HERE = fingerprint.take(PLAN, toy(), observe())
MACHINE = Environment("0", "3", "p", "cpu", 1, 1, 0.0, {"numpy": "2"}, "b")
HEADER = Header(1, "now", "benchgrad run", False, PLAN, MACHINE, HERE)
CELL = Cell("numpy", 0, "ok", 2)


def journal(folder, *cells, ended=False):
    with Journal.begin(folder, HEADER) as begun:
        for cell in cells:
            begun.keep(cell)
        if ended:
            begun.end()


def test_a_new_run_may_replace_what_loses_nothing(tmp_path):
    resume.refuse_to_lose(tmp_path)
    journal(tmp_path)
    resume.refuse_to_lose(tmp_path)
    journal(tmp_path, CELL, ended=True)
    resume.refuse_to_lose(tmp_path)


def test_a_new_run_does_not_replace_one_that_may_go_on(tmp_path):
    journal(tmp_path, CELL)
    with pytest.raises(JournalError) as error:
        resume.refuse_to_lose(tmp_path)
    assert "holds an unfinished run with 1 of 2 cells" in str(error.value)
    assert f"benchgrad run --resume {tmp_path}" in str(error.value)
    assert "--overwrite" in str(error.value)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "does not exist, so no run can go on"),
        (b"", "its first line is cut off or garbled"),
        (encode(HEADER)[:-9], "its first line is cut off or garbled"),
        (encode(HEADER).replace(b'"now"', b'"new"'), "its first line does not match its checksum"),
        (
            encode(msgspec.structs.replace(HEADER, version=2)),
            "its first line is no header of this version",
        ),
    ],
)
def test_a_journal_without_its_beginning_cannot_go_on(tmp_path, content, complaint):
    if content is not None:
        (tmp_path / JOURNAL).write_bytes(content)
    with pytest.raises(JournalError) as error:
        resume.unfinished(tmp_path)
    assert complaint in str(error.value)
    assert "start the run anew with --out" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "given",
    [{}, {"epochs": 2}, {"rounds": 1}, {"engines": ["numpy", "tensor"]}, {"timeout_s": 3600.0},
     {"dataset": "moons"}],
)  # fmt: skip
def test_options_that_a_plan_has_already_may_be_given_again(given):
    resume.check_options(Reading(HEADER, []), RunOptions(**given).applied(PLAN))


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"epochs": 3}, "epochs of numpy is 2"),
        ({"rounds": 2}, "rounds is 1"),
        ({"precision": 0.02}, "precision is None"),
        ({"engines": ["tensor"]}, r"engines is \['numpy', 'tensor'\]"),
        ({"memory_bytes": 2**30}, "memory_bytes is None"),
        ({"dataset": "circles"}, "data.name is 'moons'"),
    ],
)
def test_other_options_are_refused_with_what_the_journal_has(given, complaint):
    asked = RunOptions(**given).applied(PLAN)
    with pytest.raises(JournalError, match=f"from the journal, where {complaint}"):
        resume.check_options(Reading(HEADER, []), asked)


def changed(**fields):
    return msgspec.structs.replace(HERE, **fields)


@pytest.mark.parametrize(
    ("then", "told"),
    [
        (HERE, ""),
        (changed(packages={"numpy": HERE.packages["numpy"]}), ""),  # others came in since
        (changed(data="0"), "the data differ"),
        (changed(code=HERE.code | {"benchmarks/clock.py": "0"}),
         "benchgrad's code differs: benchmarks/clock.py"),
        (changed(code={}), "benchgrad's code differs: benchmarks/__init__.py, "),
        (changed(plugins={"mine.py": "0"}), "the files of engines differ: mine.py"),
        (changed(machine=HERE.machine | {"processor": "Z80"}), "the machine differs: processor is"),
        (changed(packages={"numpy": "1.0"}), ", was 1.0"),
        (changed(packages={"gone": "2"}), "the packages differ: gone is missing, was 2"),
    ],
)  # fmt: skip
def test_what_differs_since_a_run_began_is_named(then, told):
    found = fingerprint.departure(then, HERE)
    assert (told in found) if told else (found == "")


def test_a_run_does_not_go_on_with_other_data(tmp_path):
    data = toy()
    data.X_test[0, 0] = np.nextafter(data.X_test[0, 0], 1.0)
    with pytest.raises(JournalError, match="cannot go on, the data differ; start it anew"):
        resume.check_surroundings(tmp_path, Reading(HEADER, []), data)
    resume.check_surroundings(tmp_path, Reading(HEADER, []), toy())


def test_what_a_process_has_imported_is_not_taken_for_another_machine():
    code = (
        "{}\nfrom benchgrad.benchmarks.analysis.differences import machine\n"
        "from benchgrad.benchmarks.run.environment import numpy_blas, observe\n"
        "print(machine(observe()), numpy_blas())"
    )
    told = {
        subprocess.check_output([sys.executable, "-c", code.format(first)])
        for first in ("import scipy.linalg", "")
    }
    assert len(told) == 1


def test_the_files_of_engines_from_elsewhere_are_in_the_fingerprint(tmp_path, monkeypatch):
    engine, package = tmp_path / "mine.py", tmp_path / "some_engine"
    engine.write_text("engine = 1\n")
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "values.py").write_text("x = 1\n")
    (tmp_path / "single_engine.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    names = [str(engine), "some_engine.values:engine", "single_engine:engine", "none_such:engine"]
    plan = PLAN.select([*names, "numpy"])
    before = fingerprint.take(plan, toy(), observe())
    assert set(before.plugins) == {
        str(engine), str(package / "__init__.py"), str(package / "values.py"),
        str(tmp_path / "single_engine.py"),
    }  # fmt: skip
    (package / "values.py").write_text("x = 2\n")
    found = fingerprint.departure(before, fingerprint.take(plan, toy(), observe()))
    assert found == f"the files of engines differ: {package / 'values.py'}"
    assert {"engines/handwritten.py", "processes/__init__.py"} <= before.code.keys()


def test_what_a_killed_run_left_half_done_is_cleared_away(tmp_path):
    (tmp_path / "plots").mkdir()
    (tmp_path / ".benchgrad-abcd_123").mkdir()
    (tmp_path / ".benchgrad-abcd_123" / "data.npz").touch()
    (tmp_path / ".results.json.partial").touch()
    (tmp_path / "plots" / ".ladder.png.partial").touch()
    (tmp_path / "mine.txt").touch()
    (tmp_path / "plots" / ".mine.png.partial").touch()
    replace_files(tmp_path, {})
    with resume.claimed(tmp_path, ["plots/ladder.png"]):
        left = sorted(path.name for path in tmp_path.rglob("*"))
    assert left == [".mine.png.partial", "manifest.json", "mine.txt", "plots"]
