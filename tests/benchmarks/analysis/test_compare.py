"""Two runs compared: when they may be, what is found, and how the command line ends."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest
from imagined import ENVIRONMENT
from simulation import Noise, simulate
from typer.testing import CliRunner

from benchgrad.benchmarks.analysis.compare import compare, side_by_side
from benchgrad.benchmarks.plan import Contestant, DataPlan, Plan
from benchgrad.benchmarks.records import (
    SCHEMA_VERSION,
    Cell,
    Data,
    Instructions,
    Results,
    write_results,
)
from benchgrad.command_line.main import app

QUIET = Noise(0.003, 0.0, 0.003, 0.0)
WIDE = Noise(0.003, 0.0, 0.2, 0.0)
DATA = Data("moons", 4, 2, 2, ["a", "b"], [0, 1], [0, 1, 0, 1], [], [], None)


def results(seconds, seed=0, rounds=6, **plan):
    """Return the run of engines on a quiet machine, given as name → seconds an epoch."""
    return Results(
        schema_version=SCHEMA_VERSION,
        started_at="2026-01-02T03:04:05+00:00",
        command="benchgrad run",
        plan=Plan(title="t", engines=tuple(map(Contestant, seconds)), rounds=rounds, **plan),
        environment=ENVIRONMENT,
        data=DATA,
        cells=simulate(seconds, QUIET, seed, rounds),
    )


def replaced(run, part, **changes):
    """Return a run of which some fields of a part are others."""
    changed = msgspec.structs.replace(getattr(run, part), **changes)
    return msgspec.structs.replace(run, **{part: changed})


def rows(old, new, *arguments):
    return {row.engine: row for row in compare(("old", old), ("new", new), *arguments).rows}


OLD = results({"a": 0.01, "b": 0.02, "c": 0.03})


def test_a_run_beside_other_work_supports_no_verdict():
    busy = [
        msgspec.structs.replace(
            cell,
            epochs=[msgspec.structs.replace(e, waited_s=e.wall_s / 2) for e in cell.epochs],
        )
        if cell.engine == "a" and cell.round < 4
        else cell
        for cell in OLD.cells
    ]
    found = rows(OLD, msgspec.structs.replace(OLD, cells=busy))
    assert (found["a"].verdict, found["b"].verdict) == ("not comparable", "no difference")
    assert found["a"].reason == (
        "too disturbed: the machine had other work in 4 of 6 rounds of one run"
    )


def test_a_first_epoch_is_not_compared_with_steady_ones():
    """A budget may leave an engine nothing else, and the first epoch warms up."""
    cut = [
        msgspec.structs.replace(cell, epochs=cell.epochs[: 1 if cell.engine == "a" else None])
        for cell in OLD.cells
    ]
    found = rows(OLD, msgspec.structs.replace(OLD, cells=cut))
    assert found["a"].verdict == "not comparable"
    assert found["a"].reason == "only its first epoch, which warms up, was measured in NEW"
    assert found["b"].verdict == "no difference"
    both = msgspec.structs.replace(OLD, cells=cut)
    assert rows(both, both)["a"].verdict == "no difference"


def test_each_engine_has_its_ratio_its_interval_and_its_verdict():
    found = rows(OLD, results({"a": 0.012, "b": 0.02, "c": 0.024}, seed=1))
    assert [row.verdict for row in found.values()] == ["slower", "no difference", "faster"]
    for name, ratio in (("a", 1.2), ("b", 1.0), ("c", 0.8)):
        row = found[name]
        assert row.ratio == pytest.approx(ratio, rel=0.01)
        assert ratio * 0.98 < row.ratio_low <= row.ratio <= row.ratio_high < ratio * 1.02
        assert row.old_rounds == row.new_rounds == 6
    assert found["a"].old_s == pytest.approx(0.01, rel=0.01)
    assert found["a"].new_s == pytest.approx(0.012, rel=0.01)


def test_no_difference_says_how_large_a_one_is_left_open():
    row = rows(OLD, results({"a": 0.0103, "b": 0.02, "c": 0.03}, seed=1))["a"]
    assert row.verdict == "no difference"
    assert 1.02 < row.ratio_high < 1.05
    assert row.reason == "differences up to 5.0 % are not excluded"  # no two runs can show less
    wider = msgspec.structs.replace(OLD, cells=simulate({"a": 0.01}, WIDE, 3, 6))
    row = rows(wider, wider)["a"]
    open_by = 100 * (max(row.ratio_high, 1 / row.ratio_low) - 1)
    assert open_by > 5.0
    assert row.reason == f"differences up to {open_by:.1f} % are not excluded"


@pytest.mark.parametrize(
    ("part", "changes", "reason", "warning"),
    [
        ("environment", {"processor": "Other"}, "other machine (processor)",
         "other machine: processor Imagined CPU, now Other"),
        ("environment", {"n_cpus": 4, "platform": "BSD"}, "other machine (n_cpus, platform)",
         "other machine: n_cpus 2, now 4"),
        ("environment", {"libraries": {"numpy": "2.1.0"}}, "other libraries (numpy, scipy)",
         "other libraries: numpy 2.0.0, now 2.1.0"),
        ("environment", {"blas": "mkl"}, "other libraries (blas)",
         "other libraries: blas openblas 0.3, now mkl"),
        ("plan", {"threads": 2}, "other plan: threads 1, now 2", None),
        ("plan", {"cpu": 1}, "other plan: cpu None, now 1", None),
        ("plan", {"allocator": "default"}, "other plan: allocator 'keep', now 'default'", None),
        ("plan", {"data": DataPlan(noise=0.3)}, "other plan: data.noise 0.2, now 0.3", None),
        ("plan", {"epochs": 7}, "other plan: epochs 20, now 7", None),
        ("data", {"test_labels": [1, 1]}, "other data: the rows differ", None),
    ],
)  # fmt: skip
def test_what_must_be_equal_is_named_where_it_is_not(part, changes, reason, warning):
    new = replaced(OLD, part, **changes)
    found = compare(("old", OLD), ("new", new), 0.5)
    for row in found.rows:
        assert row.verdict == "not comparable"
        assert row.reason.startswith(reason)
        assert not row.is_above
    assert (warning in found.warnings) if warning else found.warnings == []


def in_session(run, control_s=None, cpu_per_wall=1.0, load_1min=0.5):
    """Return a run as it would have been recorded in another session."""
    cells = [
        msgspec.structs.replace(
            cell,
            control_s=[control_s] * 3 if control_s else [],
            epochs=[msgspec.structs.replace(e, cpu_s=e.wall_s * cpu_per_wall) for e in cell.epochs],
        )
        for cell in run.cells
    ]
    run = replaced(run, "environment", load_1min=load_1min)
    return msgspec.structs.replace(run, cells=cells)


@pytest.mark.parametrize(
    ("session", "what", "factor"),
    [
        ({"control_s": 0.0115}, "the fixed workload", 1.15),
        ({"control_s": 0.008}, "the fixed workload", 1.25),
        ({"control_s": 0.01, "cpu_per_wall": 0.8}, "the engine's share of a processor", 1.25),
        ({"control_s": 0.01, "load_1min": 2.0}, "the load", 1.5),
    ],
)
def test_sessions_that_differ_raise_what_a_verdict_needs(session, what, factor):
    """The engine seems 10 % slower; of that the session may be the cause."""
    old = in_session(OLD, control_s=0.01)
    slower = results({"a": 0.011, "b": 0.02, "c": 0.06}, seed=1)
    alike = rows(old, in_session(slower, control_s=0.0103), 1.05)
    assert (alike["a"].verdict, alike["a"].doubts, alike["a"].is_above) == ("slower", [], True)
    found = rows(old, in_session(slower, **session), 1.05)
    assert found["a"].verdict == "no difference"
    assert not found["a"].is_above
    assert [(doubt.what, pytest.approx(doubt.factor)) for doubt in found["a"].doubts] == [
        (what, factor)
    ]
    assert found["a"].minimal_effect == pytest.approx(1.05 * factor)
    assert found["c"].verdict == "slower"  # twice as slow: no session explains that
    assert found["c"].is_above


def counted(run, **instructions):
    """Return a run whose engines execute so many instructions."""
    found = [Instructions(name, n, "" if n else "refused") for name, n in instructions.items()]
    return msgspec.structs.replace(run, instructions=found)


@pytest.mark.parametrize(
    ("new", "verdict"),
    [
        (1.006e7, "more"), (0.994e7, "fewer"), (1.004e7, "no difference"),
        (0.996e7, "no difference"), (None, ""),
    ],
)  # fmt: skip
def test_instructions_have_a_verdict_of_their_own(new, verdict):
    row = rows(counted(OLD, a=1e7), counted(OLD, a=new))["a"]
    assert row.instructions_verdict == verdict
    assert row.instructions_ratio == (pytest.approx(new / 1e7) if new else None)
    assert row.verdict == "no difference"
    assert rows(counted(OLD, a=1e7), OLD)["b"].instructions_verdict == ""


def test_instructions_need_neither_rounds_nor_equal_sessions_but_the_same_work():
    old = counted(in_session(results({"a": 0.01}, rounds=1), control_s=0.01), a=1e7)
    new = counted(in_session(results({"a": 0.01}, rounds=1), control_s=0.02), a=1.1e7)
    row = rows(old, new, 1.01)["a"]
    assert (row.verdict, row.instructions_verdict) == ("not comparable", "more")
    assert not row.is_above
    for other in ({"threads": 2}, {"epochs": 7}):
        assert rows(old, replaced(new, "plan", **other))["a"].instructions_verdict == (
            "not comparable"
        )


def test_two_engines_of_one_run_are_paired_by_round():
    noise = Noise(0.003, 0.0, 0.003, 0.0)
    run = results({"old": 0.01, "new": 0.0102}, rounds=10)
    cells = [  # round k takes k + 1 times as long, which only pairs survive
        msgspec.structs.replace(
            cell,
            epochs=[
                msgspec.structs.replace(e, wall_s=e.wall_s * (1 + cell.round)) for e in cell.epochs
            ],
        )
        for cell in simulate({"old": 0.01, "new": 0.0103}, noise, 5, 10)
    ]
    run = counted(msgspec.structs.replace(run, cells=cells), old=1e7, new=1.01e7)
    found = side_by_side("HEAD~1:a.py", "a.py", run, 1.02)
    (row,) = found.rows
    assert found.is_paired
    assert (found.old.path, found.new.path) == ("HEAD~1:a.py", "a.py")
    assert (row.verdict, row.is_above, row.instructions_verdict) == ("slower", True, "more")
    assert row.ratio == pytest.approx(1.03, rel=0.004)
    assert row.minimal_effect == 1.01


def test_an_engine_that_failed_beside_the_other_has_no_verdict():
    run = results({"old": 0.01, "new": 0.02})
    broken = Cell("new", 1, "crashed", 20, reason="ValueError: no")
    cells = [broken if (c.engine, c.round) == ("new", 1) else c for c in run.cells]
    (row,) = side_by_side("o", "n", msgspec.structs.replace(run, cells=cells), 1.1).rows
    assert (row.verdict, row.reason) == ("not comparable", "new is crashed: ValueError: no")
    assert not row.is_above


def test_a_budget_that_leaves_one_version_its_first_epoch_only_leaves_no_verdict():
    run = results({"old": 0.01, "new": 0.02})
    cells = [
        msgspec.structs.replace(cell, epochs=cell.epochs[: 1 if cell.engine == "new" else None])
        for cell in run.cells
    ]
    (row,) = side_by_side("o", "n", msgspec.structs.replace(run, cells=cells), 1.1).rows
    assert row.verdict == "not comparable"
    assert row.reason == "only its first epoch, which warms up, was measured of new"
    assert not row.is_above


def test_versions_whose_rounds_were_disturbed_have_no_verdict():
    run = results({"old": 0.01, "new": 0.02})
    cells = [
        msgspec.structs.replace(
            cell,
            epochs=[
                msgspec.structs.replace(epoch, waited_s=epoch.wall_s / 2) for epoch in cell.epochs
            ],
        )
        for cell in run.cells
    ]
    (row,) = side_by_side("o", "n", msgspec.structs.replace(run, cells=cells), 1.1).rows
    assert row.verdict == "not comparable"
    assert row.reason.startswith("too disturbed")
    assert not row.is_above


def test_another_machine_may_be_allowed_and_is_still_warned_of():
    new = replaced(OLD, "environment", processor="Other", python="CPython 3.12.0")
    found = compare(("old", OLD), ("new", new), None, True)
    assert {row.verdict for row in found.rows} == {"no difference"}
    assert len(found.warnings) == 2


def test_another_plan_is_never_allowed():
    found = rows(OLD, replaced(OLD, "plan", threads=2), None, True)
    assert {row.verdict for row in found.values()} == {"not comparable"}


def test_another_version_of_an_engine_is_compared_and_shown():
    cells = [msgspec.structs.replace(cell, version="2.0") for cell in OLD.cells]
    row = rows(OLD, msgspec.structs.replace(OLD, cells=cells))["a"]
    assert row.verdict == "no difference"
    assert (row.old_version, row.new_version) == ("", "2.0")


def test_what_is_in_one_run_only_or_failed_is_not_comparable():
    new = results({"a": 0.01, "d": 0.01})
    broken = Cell("a", 1, "crashed", 20, reason="ValueError: no")
    cells = [broken if (c.engine, c.round) == ("a", 1) else c for c in new.cells]
    found = rows(OLD, msgspec.structs.replace(new, cells=cells))
    assert {name: row.verdict for name, row in found.items()} == dict.fromkeys(
        "abcd", "not comparable"
    )
    assert found["a"].reason == "crashed in NEW: ValueError: no"
    assert found["b"].reason == "only in OLD"
    assert found["d"].reason == "only in NEW"


@pytest.mark.parametrize(
    ("rounds", "said", "interval"),
    [
        (1, "too few rounds (1); a verdict needs 5 in each run: --rounds 5", False),
        (2, "too few rounds (2)", False),
        (4, "too few rounds (4)", True),
    ],
)
def test_few_rounds_give_a_ratio_and_no_verdict(rounds, said, interval):
    row = rows(OLD, results({"a": 0.05}, rounds=rounds), 1.1)["a"]
    assert row.verdict == "not comparable"
    assert row.reason.startswith(said)
    assert row.ratio == pytest.approx(5.0, rel=0.02)
    assert (row.ratio_low is not None) == interval
    assert not row.is_above


# --- the command -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Return the path of a folder with the runs ``old`` and ``new``, in which a is 20 % slower."""
    folder = tmp_path_factory.mktemp("runs")
    for name, run in (("old", OLD), ("new", results({"a": 0.012, "b": 0.02, "c": 0.03}, seed=1))):
        (folder / name).mkdir()
        write_results(run, folder / name)
    return folder


