"""The package `benchgrad` itself: imported from anywhere, run as a module, quick to answer."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def python(*arguments, cwd):
    """Run Python with the current folder on its path, as users do."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(params=["the repository's root", "elsewhere"])
def place(request, tmp_path):
    return tmp_path if request.param == "elsewhere" else ROOT


def test_the_package_and_its_rooms_are_imported_from_anywhere(place):
    code = (
        "import benchgrad.benchmarks.plan, benchgrad.command_line.main, benchgrad.datasets\n"
        "import benchgrad.engines, benchgrad.processes, benchgrad.reports\n"
        "print(benchgrad.__file__)"
    )
    done = python("-c", code, cwd=place)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == ROOT / "front_door" / "__init__.py"


def test_the_package_runs_as_a_module(place):
    done = python("-m", "benchgrad", "plans", cwd=place)
    assert done.returncode == 0, done.stderr
    assert "headline" in done.stdout
    wrong = python("-m", "benchgrad", "run", "headlin", cwd=place)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "did you mean 'headline'?" in wrong.stderr


def test_help_answers_without_numpy(tmp_path):
    code = (
        "import runpy, sys\n"
        "sys.argv = ['benchgrad', '--help']\n"
        "try:\n"
        "    runpy.run_module('benchgrad', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        "assert not {'numpy', 'pandas', 'matplotlib', 'msgspec'} & set(sys.modules)\n"
    )
    done = python("-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert all(command in done.stdout for command in ("run", "check", "new-engine", "verify"))
