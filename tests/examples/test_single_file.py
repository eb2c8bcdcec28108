"""The engine in one file: as right as the others, and its tape is empty after each step."""

import re
from pathlib import Path

import numpy as np
from commands import benchgrad

from benchgrad.engines import MLP, SGD, load
from benchgrad.engines.conformance import Options, check_engine

ROOT = Path(__file__).parents[2]
TINY = "examples/single_file/tiny.py"


def test_it_is_right_but_for_what_it_declares():
    outcome = check_engine(str(ROOT / TINY), Options(is_fast=True))
    assert [(v.check, v.reason) for v in outcome.verdicts if v.counts_against] == []
    passed = {v.check for v in outcome.verdicts if v.status == "passed"}
    assert {"gradients: x * y", "gradients: tanh(x)", "classifier: large logits"} < passed
    assert sum(v.group == "classifier" and v.check in passed for v in outcome.verdicts) > 20


def test_the_tape_is_empty_after_a_step_and_logits_write_nothing():
    engine = load(str(ROOT / TINY))
    model = MLP((2, 3, 2))
    classifier = engine.classifier(model, model.initial_parameters(0), SGD(0.1))
    classifier.train_step(np.ones((4, 2)), np.array([0, 1, 0, 1]))
    assert engine.tape.lines == []
    classifier.logits(np.ones((4, 2)))
    assert engine.tape.lines == []
    assert engine.tape.is_running


def test_the_command_in_the_file_runs(tmp_path):
    (line,) = re.findall(r"^    benchgrad (run .*)$", (ROOT / TINY).read_text(), re.MULTILINE)
    assert line == f"run quick --engines {TINY},numpy"
    done = benchgrad(*line.split(), "--epochs", "1", "--out", tmp_path, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert f"{TINY}: ok" in done.stderr