def invoke(folder, *arguments, old="old", new="new"):
    runs = (str(folder / old), str(folder / new))
    return CliRunner().invoke(app, ["compare", *runs, *arguments])


@pytest.mark.parametrize(
    ("limit", "code"), [("1.10", 3), ("1.19", 3), ("1.2", 0), ("1.30", 0), (None, 0)]
)
def test_the_exit_code_is_three_only_if_the_whole_interval_lies_above(folders, limit, code):
    done = invoke(folders, *(["--fail-above", limit] if limit else []))
    assert done.exit_code == code, done.output


def test_an_engine_that_became_faster_does_not_fail(folders):
    assert invoke(folders, "--fail-above", "1.1", old="new", new="old").exit_code == 0


def test_the_table_names_runs_ratios_and_verdicts(folders):
    lines = invoke(folders, "--fail-above", "1.10").stdout.splitlines()
    (a,) = [line for line in lines if line.startswith("a ")]
    assert [part.strip() for part in a.split("  ") if part.strip()] == [
        "a", "10.0 ms", "12.0 ms", "6", "1.20 × (1.20 to 1.21)", "slower, above the limit",
    ]  # fmt: skip
    (b,) = [line for line in lines if line.startswith("b ")]
    assert "no difference" in b
    assert any("OLD: " in line and "old" in line for line in lines)


