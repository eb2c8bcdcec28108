"""Folders that hold somebody else's files: they are refused by name, and nothing is touched."""

import json
import os
import shutil

import pytest
from commands import benchgrad
from strangers import refused, tree, what_it_broke

RUN = ("run", "quick", "--engines", "numpy", "--epochs", "1")
MINE = b"mine, and nobody else's"


def own(folder, *others):
    """Make a folder that is benchgrad's, but for these files."""
    folder.mkdir()
    listed = {"journal.jsonl": "", "summary.md": "0" * 64}
    manifest = {"written_by": "benchgrad", "manifest_version": 1, "files": listed}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for name in others:
        put(folder / name)
    return folder


def put(path, content=MINE):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def foreign(name, content=MINE):
    def make(folder):
        put(folder / "out" / name, content)
        put(folder / "out" / "other.txt")

    return make


def beside_ours(name):
    def make(folder):
        own(folder / "out", name)

    return make


def linked(name, target="precious"):
    """Make a folder of ours in which one file is a link to somebody's."""

    def make(folder):
        put(folder / target / "loss.png" if name == "plots" else folder / target)
        own(folder / "out")
        (folder / "out" / name).symlink_to(folder / target)

    return make


def fifo(name):
    def make(folder):
        os.mkfifo(own(folder / "out") / name)

    return make


def fifo_alone(name):
    def make(folder):
        (folder / "out").mkdir()
        os.mkfifo(folder / "out" / name)

    return make


def manifest_of(*names):
    """Make a folder whose manifest claims files that no report has."""

    def make(folder):
        put(folder / "precious")
        put(folder / "out" / "index.html")
        files = {name.format(folder): "0" * 64 for name in names}
        manifest = {"written_by": "benchgrad", "manifest_version": 1, "files": files}
        (folder / "out" / "manifest.json").write_text(json.dumps(manifest))

    return make


def linked_folder(folder):
    put(folder / "elsewhere" / "index.html")
    (folder / "out").symlink_to(folder / "elsewhere")


def half_written_link(folder):
    put(folder / "precious")
    own(folder / "out")
    (folder / "out" / ".index.html.partial").symlink_to(folder / "precious")
    put(folder / "out" / "timings.csv")


OTHER_RECORDS = b'{"schema_version": 1, "weights": [1, 2]}'
WEB_APP = b'{"name": "A web app", "icons": []}'
# What each folder is, and what the line that refuses it names.
RUNS = {
    "a page": (foreign("index.html"), "index.html"),
    "a summary": (foreign("summary.md"), "other.txt"),
    "other records": (foreign("results.json", OTHER_RECORDS), "other.txt"),
    "another journal": (foreign("journal.jsonl", b"Monday: rain\n"), "journal.jsonl"),
    "a web app": (foreign("manifest.json", WEB_APP), "manifest.json"),
    "pictures": (foreign("plots/loss.png"), "other.txt"),
    "a hidden file": (foreign(".env"), ".env"),
    "a folder": (foreign("src/main.c"), "other.txt"),
    "a manifest that goes up": (manifest_of("../precious"), "manifest.json"),
    "a manifest with a whole path": (manifest_of("{}/precious"), "manifest.json"),
    "a manifest that climbs from plots": (manifest_of("plots/../../precious"), "manifest.json"),
    "a manifest of hidden files": (manifest_of(".bashrc"), "manifest.json"),
    "a folder behind a link": (linked_folder, "index.html"),
    "somebody's page in ours": (beside_ours("index.html"), "index.html"),
    "somebody's records in ours": (beside_ours("results.json"), "results.json"),
    "somebody's plot in ours": (beside_ours("plots/ladder.svg"), "plots/ladder.svg"),
    "plots behind a link": (linked("plots"), "plots"),
    "a page behind a link": (linked("index.html"), "index.html"),
    "our own summary behind a link": (linked("summary.md"), "summary.md"),
    "a journal behind a link": (linked("journal.jsonl"), "journal.jsonl"),
    "a link to nothing": (linked("timings.csv", "gone"), "timings.csv"),
    "a half-written file behind a link": (half_written_link, "timings.csv"),
    "a pipe as a journal": (fifo("journal.jsonl"), "journal.jsonl"),
    "a pipe as a page": (fifo("index.html"), "index.html"),
    "a pipe as records": (fifo("results.json"), "results.json"),
    "a pipe as a manifest": (fifo_alone("manifest.json"), "manifest.json"),
    "a pipe as a journal, alone": (fifo_alone("journal.jsonl"), "journal.jsonl"),
    "plots as a file": (beside_ours("plots"), "plots"),
}


SAMPLE = [
    *("a page", "a manifest that goes up", "somebody's page in ours", "plots behind a link"),
    *("our own summary behind a link", "a pipe as a journal, alone"),
]


