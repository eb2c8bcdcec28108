"""The engine `tensor-compiled`: what `tensor-replay` records, as one function of machine code."""

import warnings
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from benchgrad.engines.compiled.buffers import LoweringError
from benchgrad.engines.compiled.interpreter import Interpreted
from benchgrad.engines.compiled.machine import INSTALL, REQUIRES, numba_version
from benchgrad.engines.compiled.program import StepProgram
from benchgrad.engines.interface import Array, Classifier
from benchgrad.engines.model import MLP, SGD
from benchgrad.engines.tensor.engine import TensorEngine
from benchgrad.engines.tensor.engine import engine as tensor
from benchgrad.engines.tensor.replay import ReplayError
from benchgrad.engines.tensor.replay_engine import ReplayClassifier
from benchgrad.engines.tensor.replay_engine import engine as replay
from benchgrad.engines.tensor.value import Value
from benchgrad.engines.value_classifier import ValueClassifier

# How far machine code may be from the graph, relative to the largest number: it may add in
# another order.
_TOLERANCES = {"float64": 1e-10, "float32": 1e-3}


class CompiledClassifier(Classifier):
    """The classifier of the tensor engine, with a program for each batch shape.

    A program is compared with the graph on the batch that it was recorded from, and on the first
    with other rows and with other labels: a number that the graph took from a batch would show.
    If a step has no machine code, this and all later ones are replayed instead.

    One memory holds the parameters, velocities and gradients, and then what each program needs.
    """

    def __init__(self, eager: ValueClassifier, rule: SGD) -> None:
        self._eager = eager
        self._rule = rule
        self._replay: ReplayClassifier | None = None
        self._programs: dict[tuple[Any, ...], StepProgram] = {}
        self._memory = eager.state.ravel()

    @property
    def code_from_disk(self) -> bool:
        """Whether a program was compiled by an earlier process."""
        return any(program.is_from_disk for program in self._programs.values())

    def train_step(self, X: Array, y: Array) -> float:
        """Update the parameters once; return the mean loss before the update."""
        return float(self.train_epoch(X, y, [np.arange(len(y))])[0])

    def train_epoch(self, X: Array, y: Array, batches: Sequence[Array]) -> Array:
        """Take one step for each batch, in one call for neighbours of one length."""
        X, y = np.ascontiguousarray(X), np.ascontiguousarray(y)
        every_row = np.arange(len(y))
        losses = []
        for _, group in groupby(batches, key=len):
            rows = every_row[np.array(list(group))]  # refuses a row that X does not have
            program = self._program(X, y, rows)
            if program is not None:
                losses.append(program.run(self._memory, X, y, rows))
            elif self._replay:
                losses.append(self._replay.train_epoch(X, y, list(rows)))
        return np.concatenate(losses)

    def gradients(self, X: Array, y: Array) -> list[Array]:
        """Return the gradient of the mean loss for each parameter."""
        X, y = np.ascontiguousarray(X), np.ascontiguousarray(y)
        rows = np.arange(len(y))[None]
        program = self._program(X, y, rows)
        if program is not None:
            return self._one_step(program, X, y, rows)[1]
        return ReplayClassifier(self._eager, self._rule).gradients(X, y)

    def logits(self, X: Array) -> Array:
        """Return the scores of the last layer, (n, k)."""
        return self._eager.logits(X)

    def parameters(self) -> list[Array]:
        """Return copies of the parameters as float64 arrays."""
        return self._eager.parameters()

    def velocities(self) -> list[Array]:
        """Return the velocity of each parameter as it lives."""
        return self._eager.velocities()

    def _program(self, X: Array, y: Array, rows: Array) -> StepProgram | None:
        """Return the program for batches like these, checked; None if they are replayed.

        Whoever first trains on part of the rows will meet a short last batch too: its program is
        made at once, so that compilation is over with the first step.
        """
        lengths = [rows.shape[1]]
        if not self._programs:
            lengths.append(len(y) % lengths[0])
        keys = [(n, X.shape[1:], X.dtype, y.dtype) for n in lengths if n]
        for key in keys:
            if key not in self._programs and not self._replay:
                few = rows[0][: key[0]]
                self._add(key, X, y, few)
        if self._replay:
            return None
        program = self._programs[keys[0]]
        if not program.is_settled:
            for few in rows[:2]:
                if program.is_new(X[few], y[few]):
                    self._check(program, X, y, few[None])
        return program

    def _add(self, key: tuple[Any, ...], X: Array, y: Array, few: Array) -> None:
        """Compile a program and make room for it; without machine code, replay from now on."""
        try:
            program = StepProgram(self._eager, self._rule, X[few], y[few], len(self._memory))
        except LoweringError as error:
            warnings.warn(
                f"tensor-compiled has no machine code for {error}; it replays every step",
                RuntimeWarning,
                stacklevel=2,
            )
            self._replay = ReplayClassifier(self._eager, self._rule)
            return
        memory = _aligned(program.end, self._memory.dtype)
        memory[: len(self._memory)] = self._memory
        for place, constant in program.constants:
            memory[place : place + constant.size] = constant
        self._programs[key] = program
        self._memory = memory
        state = self._eager.state
        self._eager.move(memory[: state.size].reshape(state.shape))
        program.run(memory, X, y, few[None][:0])  # no step, but Numba compiles it now

    def _one_step(
        self, program: StepProgram, X: Array, y: Array, rows: Array
    ) -> tuple[float, list[Array]]:
        """Take a step and undo it; return the loss and the gradients."""
        state = self._eager.state
        before = state.copy()
        (loss,) = program.run(self._memory, X, y, rows)
        gradients = self._eager.split(state[2].copy())
        state[...] = before
        return loss, gradients

    def _check(self, program: StepProgram, X: Array, y: Array, rows: Array) -> None:
        """Raise ReplayError unless a step has the loss and the gradients of the graph."""
        found = self._one_step(program, X, y, rows)
        batch = (X[rows[0]], y[rows[0]])
        expected = self._eager.loss(*batch).data, self._eager.gradients(*batch)
        tolerance = _TOLERANCES[X.dtype.name]
        wanted: list[Array] = [expected[0], *expected[1]]
        for one, other in zip((np.array(found[0]), *found[1]), wanted, strict=True):
            scale = 1.0 + np.max(np.abs(other), where=np.isfinite(other), initial=0.0)
            if not np.allclose(one, other, tolerance, tolerance * scale, equal_nan=True):
                raise ReplayError(
                    "the machine code differs from the graph: "
                    "the recorded calls depend on more than the shapes of their inputs"
                )


