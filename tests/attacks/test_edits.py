"""Sixty-two edits of a run's records, and some of its folder: which of them `verify` finds."""

import json
import os
import shutil

import pytest
from commands import benchgrad

from benchgrad.benchmarks.records import RecordError, read_results
from benchgrad.benchmarks.run.verify import problems


def cell(content, engine="tensor"):
    return next(each for each in content["cells"] if each["engine"] == engine)


def field(name, change, engine="tensor"):
    """Return an edit of a field of a cell."""
    return lambda c: cell(c, engine).update({name: change(cell(c, engine)[name])})


def of_epoch(i, name, change, engine="tensor"):
    def edit(content):
        epoch = cell(content, engine)["epochs"][i]
        epoch[name] = change(epoch[name])

    return edit


def inside(path, change):
    """Return an edit of what a path of names and indices leads to."""

    def edit(content):
        *above, last = path
        for step in above:
            content = content[step]
        content[last] = change(content[last])

    return edit


def of_cell(path, change, engine="tensor"):
    return lambda c: inside(path, change)(cell(c, engine))


def halved(content):
    """Halve every time of an engine."""
    for epoch in cell(content)["epochs"]:
        for name in ("wall_s", "cpu_s", "collector_s", "late_s", "own_s", "witness_s"):
            epoch[name] /= 2


def one_more_round(number):
    def edit(content):
        content["cells"] += [each | {"round": number} for each in content["cells"]]
        content["references"] += [each | {"round": number} for each in content["references"]]

    return edit


def twice(x):
    return 2 * x


def flipped(x):
    return 1 - x


def other(x):
    return f"{x} or so"


EDITS = {
    # The work, and the verdict on it.
    "a loss, by its last digit": of_epoch(2, "losses", lambda x: [x[0] + 1e-15, *x[1:]]),
    "a loss": of_epoch(2, "losses", lambda x: [x[0] + 1e-3, *x[1:]]),
    "a parameter, by its last digit": of_cell(("final", "parameters", 7), lambda x: x + 1e-15),
    "a parameter": of_cell(("final", "parameters", 7), lambda x: x + 1e-3),
    "the limit": of_cell(("equality", "limit"), lambda x: 1e-3),
    "the difference of losses": of_cell(("equality", "loss_difference"), lambda x: 0.0),
    "the difference of logits": of_cell(("equality", "logit_difference"), lambda x: 1e-12),
    "logits beyond the limit": of_cell(("equality", "logit_difference"), lambda x: 1.0),
    "steps": of_cell(("equality", "n_steps"), lambda x: x + 1),
    "no comparison": field("equality", lambda x: None),
    "ok as crashed": field("status", lambda x: "crashed"),
    "invalid as ok": field("status", lambda x: "ok", "wrong"),
    "why invalid": field("reason", other, "wrong"),
    "crashed as ok": field("status", lambda x: "ok", "broken"),
    "crashed as timeout": field("status", lambda x: "timeout", "broken"),
    "why crashed": field("reason", other, "broken"),
    "missing as unsupported": field("status", lambda x: "unsupported", "absent"),
    "a loss before a crash": of_epoch(0, "losses", lambda x: [x[0] + 1.0, *x[1:]], "broken"),
    # The epochs.
    "the last accuracy": of_epoch(-1, "test_accuracy", flipped),
    "an earlier accuracy": of_epoch(0, "test_accuracy", lambda x: 0.5 if x != 0.5 else 0.55),
    "an impossible accuracy": of_epoch(0, "test_accuracy", lambda x: 0.123),
    "a training accuracy": of_epoch(-1, "train_accuracy", lambda x: 0.5 if x != 0.5 else 0.55),
    "one epoch fewer": field("epochs", lambda x: x[:-1]),
    "one epoch more": field("epochs", lambda x: [*x, x[-1]]),
    "epochs planned": field("epochs_planned", lambda x: x + 1),
    "a predicted class": of_cell(("final", "test_classes", 3), flipped),
    "a class of the picture": of_cell(("final", "grid_classes", 4), flipped),
    "a class that the race shows too": of_cell(("final", "grid_classes", 3), flipped),
    "earlier regions": of_cell(("regions", 1, "runs"), lambda x: [[1 - c, n] for c, n in x]),
    # The times.
    "a time": of_epoch(1, "wall_s", lambda x: 0.9 * x),
    "all times of an engine": halved,
    "a time below 0": of_epoch(1, "wall_s", lambda x: -x),
    "processor time": of_epoch(1, "cpu_s", lambda x: 0.9 * x),
    "the collector's time": of_epoch(1, "collector_s", lambda x: x + 1e-6),
    "the witness's time": of_epoch(1, "witness_s", lambda x: 1.01 * x),
    "import": field("import_s", twice),
    "build": field("build_s", twice),
    "the first step": field("first_step_s", twice),
    "the time of the process": field("whole_s", twice),
    "a process shorter than its epochs": field("whole_s", lambda x: 1e-6),
    "the machine's speed": field("control_s", lambda x: [twice(each) for each in x]),
    "a budget": field("budget_s", lambda x: None, "cut"),
    # What it used, and what it is.
    "memory": field("peak_bytes", twice),
    "threads": field("n_threads", twice),
    "page faults": of_cell(("usage", "minor_faults"), twice),
    "edges of the graph": of_cell(("counts", "edges"), twice),
    "the kind": field("kind", other),
    "the version": field("version", other),
    "a note": field("note", other),
    # The run.
    "when it began": inside(("started_at",), lambda x: x.replace("20", "19", 1)),
    "that it was resumed": inside(("resumed_at",), lambda x: ["2026-01-02T03:04:05+00:00"]),
    "the command": inside(("command",), other),
    "the processor": inside(("environment", "processor"), other),
    "a library": inside(("environment", "libraries", "numpy"), other),
    "the machine's rate": inside(("environment", "matmul_flops_per_s"), twice),
    "the title": inside(("plan", "title"), other),
    "the learning rate": inside(("plan", "training", "learning_rate"), twice),
    "the noise": inside(("plan", "data", "noise"), twice),
    "a label": inside(("data", "train_labels", 3), flipped),
    "a point": inside(("data", "train_points", 3, 0), lambda x: x + 0.01),
    "a loss of the reference": inside(("references", 0, "losses", 0, 0), lambda x: x + 1e-6),
    "no row of an engine": lambda c: c["cells"].remove(cell(c, "broken")),
    "one more round": one_more_round(1),
    "a round before the first": one_more_round(-1),
}
# Nothing but the records themselves vouches for these; docs/measurement.md names them.
UNSEEN = {
    "the difference of logits", "crashed as timeout", "why crashed", "missing as unsupported",
    "a loss before a crash", "an earlier accuracy", "a training accuracy",
    "a class of the picture", "earlier regions", "a time", "all times of an engine",
    "processor time",
    "the collector's time", "the witness's time", "import", "build", "the first step",
    "the time of the process", "the machine's speed", "memory", "threads", "page faults",
    "edges of the graph", "the kind", "the version", "a note", "when it began",
    "that it was resumed", "the command", "the processor", "a library", "the machine's rate",
    "the title", "the learning rate",
}  # fmt: skip


