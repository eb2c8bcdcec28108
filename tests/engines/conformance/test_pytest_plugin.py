"""The plugin and the suite, run by a pytest of their own in an empty folder."""

import subprocess
import sys

import authors
import pytest

SUITE = """
from benchgrad.engines.conformance import ConformanceSuite, Options

class TestMine(ConformanceSuite):
    engine = "mine:engine"
    options = Options(is_fast=True)
    deviations = {deviations!r}
"""


@pytest.fixture
def pytest_in(tmp_path):
    def run(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def write(tmp_path, fault=None, **files):
    source = authors.with_fault(fault)[0] if fault else authors.ENGINE
    (tmp_path / "mine.py").write_text(source)
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text)


def test_plugin(pytest_in, tmp_path):
    write(tmp_path, "tanh without the square")
    plugin = ("-p", "benchgrad.engines.conformance", "--engine", "mine:engine", "--engine-fast")
    code, out = pytest_in(*plugin, "-k", "gradients")
    assert code == 1, out
    assert "the square in 1 − tanh² is missing" in out
    assert "gradients: tanh(x)" in out
    assert "unsupported" not in out.partition("short test summary")[0]


def test_plugin_without_an_engine_adds_nothing(pytest_in):
    code, out = pytest_in("-p", "benchgrad.engines.conformance")
    assert code == 5, out  # no tests


def test_plugin_with_an_engine_that_is_not_there(pytest_in):
    code, out = pytest_in(
        "-p", "benchgrad.engines.conformance", "--engine", "nothing:engine", "-k", "chain"
    )
    assert code == 1
    assert "needs the package nothing" in out


def test_suite_with_deviations(pytest_in, tmp_path):
    deviations = {"edge: ties of a maximum*": "everybody gets all", "gradients: x + y": "not so"}
    write(tmp_path, "ties of max", test_mine=SUITE.format(deviations=deviations))
    code, out = pytest_in("-k", "gradients or edge")
    assert code == 1, out
    assert "declared as a deviation, but it passes: not so" in out
    assert "everybody gets all" in out
    failed = [line for line in out.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 1
    assert "gradients: x + y" in failed[0]


def test_suite_of_an_engine_that_is_right(pytest_in, tmp_path):
    write(tmp_path, test_mine=SUITE.format(deviations={}))
    code, out = pytest_in("-k", "order or aliasing or classifier")
    assert code == 0, out
    assert "passed" in out
