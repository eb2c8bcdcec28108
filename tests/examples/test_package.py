"""The installed package: found by its name, right, and with the tests that every plugin gets."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchgrad.benchmarks.records import read_results
from benchgrad.engines.scaffold import names_of, render

PACKAGE = Path(__file__).parents[2] / "examples" / "package"
BENCHGRAD = Path(sys.executable).with_name("benchgrad")


@pytest.fixture(scope="module")
def command(installed):
    """Return a function that runs a command where the package is installed."""
    _, env = installed(PACKAGE)

    def run(*arguments, cwd):
        done = subprocess.run(
            arguments, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_it_passes_the_tests_that_a_new_engine_gets(command):
    tests = Path("tests/test_engine.py")
    assert (PACKAGE / tests).read_text() == render(names_of("forward"), "tensor")[tests]
    out = command(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=PACKAGE)
    assert "2 xfailed" in out


def test_it_is_listed_under_its_name(command, tmp_path):
    lines = command(BENCHGRAD, "engines", cwd=tmp_path).splitlines()
    (line,) = [line for line in lines if line.startswith("forward ")]
    assert {"tensor", "0.1.0", "ready"} <= set(line.split())


def test_its_training_equals_that_of_numpy_to_the_ninth_digit(command, tmp_path):
    (tmp_path / "tiny.toml").write_text(
        'title = "tiny"\nepochs = 3\n[data]\nn_samples = 60\n[model]\nhidden = [5, 4]\n'
        "[training]\nmomentum = 0.9\n"
        '[[engines]]\nname = "forward"\n[[engines]]\nname = "numpy"\n'
    )
    command(BENCHGRAD, "run", "tiny.toml", "--out", "out", cwd=tmp_path)
    cells = {cell.engine: cell for cell in read_results(tmp_path / "out").cells}
    assert cells["forward"].status == "ok"
    losses = {
        name: [x for epoch in cell.epochs for x in epoch.losses] for name, cell in cells.items()
    }
    assert len(losses["forward"]) == 6
    assert losses["forward"] == pytest.approx(losses["numpy"], abs=1e-9, rel=0)
