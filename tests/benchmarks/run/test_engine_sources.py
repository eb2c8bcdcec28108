"""The files of somebody else's engine, and its version or commit, found without importing it."""

import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES

import pytest

from benchgrad.benchmarks.run.sources import files_of, source_of

SUFFIX = EXTENSION_SUFFIXES[0]
ENGINE = """
import helper
from fast import dot
import numpy, json

def later():
    import importlib
    from nested.part import x
    importlib.import_module("dynamic")
    return __file__ and "kernel.bin", "lib", "../outside.py", "/etc/passwd", "no{}such"
"""
MENTIONED = {
    "mine.py": ENGINE,
    "helper.py": "import deeper",
    "deeper.py": "import mine",
    f"fast{SUFFIX}": "machine code",
    "nested/__init__.py": "",
    "nested/part.py": "",
    f"nested/sub/more{SUFFIX}": "",
    "dynamic.py": "this is no Python (",
    "kernel.bin": "",
    "lib/found.py": "",
}
OTHER = {"unrelated.py": "", "notes.txt": "", "numpy_notes.py": "", "lib/data.csv": ""}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "outside.py").touch()
    for name, text in (MENTIONED | OTHER).items():
        path = tmp_path / "own" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "own"


def names(spec, folder):
    return {path.relative_to(folder).as_posix() for path in files_of(spec)}


def test_a_file_has_with_it_all_that_it_imports_or_mentions_in_its_folder(folder):
    assert names(str(folder / "mine.py"), folder) == MENTIONED.keys()


def test_a_package_has_with_it_all_its_modules_and_compiled_extensions(folder, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    found = names("nested.part:engine", folder)
    assert found == {name for name in MENTIONED if name.startswith("nested")}
    assert names("deeper:engine", folder) == MENTIONED.keys()  # a module that nobody installed
    assert "SHA-256" in source_of("nested.part:engine")


def test_what_is_installed_or_our_own_has_a_version_instead():
    assert [path.name for path in files_of("threadpoolctl:engine")] == ["threadpoolctl.py"]
    assert source_of("threadpoolctl:engine").startswith("threadpoolctl 3.")
    assert source_of("tensor") == ""


def test_the_source_of_a_file_in_a_checkout_is_its_commit(folder):
    def git(*arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        command = ["git", "-C", str(folder), *who, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    spec = str(folder / "mine.py")
    before = source_of(spec)
    assert before.startswith("SHA-256 ")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    commit = git("rev-parse", "--short=12", "HEAD")
    (folder / "unrelated.py").write_text("x = 1")
    assert source_of(spec) == f"commit {commit}"
    (folder / "deeper.py").write_text("x = 1")
    assert source_of(spec) == f"commit {commit}+"
    assert "numpy" in sys.modules  # and nothing of the folder was imported
    assert not {"mine", "helper", "deeper"} & sys.modules.keys()
