"""The training interface: what an engine is, and what a classifier of an engine does.

Arrays of NumPy go in and come out. No engine and no formula belongs here.
"""

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchgrad.engines.counts import Counts
from benchgrad.engines.model import MLP, SGD

Kind = Literal["scalar", "tensor"]
Array = NDArray[Any]


class EngineError(Exception):
    """An engine that is not there, or that cannot be loaded; one line, for its user."""


class UnsupportedError(Exception):
    """An engine lacks what was asked of it: an operation, a dtype, gradients of functions."""


@dataclass(frozen=True)
class Capabilities:
    """What an engine declares that it can do; never probed.

    `operations` are names of `benchgrad.engines.operations`; `value_and_grad` tells whether
    the engine differentiates functions at all (a hand-derived classifier does not).
    """

    operations: frozenset[str] = frozenset()
    dtypes: tuple[str, ...] = ("float64",)
    value_and_grad: bool = True
    device: str = "cpu"


class Classifier(ABC):
    """One model in training with one engine.

    X is (n, d), of the classifier's dtype; y is (n,), integers from 0 to k − 1.
    """

    @abstractmethod
    def train_step(self, X: Array, y: Array) -> float:
        """Update the parameters once; return the mean loss over the batch before the update."""

    def train_epoch(self, X: Array, y: Array, batches: Sequence[Array]) -> Array:
        """Take one step for each array of row indices; return the losses, (n_batches,) float64.

        This is the only call that is timed. The work is finished when it returns.
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

    def counts(self, X: Array, y: Array) -> Counts | None:
        """Return what the graph of a step consists of, None where there is none to walk."""
        return None


class Engine(ABC):
    """An autograd engine, or anything else that can train the classifier.

    Attributes:
        name: as users write it, e.g. ``tensor``.
        kind: ``scalar`` (a value is a number) or ``tensor`` (a value is an array).
        capabilities: what it declares to support.
        version: of the library behind it; empty if it has none of its own.
        note: a remark that must stand beside its results; empty if there is none.
        requires: modules that it imports when it is used, and not before.
        install: what pip installs to have them.
        deviations: known deviations from what `benchgrad check` asks, check -> reason; a name
            that ends in ``*`` stands for all checks that begin so.
    """

    name: str
    kind: Kind
    capabilities: Capabilities
    version: str = ""
    note: str = ""
    requires: tuple[str, ...] = ()
    install: str = ""
    deviations: Mapping[str, str] = MappingProxyType({})

    def missing(self) -> str:
        """Return what is not installed and how to get it, empty if all is there.

        Nothing is imported for it.
        """
        for module in self.requires:
            if importlib.util.find_spec(module) is None:
                return f"the package {module}: pip install {self.install or module}"
        return ""

    def limit_threads(self, n_threads: int) -> None:  # noqa: B027 (most engines need none)
        """Import the library behind the engine and hold it to a number of threads.

        The runner calls it before anything else, in a fresh process that has OMP_NUM_THREADS
        and its like in its environment; an engine that reads those need not do more.
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

        `function` gets the engine's operations and its native form of each array, and returns
        a native scalar. Python's operators work on the native objects themselves.

        Raises:
            UnsupportedError: the engine does not differentiate functions, or lacks an operation.
        """

    def require_dtype(self, dtype: str) -> None:
        """Raise UnsupportedError unless the engine computes in `dtype`."""
        if dtype not in self.capabilities.dtypes:
            known = ", ".join(self.capabilities.dtypes)
            raise UnsupportedError(f"{self.name} computes in {known}, not in {dtype}")
