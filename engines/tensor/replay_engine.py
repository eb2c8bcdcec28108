"""The engine `tensor-replay`: tensor Values whose graph is recorded once per batch shape."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchgrad.engines.interface import Array, Classifier
from benchgrad.engines.model import MLP, SGD
from benchgrad.engines.tensor.engine import TensorEngine
from benchgrad.engines.tensor.engine import engine as tensor
from benchgrad.engines.tensor.replay import ReplayError, Tape, plain
from benchgrad.engines.tensor.value import Value
from benchgrad.engines.value_classifier import ValueClassifier


class Recording:
    """The loss and gradients of a function of arrays, recorded for their shapes.

    Each run reads its `inputs`, and the data of the `leaves`, whose gradients are wanted. The
    arrays of the leaves must keep their place in memory. The gradients are written into `into`, if
    it is given: an array for each leaf.

    `loss` and `gradients` are valid at once. The first run is checked against the graph, and so
    is the first run in which an input differs from the recorded one: only then does it show that
    the function took a number from that input behind the tape's back.
    """

    def __init__(
        self,
        function: Callable[..., Value],
        inputs: Sequence[Array],
        leaves: Sequence[Value],
        into: Sequence[Array] = (),
    ) -> None:
        self._function = function
        self._leaves = leaves
        self._tape = Tape()
        self._inputs = [np.array(array) for array in inputs]
        own = [leaf.data for leaf in leaves]
        try:
            for leaf in leaves:
                leaf.data = self._tape.input(leaf.data)
            loss = self._evaluate([self._tape.input(array) for array in self._inputs])
            self.loss = plain(loss.data)
            for place, leaf in zip(into, leaves, strict=False):
                self._tape.input(place)[...] = leaf.grad
            self.gradients = list(into) or [plain(leaf.grad) for leaf in leaves]
            self._tape.close(keep=[self.loss, *self.gradients])
        finally:
            for leaf, data in zip(leaves, own, strict=True):
                leaf.data = data
                leaf.zero_grad()
        self._is_checked = False
        self._unvaried = {i: array.copy() for i, array in enumerate(self._inputs)}

    def run(self, *inputs: Array) -> None:
        """Update `loss` and `gradients` for these inputs and the current data of the leaves.

        Raises:
            ReplayError: the replay differs from the graph.
        """
        for memory, given in zip(self._inputs, inputs, strict=True):
            memory[...] = given
        self._tape.replay()
        if not self.is_settled:
            self._check_if_new(inputs)

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing left that only a run with other inputs would show."""
        return self._is_checked and not self._unvaried

    def run_rows(self, rows: Array, X: Array, y: Array) -> None:
        """Do the same for rows of X and y, which must exist, once it is settled."""
        own_X, own_y = self._inputs
        X.take(rows, 0, own_X, "clip")  # mode "raise" would copy
        y.take(rows, 0, own_y, "clip")
        self._tape.replay()

    def _evaluate(self, inputs: Sequence[Array]) -> Value:
        for leaf in self._leaves:
            leaf.zero_grad()
        loss = self._function(*inputs)
        if not (isinstance(loss, Value) and loss.requires_grad):
            raise ReplayError("the result is a constant; there is nothing to replay")
        loss.backward()
        return loss

    def _check_if_new(self, inputs: Sequence[Array]) -> None:
        varied = [i for i, old in self._unvaried.items() if not np.array_equal(inputs[i], old)]
        if varied or not self._is_checked:
            self._check()
            self._is_checked = True
        for i in varied:
            del self._unvaried[i]

    def _check(self) -> None:
        loss = self._evaluate(self._inputs)
        expected = [loss.data, *(leaf.grad for leaf in self._leaves)]
        for found, wanted in zip([self.loss, *self.gradients], expected, strict=True):
            if not np.array_equal(found, wanted, equal_nan=True):
                raise ReplayError(
                    "the replay differs from the graph: "
                    "the recorded calls depend on more than the shapes of their inputs"
                )
        for leaf in self._leaves:
            leaf.zero_grad()


