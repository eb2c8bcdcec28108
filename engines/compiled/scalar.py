"""The engine `scalar-compiled`: the scalar graph, recorded once and run in machine code."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchgrad.engines.compiled.machine import (
    INSTALL,
    REQUIRES,
    compiled,
    is_from_disk,
    numba_version,
)
from benchgrad.engines.compiled.nodes import SOURCE
from benchgrad.engines.compiled.recorder import Graph, Number, Program, RecordError
from benchgrad.engines.counts import Counts
from benchgrad.engines.interface import Array, Classifier, Engine, UnsupportedError
from benchgrad.engines.model import MLP, SGD
from benchgrad.engines.operations import ELEMENTWISE
from benchgrad.engines.scalar.engine import engine as scalar
from benchgrad.engines.scalar.value import Value
from benchgrad.engines.value_classifier import ValueClassifier
from benchgrad.engines.value_engine import ValueEngine


def _pick(v: Any, columns: Any) -> Any:
    """Return the given columns of each row: a node that reads the column, if it is recorded."""
    if columns.dtype != object:
        return scalar.operations.pick(v, columns)
    rows = np.array([v[i] for i in range(len(v))], object)
    found = np.empty(columns.shape, object)
    for i in np.ndindex(columns.shape):
        found[i] = columns[i].graph.pick(list(rows[i[0]]), columns[i])
    return found


def _extreme(name: str) -> Callable[..., Any]:
    def of_two(a: Any, b: Any) -> Any:
        if not (isinstance(a, Number) or isinstance(b, Number)):
            return max(a, b) if name == "max" else min(a, b)
        number, other = (a, b) if isinstance(a, Number) else (b, a)
        return number.graph.node(name, number, other)

    pairwise = np.frompyfunc(of_two, 2, 1)

    def extreme(v: Any, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the extreme of numbers without a gradient."""
        v = np.asarray(v, object)
        if any(isinstance(element, Number) and element.tracked for element in v.flat):
            raise UnsupportedError(f"{name} of scalar Values; ops.detach gives plain numbers")
        axes = range(v.ndim) if axis is None else np.atleast_1d(axis) % v.ndim
        for i in sorted((int(i) for i in axes), reverse=True):
            v = pairwise.reduce(v, axis=i, keepdims=keepdims)
        return v

    return extreme


