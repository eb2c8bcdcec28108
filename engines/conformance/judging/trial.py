"""An engine's classifier on a task: made, called, and compared with what must come out."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchgrad.engines.conformance.cases.oracles import Array, agree
from benchgrad.engines.conformance.cases.task import Task
from benchgrad.engines.conformance.judging.engine_under_test import EngineUnderTest
from benchgrad.engines.conformance.judging.reproduction import loading
from benchgrad.engines.conformance.judging.verdict import Cause, Failure, Finding, show
from benchgrad.engines.interface import Classifier
from benchgrad.engines.model import SGD

RULE = SGD(0.1)
RTOL = {"float64": 1e-9, "float32": 1e-3}


@dataclass(frozen=True)
class Trial:
    """An engine's classifier on a task, in one dtype with one update rule."""

    tested: EngineUnderTest
    task: Task
    dtype: str
    rule: SGD = RULE

    @property
    def X(self) -> Array:  # noqa: N802
        """The rows of the batch in the dtype of the trial."""
        return self.task.X.astype(self.dtype)

    def classifier(self) -> Classifier:
        """Return a new classifier with the parameters of the task."""
        parameters = [p.copy() for p in self.task.parameters]
        return self.tested.engine.classifier(self.task.model, parameters, self.rule, self.dtype)

    def gradients(self) -> list[Array]:
        """Return the gradients of a new classifier."""
        classifier = self.classifier()
        with self.tested.visited.watching():
            return classifier.gradients(self.X, self.task.y)

    def fits(self, found: Any, expected: Any) -> bool:
        """Tell whether numbers are right, within the tolerance of the dtype."""
        return agree(np.asarray(found, np.longdouble), np.asarray(expected), RTOL[self.dtype])

    def require(self, call: str, found: Any, expected: Any, cause: Cause | None) -> None:
        """Raise the failure of a call unless its result is right."""
        if not self.fits(found, expected):
            raise self.failure(call, found, expected, cause)

    def failure(self, call: str, found: Any, expected: Any, cause: Cause | None) -> Failure:
        """Return the failure of a call, with code that repeats it."""
        must, task = show(expected), self.task
        parameters = ", ".join(f"np.array({p.tolist()})" for p in task.parameters)
        X, y = f"np.array({task.X.tolist()}, np.{self.dtype})", f"np.array({task.y.tolist()})"
        arguments = f"{task.model}, parameters, {self.rule}, {self.dtype!r}"
        code = (
            f"{loading(self.tested.spec, 'MLP', 'SGD')}"
            f"parameters = [{parameters}]\n"
            f"X, y = {X}, {y}\n"
            f"classifier = engine.classifier({arguments})\n"
            f"print(classifier.{call})  # must be {must}"
        )
        return Failure(Finding.of(call, show(found), must, cause, code))