@pytest.fixture(scope="module")
def records(judged):
    return (judged / "results.json").read_text()


def edited(records, name):
    content = json.loads(records)
    EDITS[name](content)
    assert content != json.loads(records)
    return json.dumps(content)


def test_every_edit_is_found_with_the_journal(judged, records, tmp_path, attacked):
    assert len(EDITS) == 64
    shutil.copy(judged / "journal.jsonl", tmp_path)
    broken = {}
    for name in EDITS:
        (tmp_path / "results.json").write_text(edited(records, name))
        try:
            found = problems(tmp_path, read_results(tmp_path))
        except RecordError:
            found = ["it is damaged"]
        ours = [problem for problem in found if "at the end of the run" not in problem]
        broken[name] = "" if ours else f"not found, but by the hash of the file: {found}"
    attacked(broken)


def test_without_a_journal_the_edits_that_pass_are_those_that_the_docs_name(
    records, tmp_path, attacked
):
    """Rendered again, so that no file contradicts the records."""
    broken = {}
    for name in EDITS:
        folder = tmp_path / name / "out"
        folder.mkdir(parents=True)
        (folder / "results.json").write_text(edited(records, name))
        benchgrad("report", "out", cwd=folder.parent)
        done = benchgrad("verify", "out", cwd=folder.parent)
        found = done.returncode != 0
        broken[name] = "" if found != (name in UNSEEN) else f"{'' if found else 'not '}found"
        if not found and "not known: there is no journal.jsonl" not in done.stdout:
            broken[name] = "the verdict does not say what it leaves unknown"
    attacked(broken)


def without_last_line(folder):
    lines = (folder / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "journal.jsonl").write_bytes(b"".join(lines[:-1]))


def linked(name):
    def edit(folder):
        (folder / name).rename(folder.parent / "elsewhere")
        (folder / name).symlink_to(folder.parent / "elsewhere")

    return edit


def with_hash(name, changed):
    def edit(folder):
        content = json.loads((folder / "manifest.json").read_text())
        changed(content["files"], name)
        (folder / "manifest.json").write_text(json.dumps(content))

    return edit


FOLDERS = {
    "a file more": lambda folder: (folder / "notes.txt").touch(),
    "a plot more": lambda folder: (folder / "plots/loss.png").touch(),
    "a folder more": lambda folder: (folder / "data").mkdir(),
    "a hidden file": lambda folder: (folder / ".hidden").touch(),
    "a scratch folder": lambda folder: (folder / ".benchgrad-abcdefgh").mkdir(),
    "a file half-written": lambda folder: (folder / ".index.html.partial").touch(),
    "a pipe": lambda folder: os.mkfifo(folder / "pipe"),
    "a pipe as a summary": lambda folder: (
        (folder / "summary.md").unlink(), os.mkfifo(folder / "summary.md")
    ),
    "a link to the summary": linked("summary.md"),
    "a link to the records": linked("results.json"),
    "a link to the plots": linked("plots"),
    "no summary": lambda folder: (folder / "summary.md").unlink(),
    "no journal": lambda folder: (folder / "journal.jsonl").unlink(),
    "no manifest": lambda folder: (folder / "manifest.json").unlink(),
    "no end": without_last_line,
    "another hash": with_hash("index.html", lambda files, name: files.update({name: "0" * 64})),
    "no hash": with_hash("index.html", lambda files, name: files.pop(name)),
    "a hash more": with_hash("plots/loss.png", lambda files, name: files.update({name: "0" * 64})),
    "another page": lambda folder: (folder / "index.html").write_text("benchgrad"),
    "other records": lambda folder: (folder / "results.json").write_bytes(
        (folder / "results.json").read_bytes() + b" "
    ),
}  # fmt: skip


def test_every_edit_of_the_folder_is_found(judged, tmp_path, attacked):
    broken = {}
    for name, edit in FOLDERS.items():
        folder = tmp_path / name / "out"
        shutil.copytree(judged, folder)
        benchgrad("report", "out", cwd=folder.parent)  # without plots, which take long
        assert benchgrad("verify", "out", cwd=folder.parent).returncode == 0
        (folder / "plots").mkdir(exist_ok=True)
        edit(folder)
        done = benchgrad("verify", "out", cwd=folder.parent)
        broken[name] = "" if done.returncode else f"not found: {done.stdout}"
    attacked(broken)