def _aligned(n: int, dtype: np.dtype[Any]) -> Array:
    """Return n zeros that begin with a cache line."""
    line = 64 // dtype.itemsize
    longer = np.zeros(n + line, dtype)
    first = -longer.ctypes.data // dtype.itemsize % line
    return longer[first : first + n]


class CompiledEngine(TensorEngine):
    """The tensor engine in machine code."""

    requires = REQUIRES
    install = INSTALL

    def classifier(
        self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str = "float64"
    ) -> Classifier:
        """Return the compiled classifier."""
        self.check(model, dtype)
        eager = ValueClassifier(self, model, parameters, optimizer, dtype)
        return CompiledClassifier(eager, optimizer)

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        """Return a function's value and gradients from compiled loops over its recorded graph.

        No function is compiled for its own sake here. One that has no machine code is left to
        the replay.
        """
        leaves = [Value(np.array(array)) for array in arrays]
        try:
            return Interpreted(lambda: function(self.operations, *leaves), leaves).run()
        except (LoweringError, ReplayError):
            return replay.value_and_grad(function, *arrays)


engine = CompiledEngine(
    "tensor-compiled",
    kind="tensor",
    value=Value,
    operations=tensor.table,
    dtypes=tensor.capabilities.dtypes,
    version=numba_version(),
    note="records the graph once for each batch shape and compiles it, with update and batches",
)
