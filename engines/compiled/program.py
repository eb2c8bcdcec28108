"""A whole training step, recorded once for a batch shape, as one function of machine code."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.engines.compiled import blas, fusion, source
from benchgrad.engines.compiled.instructions import View
from benchgrad.engines.compiled.lowering import Lowering
from benchgrad.engines.compiled.machine import compiled, is_from_disk
from benchgrad.engines.model import SGD
from benchgrad.engines.tensor.replay import Tape, plain
from benchgrad.engines.value_classifier import ValueClassifier

Array = NDArray[Any]

_N_STATE = 3  # buffers of parameters, velocities and gradients: what outlives a step
_X, _Y = 3, 4  # buffers of the batch

_HEAD = """\
def run(blas, work, X, y, rows, losses):
    for step in range(len(losses)):
        for i in range({n}):
            row = rows[step, i]
            for j in range({d}):
                work[{x_at} + i * {d} + j] = X[row, j]
            work[{y_at} + i] = y[row]
        {body}
        losses[step] = {loss}
"""


class Body:
    """The source of lowered calls, and where it finds its memory.

    Args:
        lowering: the calls; the first buffers are pinned.
        wanted: what has to be there after a run.
        n_state: how many buffers outlive a program: they are at the beginning of the memory.
        start: where the memory of this program begins.
    """

    def __init__(
        self, lowering: Lowering, wanted: Sequence[View], n_state: int, start: int
    ) -> None:
        buffers = lowering.buffers
        n_pinned = buffers.n_pinned
        kept = {view.buffer for view in wanted}
        parts = fusion.without_copies(lowering.instructions, buffers.sizes, n_pinned, kept)
        parts = fusion.without_unread(parts, n_pinned, kept)
        joined = fusion.fused(parts)
        needed = fusion.stored(joined, n_pinned, kept)
        constants = needed & set(buffers.constants)
        held = {*range(n_state, n_pinned), *kept, *constants} - set(range(n_state))
        state = set(range(n_state))
        found, size = fusion.shared(joined, buffers.sizes, needed - state, held)
        start = -(-start // fusion.ALIGNMENT) * fusion.ALIGNMENT
        self.end = start + size
        places = {buffer: place + start for buffer, place in found.items()}
        self.constants = [(places[buffer], buffers.constants[buffer]) for buffer in constants]
        self.places = places | {i: i * buffers.sizes[0] for i in state}
        self.memory = source.Memory(self.places)
        self.lines = list(source.body(joined, self.memory))


class StepProgram:
    """Steps on batches of one shape: gather the rows, forward, backward, update.

    Args:
        scratch: a classifier of the tensor engine, which the program is recorded from. Its
            parameters are not touched.
        rule: the update.
        X, y: a batch of the shape.
        start: where the program's own memory begins, after the parameters, velocities and
            gradients, and what belongs to other programs.

    Raises:
        LoweringError: a call of the step has no machine code.
        ReplayError: a value was read while the step was recorded.
    """

    def __init__(self, scratch: ValueClassifier, rule: SGD, X: Array, y: Array, start: int) -> None:
        tape, pinned, loss = _recorded(scratch, rule, X, y)
        lowering = Lowering(tape.steps, X.dtype, pinned)
        found = lowering.buffers.view(loss)
        body = Body(lowering, [found], _N_STATE, start)
        self.end, self.constants = body.end, body.constants
        self.source = _HEAD.format(
            body="\n        ".join(body.lines),
            loss=body.memory.element(found, (), ()),
            n=len(X),
            d=X.shape[1],
            x_at=body.places[_X],
            y_at=body.places[_Y],
        )
        self._run = compiled(self.source, X.dtype.name)
        self._blas = blas.address_of(X.dtype.name)
        self._recorded_from = {"X": np.array(X), "y": np.array(y)}  # until a batch differs
        self._is_fresh = True

    @property
    def is_from_disk(self) -> bool:
        """Whether its machine code was compiled by an earlier process."""
        return is_from_disk(self._run)

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

    def run(self, memory: Array, X: Array, y: Array, rows: Array) -> Array:
        """Take a step for each row of `rows`, (n_batches, n); return the losses.

        `memory` begins with the flat parameters, velocities and gradients, which change in place.
        """
        losses = np.empty(len(rows))
        self._run(self._blas, memory, X, y, rows, losses)
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
    places = [(slice(a, b), data.shape) for a, b, data in zip(ends, ends[1:], own, strict=False)]
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
    return tape, pinned, np.asarray(plain(loss.data))
