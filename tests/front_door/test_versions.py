"""`benchgrad compare --run`: two versions of an engine, wherever they are, in one run."""

import json
import subprocess
import sys

import pytest
from commands import benchgrad
from odd_engine import write_odd

from benchgrad.benchmarks.records import read_results
from benchgrad.command_line.options import UsageError
from benchgrad.command_line.versions import Version, version_of
from benchgrad.engines import load

PROJECT = """[project]
name = "mine"
version = "1"
[project.entry-points."benchgrad.engines"]
mine = "mine_package.engine:engine"
"""


def git(folder, *arguments):
    identity = ("-c", "user.name=n", "-c", "user.email=e@e", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def status(folder):
    command = ["git", "status", "--porcelain", "--untracked-files=all"]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def commit(folder, revision):
    command = ["git", "rev-parse", "--short=12", revision]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    """Return a repository whose `lib/odd.py` notes `first` in a commit, `second` in the next."""
    folder = tmp_path / "repository"
    (folder / "lib").mkdir(parents=True)
    git(folder, "init", "--quiet")
    for word in ("first", "second"):
        (folder / "lib" / "neighbour.py").write_text(f"WORD = {word!r}\n")
        write_odd(folder / "lib", top="from neighbour import WORD")
        path = folder / "lib" / "odd.py"
        path.write_text(path.read_text() + "\nengine.note = WORD\n")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "--allow-empty", "-m", word)
    return folder


def note_of(spec):
    """Return the note of an engine, loaded in a process of its own as in a run."""
    code = f"from benchgrad.engines import load; print(load({spec!r}).note)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("where", [".", "lib"])
def test_a_revision_comes_with_its_neighbours_and_changes_nothing(
    repository, tmp_path, monkeypatch, where
):
    monkeypatch.chdir(repository / where)
    path = "lib/odd.py" if where == "." else "odd.py"
    before = status(repository)
    assert note_of(version_of(f"HEAD~1:{path}", tmp_path / "old").spec) == "first"
    assert note_of(version_of(f"HEAD:{path}", tmp_path / "new").spec) == "second"
    assert note_of(version_of(path, tmp_path / "file").spec) == "second"
    assert status(repository) == before
    monkeypatch.chdir(tmp_path)  # in no repository, so the path itself tells which is meant
    assert note_of(version_of(f"HEAD~1:{repository}/lib/odd.py", tmp_path / "far").spec) == "first"


@pytest.mark.parametrize("source", ["src", "."])
def test_a_folder_is_a_project_or_a_package(tmp_path, source):
    for version in ("old", "new"):
        package = tmp_path / version / source / "mine_package"
        package.mkdir(parents=True)
        (tmp_path / version / "pyproject.toml").write_text(PROJECT)
        write_odd(package, name="engine")
        (package / "__init__.py").write_text("from mine_package.engine import engine\n")
        with (package / "engine.py").open("a") as file:
            file.write(f"\nengine.note = {version!r}\n")
        project = version_of(str(tmp_path / version), tmp_path / f"{version}-project")
        assert note_of(project.spec) == version
        assert note_of(version_of(str(package), tmp_path / f"{version}-package").spec) == version


def test_a_name_stays_a_name(tmp_path):
    for name in ("tensor", "benchgrad.engines.tensor.engine:engine"):
        assert version_of(name, tmp_path) == Version(name)
        assert load(name).name == "tensor"


@pytest.mark.parametrize(
    ("version", "complaint"),
    [
        ("nothing:lib/odd.py", "git says: Needed a single revision"),
        ("--help:lib/odd.py", "git says: Needed a single revision"),
        ("HEAD:lib/none.py", "there is no 'lib/none.py' at HEAD"),
        ("HEAD:lib", "the folder has neither pyproject.toml nor __init__.py"),
        ("lib", "the folder has neither pyproject.toml nor __init__.py"),
    ],
)
def test_a_version_that_is_not_there_is_said_in_one_line(
    repository, tmp_path, monkeypatch, version, complaint
):
    monkeypatch.chdir(repository)
    with pytest.raises(UsageError) as error:
        version_of(version, tmp_path / "scratch")
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_outside_a_repository_and_without_git_that_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="not a git repository"):
        version_of("HEAD:odd.py", tmp_path / "scratch")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git is not installed"):
        version_of("HEAD:odd.py", tmp_path / "scratch")


def test_two_versions_run_in_turns_and_get_a_verdict(repository):
    """The engine of the second commit was not changed, so a limit of 100 is not exceeded."""
    arguments = ("HEAD~1:lib/odd.py", "lib/odd.py", "--rounds", "5", "--format", "json")
    done = benchgrad("compare", "--run", *arguments, "--fail-above", "100", cwd=repository)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["is_paired"]
    assert (found["old"]["path"], found["new"]["path"]) == ("HEAD~1:lib/odd.py", "lib/odd.py")
    (row,) = found["rows"]
    assert row["verdict"] != "not comparable"
    assert row["ratio_low"] <= row["ratio"] <= row["ratio_high"]
    assert row["old_source"] == f"commit {commit(repository, 'HEAD~1')}"
    assert row["new_source"] == f"commit {commit(repository, 'HEAD')}"
    folder = repository / "reports" / "out" / "compare"
    cells = read_results(folder).cells
    assert [cell.engine for cell in cells[:4]] == ["old", "new", "new", "old"]
    assert {cell.note for cell in cells if cell.engine == "old"} == {"first"}
    assert {cell.note for cell in cells if cell.engine == "new"} == {"second"}
    assert not list(folder.glob(".benchgrad-*"))
    assert benchgrad("compare", "--run", *arguments, "--fail-above", "0.001",
                     cwd=repository).returncode == 3  # fmt: skip


def test_an_engine_that_fails_makes_the_exit_code_one(tmp_path):
    write_odd(tmp_path, name="broken", body="raise ValueError('no')")
    done = benchgrad("compare", "--run", "tensor", "broken.py", "--rounds", "1", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "new is crashed: ValueError: no" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--run", "tensor", "none"), "there is no engine 'none'"),
        (("--run", "tensor", "tensor", "--plan", "none"), "there is no plan 'none'"),
        (("--run", "tensor", "tensor", "--rounds", "-1"), "--rounds: "),
        (("a", "b", "--rounds", "3"), "go with --run"),
    ],
)
def test_a_mistake_gets_one_line_and_code_two(tmp_path, arguments, complaint):
    done = benchgrad("compare", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
