"""The engine in one file: as right as the others, and its tape is empty after each step."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchgrad.engines import MLP, SGD, load

ROOT = Path(__file__).parents[2]
TINY = "examples/single_file/tiny.py"


@pytest.fixture
def engine():
    return load(str(ROOT / TINY))


@pytest.mark.parametrize("loss", ["cross_entropy", "hinge"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_it_trains_as_numpy_does(engine, activation, loss):
    model, rule = MLP((2, 5, 4, 3), activation, loss), SGD(0.1, momentum=0.9, weight_decay=0.01)
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(8, 2)), rng.integers(0, 3, size=8)
    ours = engine.classifier(model, model.initial_parameters(0), rule)
    reference = load("numpy").classifier(model, model.initial_parameters(0), rule)
    for _ in range(5):
        assert ours.train_step(X, y) == pytest.approx(reference.train_step(X, y), abs=1e-12)
    for found, expected in [
        *zip(ours.parameters(), reference.parameters(), strict=True),
        *zip(ours.gradients(X, y), reference.gradients(X, y), strict=True),
        (ours.logits(X), reference.logits(X)),
    ]:
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_the_tape_is_empty_after_a_step_and_logits_write_nothing(engine):
    model = MLP((2, 3, 2))
    classifier = engine.classifier(model, model.initial_parameters(0), SGD(0.1))
    classifier.train_step(np.ones((4, 2)), np.array([0, 1, 0, 1]))
    assert engine.tape.lines == []
    classifier.logits(np.ones((4, 2)))
    assert engine.tape.lines == []
    assert engine.tape.is_running


def test_gradients_of_a_function(engine):
    x = np.array([0.5, -1.0])
    value, (gradient,) = engine.value_and_grad(lambda ops, x: ops.sum(x * ops.exp(x) - x), x)
    assert value == pytest.approx(np.sum(x * np.exp(x) - x))
    np.testing.assert_allclose(gradient, np.exp(x) * (1 + x) - 1, rtol=1e-15)


def test_the_command_in_the_file_runs(tmp_path):
    (line,) = re.findall(r"^    benchgrad (run .*)$", (ROOT / TINY).read_text(), re.MULTILINE)
    assert line == f"run quick --engines {TINY},numpy"
    done = subprocess.run(
        [Path(sys.executable).with_name("benchgrad"), *line.split(),
         "--epochs", "1", "--out", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"{TINY}: ok" in done.stderr
