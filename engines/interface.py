"""The training interface: what every engine and its classifier must do.

NumPy arrays go in and come out. No engine and no formula belongs here.
"""

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from benchgrad.engines.counts import Counts
from benchgrad.engines.drawing import Drawing
from benchgrad.engines.model import MLP, SGD

Kind = Literal["scalar", "tensor"]
Trait = Literal["matmul", "no indexing", "keeps axes", "constant max"]
Array = NDArray[Any]
Extra = tuple[Callable[..., Any], Sequence[tuple[int, ...]]]


class EngineError(Exception):
    """There is no such engine, or it cannot be loaded; one line, for the user."""


class UnsupportedError(Exception):
    """The engine lacks an operation, a dtype, or the gradients of arbitrary functions."""


@dataclass(frozen=True)
class Capabilities:
    """What an engine declares it can do. Nobody probes it.

    `operations` are names from `benchgrad.engines.operations`. `value_and_grad` says whether the
    engine differentiates functions at all: a hand-derived classifier does not.
    """

    operations: frozenset[str] = frozenset()
    dtypes: tuple[str, ...] = ("float64",)
    value_and_grad: bool = True
    device: str = "cpu"


class Classifier(ABC):
    """One model, trained by one engine.

    X is (n, d) in the classifier's dtype; y is (n,), integers from 0 to k − 1.
    """

    @property
    def code_from_disk(self) -> bool:
        """Whether it runs code that an earlier process compiled: then its first step is short."""
        return False

    @abstractmethod
    def train_step(self, X: Array, y: Array) -> float:
        """Update the parameters once; return the mean loss over the batch before the update."""

    def train_epoch(self, X: Array, y: Array, batches: Sequence[Array]) -> Array:
        """Take one step for each array of row indices; return the losses, (n_batches,) float64.

        This is the only timed call. All work must be finished when it returns.
        """
        return np.array([self.train_step(X[rows], y[rows]) for rows in batches], dtype=np.float64)

    @abstractmethod
    def gradients(self, X: Array, y: Array) -> list[Array]:
        """Return the gradient of the mean loss for each parameter, without an update."""

    @abstractmethod
    def logits(self, X: Array) -> Array:
        """Return the scores of the last layer, (n, k)."""

    @abstractmethod
    def parameters(self) -> list[Array]:
        """Return copies of the parameters W0, b0, W1, b1, … as float64 arrays."""

    def velocities(self) -> list[Array] | None:
        """Return the velocity of each parameter as it lives, or None if they are not shown.

        Writing into these arrays, in the classifier's dtype, sets them: so an estimator that was
        pickled trains on with momentum.
        """
        return None

    def counts(self, X: Array, y: Array) -> Counts | None:
        """Return the counts of a step's graph, or None if there is no graph to walk."""
        return None

    def graph(self, X: Array, y: Array) -> Drawing | None:
        """Return the graph of a step with its gradients, without an update; None as for `counts`.

        Raises:
            GraphError: it is too large to draw.
        """
        return None


class Engine(ABC):
    """An autograd engine, or anything else that can train the classifier.

    Attributes:
        name: the name users type, e.g. ``tensor``.
        kind: ``scalar`` (a value is a number) or ``tensor`` (a value is an array).
        capabilities: what it supports.
        version: the version of the library behind it, or empty.
        note: a remark to show beside its results, or empty.
        requires: the modules it imports when it is first used.
        pauses_collector: it pauses the cyclic garbage collector inside its own step.
        install: the requirement that pip installs to provide them.
        deviations: checks of `benchgrad check` that it is known to fail, check -> reason; a name
            ending in ``*`` covers every check with that prefix.
        traits: what it does in its own way, in a word each: ``matmul`` (matrix products by a
            function of that name), ``no indexing``, ``keeps axes`` (a reduced axis stays, with
            length 1), ``constant max`` (a maximum is taken of constants only).
        extra: functions of its own for `benchgrad check`: name -> (function of native values,
            their shapes).
    """

    name: str
    kind: Kind
    capabilities: Capabilities
    version: str = ""
    note: str = ""
    requires: tuple[str, ...] = ()
    install: str = ""
    pauses_collector: bool = False
    deviations: Mapping[str, str] = MappingProxyType({})
    traits: frozenset[Trait] = frozenset()
    extra: Mapping[str, Extra] = MappingProxyType({})

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return itself: what a training changes is in its classifiers."""
        return self

    def missing(self) -> str:
        """Return what is not installed and how to install it, or an empty string.

        This imports nothing.
        """
        for module in self.requires:
            if importlib.util.find_spec(module) is None:
                return f"the package {module}: pip install {self.install or module}"
        return ""

    def limit_threads(self, n_threads: int) -> None:  # noqa: B027 (most engines need none)
        """Import the library behind the engine and limit its threads.

        The runner calls this first, in a fresh process with OMP_NUM_THREADS and the like already
        set. A library that obeys those variables needs nothing more.
        """

    @abstractmethod
    def classifier(
        self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str = "float64"
    ) -> Classifier:
        """Return a classifier that starts from copies of `parameters`.

        Raises:
            UnsupportedError: the engine lacks the dtype or an operation that the model needs.
        """

    @abstractmethod
    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        """Return ``function(ops, *native)`` as a float, and its gradient for each array.

        `function` takes the engine's operations and the arrays in the engine's native form, and
        returns a native scalar. Python's operators work on native objects directly.

        Raises:
            UnsupportedError: the engine does not differentiate functions, or lacks an operation.
        """

    def require_dtype(self, dtype: str) -> None:
        """Raise UnsupportedError unless the engine computes in `dtype`."""
        if dtype not in self.capabilities.dtypes:
            known = ", ".join(self.capabilities.dtypes)
            raise UnsupportedError(f"{self.name} computes in {known}, not in {dtype}")
