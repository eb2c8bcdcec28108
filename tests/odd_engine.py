"""Engines that go wrong in one way each, as files that a user could have written."""

ODD = '''
import ctypes, os, signal, subprocess, sys, time
import numpy as np
from benchgrad.engines import Classifier, load
from benchgrad.engines.tensor.engine import TensorEngine
from benchgrad.engines.tensor import Value

{top}

class Odd(Classifier):
    """The tensor engine's classifier, odd in its third epoch."""

    def __init__(self, real):
        self.real, self.calls, self.shape = real, 0, list

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
        return self.shape(self.real.parameters())


class OddEngine(TensorEngine):
    def classifier(self, *arguments, **keywords):
        return Odd(super().classifier(*arguments, **keywords))


engine = OddEngine(
    "odd", kind="tensor", value=Value, dtypes=("float64",),
    operations=("exp", "log", "tanh", "relu", "sum", "max", "detach"),
)
'''


def write_odd(folder, name="odd", body="pass", top=""):
    """Write an engine whose third epoch ends with the body; return its path."""
    path = folder / f"{name}.py"
    path.write_text(ODD.format(body=body, top=top))
    return str(path)