def test_the_output_says_what_two_runs_cannot_show(folders):
    for format in ("table", "markdown"):
        shown = " ".join(invoke(folders, "--format", format).stdout.split())
        assert "Two runs cannot show a difference of less than 5 %" in shown
        assert "benchgrad compare --run OLD NEW" in shown
        assert "instructions" not in shown


def test_instructions_and_sessions_are_shown_where_they_are_known(folders):
    runs = {"fast": (1e7, 0.01), "heavy": (1.02e7, 0.02)}
    for name, (n, control_s) in runs.items():
        (folders / name).mkdir()
        run = in_session(results({"a": 0.01}), control_s=control_s)
        write_results(counted(run, a=n), folders / name)
    done = invoke(folders, "--format", "markdown", old="fast", new="heavy")
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("| `a`")]
    assert "| 10.00 million, +2.00 % | more |" in row
    assert "the sessions differ, the fixed workload by 100.0 %, so a verdict needs 110.0 %" in row
    found = json.loads(invoke(folders, "--format", "json", old="fast", new="heavy").stdout)
    assert found["rows"][0]["instructions_verdict"] == "more"
    assert found["rows"][0]["doubts"] == [{"what": "the fixed workload", "factor": 2.0}]


def test_json_is_versioned_and_whole(folders):
    found = json.loads(invoke(folders, "--format", "json", "--fail-above", "1.1").stdout)
    assert found["schema_version"] == 1
    assert [row["verdict"] for row in found["rows"]] == ["slower", "no difference", "no difference"]
    assert [row["is_above"] for row in found["rows"]] == [True, False, False]
    assert found["fail_above"] == 1.1