class ReplayClassifier(Classifier):
    """The classifier of the tensor engine, recorded once per batch shape and then replayed."""

    def __init__(self, eager: ValueClassifier, rule: SGD) -> None:
        self._eager = eager
        self._recordings: dict[tuple[Any, ...], Recording] = {}
        parameters, velocity, gradient = eager.state
        self._gradients = eager.split(gradient)
        self._update = Tape()
        before = eager.state.copy()
        rule.update(*map(self._update.input, (parameters, gradient, velocity)))
        self._update.close(keep=[eager.state])
        eager.state[...] = before

    def train_step(self, X: Array, y: Array) -> float:
        """Update the parameters once; return the mean loss before the update."""
        recording = self._run(X, y)
        self._update.replay()
        return float(recording.loss)

    def train_epoch(self, X: Array, y: Array, batches: Sequence[Array]) -> Array:
        """Take one step for each batch, whose rows go straight into the memory of the tape."""
        if not _exist(batches, len(y)):
            return super().train_epoch(X, y, batches)
        losses = np.empty(len(batches))
        settled: dict[int, Recording] = {}
        for i, rows in enumerate(batches):
            recording = settled.get(len(rows))
            if recording is not None:
                recording.run_rows(rows, X, y)
                self._update.replay()
                losses[i] = recording.loss
            else:
                losses[i] = self.train_step(X[rows], y[rows])
                known = self._recordings[_key(len(rows), X, y)]
                if known.is_settled:
                    settled[len(rows)] = known
        return losses

    def gradients(self, X: Array, y: Array) -> list[Array]:
        """Return the gradient of the mean loss for each parameter."""
        return [gradient.copy() for gradient in self._run(X, y).gradients]

    def logits(self, X: Array) -> Array:
        """Return the scores of the last layer, (n, k)."""
        return self._eager.logits(X)

    def parameters(self) -> list[Array]:
        """Return copies of the parameters as float64 arrays."""
        return self._eager.parameters()

    def velocities(self) -> list[Array]:
        """Return the velocity of each parameter as it lives."""
        return self._eager.velocities()

    def _run(self, X: Array, y: Array) -> Recording:
        key = _key(len(X), X, y)
        recording = self._recordings.get(key)
        if recording is None:
            eager = self._eager
            recording = Recording(eager.loss, (X, y), eager.leaves, self._gradients)
            self._recordings[key] = recording
        else:
            recording.run(X, y)
        return recording


def _key(n: int, X: Array, y: Array) -> tuple[Any, ...]:
    """Return what tells n rows of X and y from batches that need another recording."""
    return n, X.shape[1:], X.dtype, y.dtype


def _exist(batches: Sequence[Array], n: int) -> bool:
    """Return whether all rows of the batches are among the first n, counted from the first."""
    rows = np.concatenate(batches) if len(batches) else np.zeros(0, int)
    return rows.dtype.kind in "iu" and (not rows.size or (rows.min() >= 0 and rows.max() < n))


class ReplayEngine(TensorEngine):
    """The tensor engine, with a classifier that replays."""

    def classifier(
        self, model: MLP, parameters: Sequence[Array], optimizer: SGD, dtype: str = "float64"
    ) -> Classifier:
        """Return the replaying classifier."""
        self.check(model, dtype)
        eager = ValueClassifier(self, model, parameters, optimizer, dtype)
        return ReplayClassifier(eager, optimizer)

    def value_and_grad(
        self, function: Callable[..., Any], *arrays: Array
    ) -> tuple[float, list[Array]]:
        """Return a function's value and gradients from a replay of its graph.

        A function that cannot be replayed is evaluated by the tensor engine instead.
        """
        leaves = [Value(np.array(array)) for array in arrays]
        try:
            recording = Recording(lambda: function(self.operations, *leaves), (), leaves)
            recording.run()
        except ReplayError:
            return tensor.value_and_grad(function, *arrays)
        return recording.loss.item(), [np.array(g) for g in recording.gradients]


engine = ReplayEngine(
    "tensor-replay",
    kind="tensor",
    value=Value,
    operations=tensor.table,
    dtypes=tensor.capabilities.dtypes,
    note="records the graph once for each batch shape, then repeats its NumPy calls in place",
)
