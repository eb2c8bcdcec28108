"""Engines that fail in one way each, as files that a user could have written."""

from collections.abc import Callable
from pathlib import Path

import pytest

_TEMPLATE = '''
import os, signal, subprocess, sys, time
import numpy as np
from benchgrad.engines import Classifier, load
from benchgrad.engines.tensor.engine import TensorEngine
from benchgrad.engines.tensor import Value

{top}

class Odd(Classifier):
    """The tensor engine's classifier, odd in its third epoch."""

    def __init__(self, real):
        self.real, self.calls = real, 0

    def train_step(self, X, y):
        return self.real.train_step(X, y)

    def train_epoch(self, X, y, batches):
        self.calls += 1
        losses = self.real.train_epoch(X, y, batches)
        if self.calls == 3:
            {body}
        return losses

    def gradients(self, X, y):
        return self.real.gradients(X, y)

    def logits(self, X):
        return self.real.logits(X)

    def parameters(self):
        return self.real.parameters()


class OddEngine(TensorEngine):
    def classifier(self, *arguments, **keywords):
        return Odd(super().classifier(*arguments, **keywords))


engine = OddEngine(
    "odd", kind="tensor", value=Value, dtypes=("float64",),
    operations=("exp", "log", "tanh", "relu", "sum", "max", "detach"),
)
'''


@pytest.fixture(scope="session")
def engine_template() -> str:
    """Return the text of an engine file, with places for a top and a body."""
    return _TEMPLATE


@pytest.fixture
def engine_file(tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes an engine and returns its path."""

    def write(body: str = "pass", top: str = "", name: str = "odd") -> str:
        path = tmp_path / f"{name}.py"
        path.write_text(_TEMPLATE.format(body=body, top=top))
        return str(path)

    return write


_PATIENT = """
def wait():
    open("is-waiting", "w").close()
    while not os.path.exists("go-on"):
        time.sleep(0.01)
"""


@pytest.fixture
def pair(tmp_path, engine_file):
    """Return the arguments of a run of numpy, and of an engine that waits for a file `go-on`.

    It has made a file `is-waiting` by then.
    """
    engine_file("wait()", _PATIENT, "patient")
    return ("run", "quick", "--engines", "numpy,patient.py", "--epochs", "5", "--out", "out")
