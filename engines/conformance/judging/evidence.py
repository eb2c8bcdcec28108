"""An engine's answer beside the truth. Causes are found in `diagnosis`."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchgrad.engines.conformance.cases.oracles import Array, agree
from benchgrad.engines.conformance.cases.problem import Problem
from benchgrad.engines.conformance.cases.program import WEIGHTS, Question
from benchgrad.engines.conformance.judging.engine_under_test import Answer


@dataclass(frozen=True)
class Output:
    """The value or a gradient in an answer, and what it must be.

    `name` is that of the input, or "out" for the value.
    """

    name: str
    expected: Any
    actual: Any

    @property
    def what(self) -> str:
        """The output in words."""
        return "the value" if self.name == "out" else f"the gradient of {self.name}"


@dataclass(frozen=True)
class Evidence:
    """A problem, an engine's answer, and how far a right one may be off (see `agree`)."""

    problem: Problem
    answer: Answer
    rtol: float

    def fits(self, actual: Any, expected: Any) -> bool:
        """Tell whether two arrays agree within what the dtype allows."""
        return agree(np.asarray(actual, np.longdouble), expected, self.rtol)

    @property
    def value_is_wrong(self) -> bool:
        """Whether the value itself is wrong."""
        return not self.fits(self.answer.value, self.problem.truth.value)

    @property
    def is_same_function(self) -> bool:
        """Whether the forward pass is right, each element of the result."""
        names = self.problem.question.names
        if self.value_is_wrong or WEIGHTS not in names:
            return not self.value_is_wrong
        i = names.index(WEIGHTS)
        return self.fits(self.answer.gradients[i], self.problem.truth.gradients[i])

    @property
    def is_wrong(self) -> bool:
        """Whether anything is wrong."""
        return self.value_is_wrong or bool(self.wrong)

    @property
    def wrong(self) -> list[int]:
        """The indices of the wrong gradients; that of the weights only if no other is wrong."""
        pairs = zip(self.answer.gradients, self.problem.truth.gradients, strict=True)
        wrong = [i for i, (a, e) in enumerate(pairs) if not self.fits(a, e)]
        names = self.problem.question.names
        return [i for i in wrong if names[i] != WEIGHTS] or wrong

    @property
    def shown(self) -> Output:
        """The output that a failure shows: the value if it is wrong, else the first wrong gradient.

        The gradient of the weights is the result, element by element.
        """
        if self.value_is_wrong:
            return Output("out", self.problem.truth.value, self.answer.value)
        i = self.wrong[0]
        name = self.problem.question.names[i]
        expected, actual = self.problem.truth.gradients[i], self.answer.gradients[i]
        return Output("out" if name == WEIGHTS else name, expected, actual)

    @property
    def gradients(self) -> "list[WrongGradient]":
        """The wrong gradients."""
        problem = self.problem
        derivatives = problem.case.derivatives if problem.case is not None else ()
        return [
            WrongGradient(
                self,
                problem.question.names[i],
                np.asarray(problem.question.arrays[i]),
                np.asarray(problem.truth.gradients[i]),
                self.answer.gradients[i],
                derivatives[i] if i < len(derivatives) else "",
            )
            for i in self.wrong
        ]


@dataclass(frozen=True)
class WrongGradient:
    """The gradient of one input, and what it must be; `derivative` is its closed form, if any."""

    evidence: Evidence
    name: str
    array: Array
    expected: Array
    actual: Array
    derivative: str

    @property
    def question(self) -> Question:
        """The question that was answered."""
        return self.evidence.problem.question

    def fits(self, guess: Any) -> bool:
        """Tell whether a guess explains the gradient."""
        return self.evidence.fits(self.actual, guess)