class Recorder(ValueEngine):
    """The scalar engine over numbers that are not known yet."""

    def leaf(self, data: Any) -> Any:
        """Return a number as it is: it becomes a leaf when a graph is recorded."""
        return data

    def read(self, value: Any) -> Any:
        """Return a number without a gradient, still unknown."""
        return value.detach() if isinstance(value, Number) else value

    def is_value(self, native: object) -> bool:
        """Return whether a gradient flows through a number."""
        return isinstance(native, Number) and native.tracked

    def _of_numbers_too(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        name = function.__name__

        def of_either(element: Any) -> Any:
            if isinstance(element, Number):
                return function(element)
            return getattr(Value(element), name)().data

        return of_either


_RECORDER = Recorder(
    "scalar-compiled",
    kind="scalar",
    value=Number,
    operations=ELEMENTWISE,
    compounds={"pick": _pick, "max": _extreme("max"), "min": _extreme("min")},
)


class CompiledScalarClassifier(Classifier):
    """The classifier of the scalar engine, recorded for each batch shape."""

    def __init__(self, model: MLP, parameters: Sequence[Array], rule: SGD) -> None:
        self._model = model
        self._rule = rule
        self._shapes = [np.shape(p) for p in parameters]
        self._flat = np.concatenate([np.ravel(p) for p in parameters]).astype(np.float64)
        self._velocity = np.zeros_like(self._flat)
        self._programs: dict[tuple[int, ...], Program] = {}

    @property
    def code_from_disk(self) -> bool:
        """Whether the loops were compiled by an earlier process."""
        return is_from_disk(compiled(SOURCE, "float64"))

    def train_step(self, X: Array, y: Array) -> float:
        """Update the parameters once; return the mean loss before the update."""
        program, loss = self._run(X, y)
        self._rule.update(self._flat, program.gradient[: self._flat.size], self._velocity)
        return loss

    def gradients(self, X: Array, y: Array) -> list[Array]:
        """Return the gradient of the mean loss for each parameter."""
        program, _ = self._run(X, y)
        return self._split(program.gradient[: self._flat.size].copy())

    def logits(self, X: Array) -> Array:
        """Return the scores of the last layer, (n, k)."""
        return self._eager().logits(X)

    def parameters(self) -> list[Array]:
        """Return copies of the parameters as float64 arrays."""
        return self._split(self._flat.copy())

    def velocities(self) -> list[Array]:
        """Return the velocity of each parameter as it lives."""
        return self._split(self._velocity)

    def counts(self, X: Array, y: Array) -> Counts:
        """Return the counts of the recorded graph."""
        return self._program(X, y).counts()

    def _run(self, X: Array, y: Array) -> tuple[Program, float]:
        program = self._program(X, y)
        program.data[: self._flat.size] = self._flat
        end = self._flat.size + X.size
        program.data[self._flat.size : end] = X.ravel()
        program.data[end : end + y.size] = np.clip(y, 0, self._model.layers[-1] - 1)
        return program, program.run()

    def _program(self, X: Array, y: Array) -> Program:
        program = self._programs.get(X.shape)
        if program is None:
            program = self._programs[X.shape] = self._recorded(X.shape)
        return program

    def _recorded(self, shape: tuple[int, ...]) -> Program:
        """Record a step; the batch is made of numbers that are not known yet."""
        graph = Graph()
        recorder = ValueClassifier(_RECORDER, self._model, self.parameters(), self._rule, "float64")
        recorder.leaves = [graph.inputs(s, tracked=True).view(np.ndarray) for s in self._shapes]
        X, y = graph.inputs(shape).view(np.ndarray), graph.inputs(shape[:1])
        loss = recorder.loss(X, y)
        return Program(graph, np.asarray(loss, object).item())

    def _eager(self) -> ValueClassifier:
        return ValueClassifier(scalar, self._model, self.parameters(), self._rule, "float64")

    def _split(self, flat: Array) -> list[Array]:
        ends = np.cumsum([np.prod(shape, dtype=int) for shape in self._shapes])
        parts = np.split(flat, ends[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, self._shapes, strict=True)]


class CompiledScalarEngine(Engine):
    """The scalar engine, whose graph is recorded and compiled."""

    name = "scalar-compiled"
    kind = "scalar"
    capabilities = _RECORDER.capabilities
    version = numba_version()
    note = "records the scalar graph once for each batch shape and runs it in compiled loops"
    requires = REQUIRES
    install = INSTALL

    def classifier(
        self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str = "float64"
    ) -> Classifier:
        """Return the classifier that records and runs its graph."""
        _RECORDER.check(model, dtype)
        return CompiledScalarClassifier(model, parameters, optimizer)

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        """Return a function's value and gradients from its recorded graph.

        A function that depends on values, e.g. on a branch, is left to the scalar engine.
        """
        graph = Graph()
        given = [np.asarray(array) for array in arrays]
        natives = [graph.inputs(a.shape, tracked=True).view(np.ndarray) for a in given]
        try:
            out = np.asarray(function(_RECORDER.operations, *natives), object).item()
        except RecordError:
            return scalar.value_and_grad(function, *arrays)
        if not isinstance(out, Number):
            return float(out), [np.zeros(a.shape) for a in given]
        program = Program(graph, out + 0.0)  # an input would be no node
        program.data[: graph.n_inputs] = np.concatenate([a.ravel() for a in given])
        value = program.run()
        ends = np.cumsum([a.size for a in given])[:-1]
        parts = np.split(program.gradient[: graph.n_inputs] * out.tracked, ends)
        return value, [part.reshape(a.shape) for part, a in zip(parts, given, strict=True)]


engine = CompiledScalarEngine()
