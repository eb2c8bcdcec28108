"""`benchgrad check`: what it prints, writes and returns."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import authors
import pytest

BENCHGRAD = Path(sys.executable).with_name("benchgrad")


def run(*arguments, cwd):
    return subprocess.run(
        [BENCHGRAD, "check", *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faulty")
    (folder / "mine.py").write_text(authors.with_fault("operands of / swapped")[0])
    return folder


def test_an_engine_that_is_right(tmp_path):
    done = run("tensor", "--fast", "--only", "broadcasting", "--only", "classifier", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    right = "tensor: right for training this classifier; no fault found in general use"
    assert done.stdout.splitlines()[0] == right
    assert "tensor: all well, seed 0" in done.stdout
    assert "broadcasting" in done.stdout
    assert "fan-out" not in done.stdout


def test_an_engine_that_is_wrong(faulty):
    files = ("--junit", "junit.xml", "--html", "page.html")
    done = run("mine.py", "--fast", "--seed", "5", *files, cwd=faulty)
    assert done.returncode == 1, done.stdout
    assert "1. x / y: wrong numbers, silently" in done.stdout
    assert "likely cause: operands swapped" in done.stdout
    assert "look at: mine.py, line" in done.stdout
    assert "out = x / y" in done.stdout
    assert "seed 5" in done.stdout
    assert "x / y: wrong numbers, silently" in (faulty / "page.html").read_text("utf-8")
    suites = ElementTree.parse(faulty / "junit.xml").getroot()
    (suite,) = suites.findall("testsuite")
    cases = suite.findall("testcase")
    assert len(cases) == int(suite.get("tests"))
    assert len(suite.findall("testcase/failure")) == int(suite.get("failures")) > 0
    assert len(suite.findall("testcase/skipped")) == int(suite.get("skipped")) > 0


def test_json(faulty):
    done = run("mine.py", "--fast", "--json", cwd=faulty)
    assert done.returncode == 1
    (found,) = json.loads(done.stdout)["engines"]
    assert (found["engine"], found["seed"], found["passed"]) == ("authored", 0, False)
    by_check = {verdict["check"]: verdict for verdict in found["verdicts"]}
    assert by_check["gradients: x / y"]["status"] == "failed"
    assert by_check["gradients: x + y"]["status"] == "passed"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["tensor", "--only", "nothing"],
        ["tensro"],
        ["no/such.py"],
        ["tensor", "--timeout", "soon"],
        ["tensor", "--seed", "-1"],
    ],
)
def test_wrong_usage(arguments, tmp_path):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
