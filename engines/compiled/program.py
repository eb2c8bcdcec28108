"""A whole training step, recorded once for a batch shape, as one function of machine code."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.engines.compiled import fusion, source
from benchgrad.engines.compiled.lowering import Lowering
from benchgrad.engines.compiled.machine import compiled
from benchgrad.engines.model import SGD
from benchgrad.engines.tensor.replay import Tape, plain
from benchgrad.engines.value_classifier import ValueClassifier

Array = NDArray[Any]

_STATE = ("p", "v", "g")  # parameters, velocities and gradients: what outlives a step
_X, _Y = 3, 4  # buffers of the batch

_HEAD = """\
def run(p, v, g, X, y, rows, losses, work):
    {prologue}
    for step in range(len(losses)):
        for i in range({n}):
            row = rows[step, i]
            for j in range({d}):
                work[{x_at} + i * {d} + j] = X[row, j]
            work[{y_at} + i] = y[row]
        {body}
        losses[step] = {loss}
"""


class StepProgram:
    """Steps on batches of one shape: gather the rows, forward, backward, update.

    Args:
        scratch: a classifier of the tensor engine, which the program is recorded from. Its
            parameters are not touched.
        rule: the update.
        X, y: a batch of the shape.

    Raises:
        LoweringError: a call of the step has no machine code.
        ReplayError: a value was read while the step was recorded.
    """

    def __init__(self, scratch: ValueClassifier, rule: SGD, X: Array, y: Array) -> None:
        n, d = X.shape
        tape, pinned, loss = _recorded(scratch, rule, X, y)
        lowering = Lowering(tape.steps, X.dtype, pinned)
        found = lowering.view(loss)
        n_pinned = len(pinned)
        parts = fusion.without_copies(lowering.instructions, lowering.sizes, n_pinned)
        parts = fusion.without_unread(parts, n_pinned, [found.buffer])
        self.parts = fusion.fused(parts)
        needed = fusion.stored(self.parts, n_pinned, [found.buffer])
        held = {_X, _Y, found.buffer, *(needed & set(lowering.constants))}
        places, size = fusion.shared(
            self.parts, lowering.sizes, needed - set(range(len(_STATE))), held
        )
        self._work = np.zeros(size, X.dtype)
        for buffer in needed & set(lowering.constants):
            constant = lowering.constants[buffer]
            self._work[places[buffer] :][: constant.size] = constant
        memory = source.Memory(
            {
                **{buffer: ("work", place) for buffer, place in places.items()},
                **{i: (name, 0) for i, name in enumerate(_STATE)},
            }
        )
        names = source.matrices(self.parts, memory)
        self.source = _HEAD.format(
            prologue="\n    ".join(source.prologue(names, memory)),
            body="\n        ".join(source.body(self.parts, memory, names)),
            loss=memory.element(found, (), ()),
            **{"n": n, "d": d, "x_at": places[_X], "y_at": places[_Y]},
        )
        self._run = compiled(self.source, X.dtype.name)
        self._recorded_from = {"X": np.array(X), "y": np.array(y)}  # until a batch differs
        self._is_fresh = True

    @property
    def is_settled(self) -> bool:
        """Whether batches with other rows and other labels were seen."""
        return not self._recorded_from

    def is_new(self, X: Array, y: Array) -> bool:
        """Return whether nothing like this batch was seen: it is the first, or it first differs."""
        given = {"X": X, "y": y}
        varied = [k for k, old in self._recorded_from.items() if not np.array_equal(given[k], old)]
        is_new = bool(varied) or self._is_fresh
        self._is_fresh = False
        for name in varied:
            del self._recorded_from[name]
        return is_new

    def run(self, state: Sequence[Array], X: Array, y: Array, rows: Array) -> Array:
        """Take a step for each row of `rows`, (n_batches, n); return the losses.

        `state` are the flat parameters, velocities and gradients, which change in place.
        """
        losses = np.empty(len(rows))
        self._run(*state, X, y, rows, losses, self._work)
        return losses


def _recorded(
    scratch: ValueClassifier, rule: SGD, X: Array, y: Array
) -> tuple[Tape, list[Array], Array]:
    """Record a step on arrays of its own; return the tape, these arrays, and the loss."""
    tape = Tape()
    leaves = scratch.leaves
    own = [leaf.data for leaf in leaves]
    flat = np.concatenate([data.ravel() for data in own])
    pinned = [flat, np.zeros_like(flat), np.zeros_like(flat), np.array(X), np.array(y)]
    parameters, velocities, gradients, inputs, labels = map(tape.input, pinned)
    ends = np.cumsum([0, *(data.size for data in own)])
    places = [
        (slice(a, b), data.shape) for a, b, data in zip(ends, ends[1:], own, strict=False)
    ]
    try:
        for leaf, (part, shape) in zip(leaves, places, strict=True):
            leaf.data = parameters[part].reshape(shape)
            leaf.zero_grad()
        loss = scratch.loss(inputs, labels)
        loss.backward()
        for leaf, (part, shape) in zip(leaves, places, strict=True):
            gradients[part].reshape(shape)[...] = leaf.grad
        rule.update(parameters, gradients, velocities)
    finally:
        for leaf, data in zip(leaves, own, strict=True):
            leaf.data = data
            leaf.zero_grad()
    return tape, pinned, plain(loss.data)
