"""A task for a classifier: a model, its parameters and a batch, and what training makes of them.

The truth is the forward pass as a program, differentiated by the oracles.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchgrad.engines.conformance.cases import oracles
from benchgrad.engines.conformance.cases.case import generator
from benchgrad.engines.conformance.cases.oracles import Array
from benchgrad.engines.conformance.cases.program import Program, Question
from benchgrad.engines.model import MLP, SGD


@dataclass(frozen=True)
class Task:
    """A model with its parameters and a batch, in float64."""

    model: MLP
    parameters: tuple[Array, ...]
    X: Array
    y: Array

    @property
    def question(self) -> Question:
        """The mean loss over the batch, as a program over the parameters."""
        return Question(self._program(self.X, self.y), self.parameters)

    def _program(self, X: Array, y: Array) -> Program:
        names = tuple(f"{'Wb'[i % 2]}{i // 2}" for i in range(len(self.parameters)))
        lines = [f"X, y = np.array({X.tolist()}), np.array({y.tolist()})", "h = X"]
        for i in range(0, len(names), 2):
            layer = f"h @ {names[i]} + {names[i + 1]}"
            is_last = i == len(names) - 2
            lines.append(f"h = {layer}" if is_last else f"h = ops.{self.model.activation}({layer})")
        if self.model.loss == "cross_entropy":
            lines.append("out = ops.mean(ops.logsumexp(h, axis=1) - ops.pick(h, y))")
        else:
            lines.append("of_label = ops.pick(h, y[:, None])")
            lines.append(f"wrong = np.arange({self.model.layers[-1]}) != y[:, None]")
            lines.append("out = ops.sum(ops.relu(h - of_label + 1.0) * wrong) * (1.0 / len(y))")
        return Program("\n".join(lines), names)

    def trained(self, rule: SGD, batches: Sequence[Array]) -> tuple[Array, list[Array]]:
        """Return the loss before each step of a training, and the parameters at its end."""
        parameters = [np.array(p, np.longdouble) for p in self.parameters]
        velocities = [np.zeros_like(p) for p in parameters]
        losses = []
        for rows in batches:
            function = self._program(self.X[rows], self.y[rows]).function
            losses.append(float(oracles.value_of(function, parameters)))
            gradients = oracles.by_complex_step(function, parameters)
            for p, v, g in zip(parameters, velocities, gradients, strict=True):
                v[...] = rule.momentum * v + g + rule.weight_decay * p
                p[...] = p - rule.learning_rate * v
        return np.array(losses), parameters

    def logits(self, parameters: Sequence[Array]) -> Array:
        """Return the scores of the batch with other parameters."""
        h = np.asarray(self.X, np.longdouble)
        for i in range(0, len(parameters), 2):
            h = h @ parameters[i] + parameters[i + 1]
            if i < len(parameters) - 2:
                h = np.maximum(h, 0) if self.model.activation == "relu" else np.tanh(h)
        return h


def task_of(model: MLP, n: int, seed: int, scale: float = 1.0) -> Task:
    """Return a task with n rows, drawn for a seed; with enough rows every class occurs."""
    rng = generator(f"{model}", seed)
    parameters = [
        scale * p + 0.1 * rng.normal(size=p.shape) for p in model.initial_parameters(seed)
    ]
    X = np.round(rng.normal(size=(n, model.layers[0])), 2)
    y = rng.permutation(np.arange(max(n, model.layers[-1])) % model.layers[-1])[:n]
    return Task(model, tuple(np.round(p, 2) for p in parameters), X, y)