def test_markdown_is_a_table_and_a_file_may_take_it(folders, tmp_path):
    out = tmp_path / "comment.md"
    done = invoke(folders, "--format", "markdown", "--out", str(out))
    assert (done.exit_code, done.stdout) == (0, "")
    lines = out.read_text("utf-8").splitlines()
    assert lines[0] == "| engine | OLD | NEW | rounds | NEW / OLD | verdict | why |"
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + 3
    assert {line.count("|") for line in table} == {8}
    assert "| `a` |" in table[2]


def test_other_libraries_are_warned_of_in_every_format(folders):
    old = replaced(OLD, "environment", libraries={"numpy": "1.26.0"})
    (folders / "before").mkdir()
    write_results(old, folders / "before")
    for format in ("table", "markdown", "json"):
        done = invoke(folders, "--format", format, old="before")
        assert "other libraries: numpy 1.26.0, now 2.0.0" in done.stdout
        assert "not comparable" in done.stdout
        assert "other libraries (numpy, scipy)" in done.stdout
    done = invoke(folders, "--allow-different-machines", "--fail-above", "1.1", old="before")
    assert done.exit_code == 3
    assert "warning: other libraries: numpy" in done.stdout


def test_what_a_limit_cannot_judge_is_said(folders):
    (folders / "one").mkdir()
    write_results(results({"a": 9.0}, rounds=1), folders / "one")
    done = invoke(folders, "--fail-above", "1.1", new="one")
    assert done.exit_code == 0
    assert "--fail-above cannot judge a: too few rounds (1)" in done.stderr


def test_a_file_may_be_named_instead_of_its_folder(folders):
    named = invoke(folders, old="old/results.json", new="new/results.json")
    assert named.exit_code == 0
    assert "slower" in named.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("nowhere", "new"), "nowhere/results.json cannot be read"),
        (("damaged", "new"), "damaged/results.json is damaged"),
        (("new", "new", "--fail-above", "-1"), "--fail-above -1.0 is no ratio"),
        (("new", "new", "--out", "no/such/folder"), "cannot be written"),
    ],
)
def test_a_mistake_gets_one_line_and_code_two(folders, arguments, complaint, monkeypatch, capsys):
    shutil.copytree(folders / "old", folders / "damaged", dirs_exist_ok=True)
    Path(folders / "damaged" / "results.json").write_bytes(b'{"schema_version": 1, "cells": [')
    monkeypatch.chdir(folders)
    monkeypatch.setattr("sys.argv", ["benchgrad", "compare", *arguments])
    from benchgrad.command_line.main import main

    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    written = capsys.readouterr()
    assert complaint in written.err
    assert written.err.count("\n") == 1
    assert written.out == ""
