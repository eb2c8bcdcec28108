"""`benchgrad verify`: one line for a report that its records and its journal bear out, and one
for each thing that they do not; and records of which no report can be made.
"""

import json
import shutil

import msgspec
from commands import benchgrad

from benchgrad.benchmarks.records import read_results, write_results
from benchgrad.benchmarks.run.journal import JOURNAL


def test_a_report_that_agrees_with_its_records_gets_one_line(judged):
    done = benchgrad("verify", judged, cwd=judged, drawn=True)
    assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stdout
    assert "7 cells" in done.stdout


def test_each_problem_gets_a_line(judged, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(judged, folder)
    content = json.loads((folder / "results.json").read_text())
    content["cells"][0]["status"] = "invalid"
    classes = content["cells"][1]["final"]["grid_classes"]
    classes[:200] = [1 - label for label in classes[:200]]
    (folder / "results.json").write_text(json.dumps(content))
    journal = (folder / JOURNAL).read_bytes()
    (folder / JOURNAL).write_bytes(journal.replace(b'"status":"ok"', b'"status":"no"', 1))
    done = benchgrad("verify", folder, cwd=tmp_path, drawn=True)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert "tensor, round 1: status is invalid, by its differences and times it is ok" in lines
    assert "numpy, round 1: its regions after epoch 3 are not those of its final classes" in lines
    assert "journal.jsonl: line 2 does not match its checksum" in lines
    assert "tensor, round 1: it is not in journal.jsonl" in lines
    for name in ("summary.md", "index.html", "plots/decision_boundary.png"):
        assert any(line.startswith(f"{name} differs from what the records give") for line in lines)


def test_records_that_do_not_fit_together_are_reported_and_not_rendered(judged, tmp_path):
    content = json.loads((judged / "results.json").read_text())
    content["data"]["test_labels"].append(7)
    content["cells"][0]["final"]["grid_classes"].pop()
    (tmp_path / "results.json").write_text(json.dumps(content))
    done = benchgrad("verify", tmp_path, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "data: 20 test rows, 21 labels and 20 points",
        "data: test labels are not among 2 classes",
        "tensor, round 1: 20 and 399 classes for 20 test rows and 400 grid points",
    ]


def test_records_that_do_not_fit_together_give_one_line_and_no_report(judged, tmp_path):
    write_results(msgspec.structs.replace(read_results(judged), cells=[]), tmp_path)
    done = benchgrad("report", tmp_path, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "no report can be made of its records: absent, round 1: 0 cells" in done.stderr
    assert not (tmp_path / "summary.md").exists()


def test_a_folder_without_records_is_a_mistake(tmp_path):
    done = benchgrad("verify", tmp_path, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "results.json cannot be read" in done.stderr