@pytest.mark.parametrize(
    "names",
    [pytest.param(SAMPLE, marks=pytest.mark.sample), [name for name in RUNS if name not in SAMPLE]],
    ids=["sample", "rest"],
)
def test_a_run_refuses_what_is_not_its_own(names, tmp_path, attacked):
    broken = {}
    for name in names:
        make, named = RUNS[name]
        folder = tmp_path / name
        folder.mkdir()
        make(folder)
        run = (*RUN, "--out", "out")
        broken[name] = refused(run, folder, named)
        broken[f"{name}, to be overwritten"] = refused((*run, "--overwrite"), folder, named)
    attacked(broken)


@pytest.mark.sample
def test_the_current_folder_is_not_taken_for_a_reports(tmp_path, attacked):
    put(tmp_path / "thesis.tex")
    put(tmp_path / "reports/out/compare/notes.txt")
    (tmp_path / "empty").mkdir()
    attacked(
        {
            "no folder, in an empty one": refused(
                (*RUN, "--out", ""), tmp_path / "empty", "no path"
            ),
            "no folder": refused((*RUN, "--out", ""), tmp_path, "no path"),
            "the current folder": refused((*RUN, "--out", "."), tmp_path, "'empty'"),
            "the one above": refused((*RUN, "--out", "reports/.."), tmp_path, "'empty'"),
            "two versions": refused(
                ("compare", "--run", "numpy", "numpy", "--rounds", "1"), tmp_path, "notes.txt"
            ),
        }
    )


def records_in(judged, folder):
    folder.mkdir()
    shutil.copy(judged / "results.json", folder)
    return folder


def test_a_report_refuses_what_is_not_its_own(judged, tmp_path, attacked):
    broken = {}
    for name in ("index.html", "summary.md", "timings.csv", "plots/ladder.png", "manifest.json"):
        folder = tmp_path / name.replace("/", "-")
        folder.mkdir()
        put(records_in(judged, folder / "out") / name)
        if name == "plots/ladder.png":  # this report has none, so nobody's is in its way
            done = benchgrad("report", "out", cwd=folder)
            broken[name] = done.stderr + "changed" * ((folder / "out" / name).read_bytes() != MINE)
        else:
            broken[name] = refused(("report", "out"), folder, name)
    for name in ("index.html", "plots"):
        folder = tmp_path / f"{name} behind a link"
        folder.mkdir()
        linked(name)(folder)
        shutil.copy(judged / "results.json", folder / "out")
        broken[f"{name} behind a link"] = refused(("report", "out"), folder, name, drawn=True)
    attacked(broken)


def test_a_report_of_ours_leaves_other_files_alone(judged, tmp_path, attacked):
    """Those beside it, and its own plots only if they are what was written there."""
    out = tmp_path / "out"
    shutil.copytree(judged, out)
    for name in ("notes.txt", "plots/mine.png", "plots/.mine.partial", ".benchgrad-notes/a.txt"):
        put(out / name)
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["files"]["plots/gone.png"] = "0" * 64
    (out / "manifest.json").write_text(json.dumps(manifest))
    put(out / "plots/gone.png")  # the plot of an earlier report, edited since
    before = {path: content for path, content in tree(out).items() if MINE in content}
    done = benchgrad("report", "out", cwd=tmp_path, drawn=True)
    attacked({"report": done.stderr or what_it_broke(before, out)})


@pytest.fixture
def released(judged, tmp_path):
    """Return the folder of a report as benchgrad 0.1.0 left it: it wrote none of these files."""
    shutil.copytree(judged, tmp_path / "out")
    for name in ("manifest.json", "card.png", "snippet.md"):
        (tmp_path / "out" / name).unlink()
    return tmp_path / "out"


def test_a_folder_of_the_released_version_is_ours(released, tmp_path, attacked):
    shutil.copy(released / "plots/decision_boundary.png", released / "plots/ladder.png")
    put(released / "plots/mine.png")
    done = benchgrad("report", "out", cwd=tmp_path)
    left = {path.name for path in (released / "plots").iterdir()}
    broken = {"report": done.stderr or ("" if left == {"mine.png"} else f"left {left}")}
    done = benchgrad(*RUN, "--out", "out", "--overwrite", cwd=tmp_path)
    broken["run"] = "" if done.returncode == 0 else done.stderr
    attacked(broken)


def test_in_a_folder_of_the_released_version_a_strangers_file_is_none(released, tmp_path, attacked):
    broken = {}
    for name in ("index.html", "summary.md", "timings.csv", "plots/decision_boundary.png"):
        ours = (released / name).read_bytes()
        put(released / name)
        for command in (("report", "out"), (*RUN, "--out", "out", "--overwrite")):
            drawn = name.startswith("plots")
            broken[f"{command[0]}: {name}"] = refused(command, tmp_path, name, drawn)
        put(released / name, ours)
    attacked(broken)
