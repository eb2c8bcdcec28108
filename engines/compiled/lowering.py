"""Turns the calls of a tape into instructions: one function for each kind of call.

A call that has no machine code raises LoweringError, which names it.
"""

import operator
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.engines.compiled.buffers import Buffers, LoweringError, positions_of
from benchgrad.engines.compiled.forms import COPY, FORMS, LOGIC, PRODUCT, STARTS, Function
from benchgrad.engines.compiled.instructions import Instruction, Loop, Move, Product, View
from benchgrad.engines.tensor.listing import name_of
from benchgrad.engines.tensor.memory import Step, owner_of

Array = NDArray[Any]

# Functions that only move elements: what they do to positions, they do to elements.
_MOVES = (operator.getitem, np.reshape, np.transpose, np.squeeze, np.broadcast_to, np.repeat)
_BLAS_FROM = 1024  # multiply-adds; a smaller product, or a sum of two, is faster as a loop


class Lowering:
    """The instructions of the calls on a tape, and the buffers they work on.

    Args:
        steps: the calls.
        dtype: of all floats.
        pinned: arrays that keep their place: inputs, and what outlives a run. They are the first
            buffers, in this order.
    """

    def __init__(self, steps: Iterable[Step], dtype: Any, pinned: Sequence[Array]) -> None:
        self.buffers = Buffers(dtype, pinned)
        self.instructions: list[Instruction] = []
        for step in steps:
            self._lower(step)

    def _lower(self, step: Step) -> None:
        try:
            self._by_kind(step)
        except LoweringError as error:
            raise LoweringError(f"{name_of(step.function)}: {error}") from error

    def _by_kind(self, step: Step) -> None:
        function, arguments = step.function, step.arguments
        if isinstance(function, partial):  # a call that NumPy gives no `out`
            function, keywords = function.args
            self._again(function, step.target, arguments[1:], keywords)
        elif function is np.copyto:
            self._loop(COPY, step.target, [arguments[1]])
        elif function is operator.setitem:
            self._set(*arguments)
        elif function is np.take:
            self._take(step)
        elif function is np.put:
            self._put(*arguments)
        elif function is np.dot and self._is_sum(*arguments[:2]):
            self._reduce(np.add, arguments[1], 0, step.target, False)
        elif function in (np.matmul, np.dot):
            self._multiply(step.target, *arguments[:2])
        elif isinstance(function, np.ufunc) and set(step.keywords) <= {"out"}:
            self._loop(function, step.target, arguments[: function.nin])
        elif isinstance(ufunc := getattr(function, "__self__", None), np.ufunc):
            self._by_method(ufunc, function.__name__, step)
        else:
            raise LoweringError("no machine code is known for this call")

    def _loop(self, form: Function, target: Array, given: Sequence[Any]) -> None:
        if form not in FORMS and form not in LOGIC:
            raise LoweringError("no machine code is known for this call")
        if form in LOGIC and any(np.asarray(array).dtype != bool for array in given):
            raise LoweringError("bits of integers")
        if form is COPY and np.asarray(given[0]).dtype.kind == "f" and target.dtype.kind != "f":
            raise LoweringError(f"a cast to {target.dtype}")
        operands = tuple(self.buffers.operand(array, target.shape) for array in given)
        place = self.buffers.target(target)
        for operand in operands:
            if isinstance(operand, View) and operand.buffer == place.buffer and operand != place:
                raise LoweringError("the result overlaps an operand")
        self.instructions.append(Loop(form, target.shape, place, operands))

    def _is_sum(self, a: Array, b: Array) -> bool:
        """Return whether a product is a sum over rows: its left factor is a constant of ones."""
        return a.ndim == 1 and b.ndim == 2 and self.buffers.operand(a, a.shape) == 1.0

    def _by_method(self, ufunc: np.ufunc, method: str, step: Step) -> None:
        is_whole = step.keywords.get("where", True) is True and "initial" not in step.keywords
        if method == "reduce" and ufunc in STARTS and is_whole:
            array, axis, _, target, keepdims = step.arguments
            self._reduce(ufunc, array, axis, target, keepdims)
        elif method == "at" and ufunc is np.add:
            target, index, values = step.arguments
            positions = positions_of(target)[self.buffers.constant(index)]
            self._move(target, values, positions, puts=True, adds=True)
        else:
            raise LoweringError("no machine code is known for this call")

    def _reduce(
        self, ufunc: np.ufunc, array: Array, axis: Any, target: Array, keepdims: bool
    ) -> None:
        source = self.buffers.operand(array, array.shape)
        axes = range(array.ndim) if axis is None else np.atleast_1d(axis) % max(array.ndim, 1)
        reduced = {int(i) for i in axes} if array.ndim else set()
        place = self.buffers.target(target)
        left = list(place.strides)
        if keepdims:
            left = [stride for i, stride in enumerate(left) if i not in reduced]
        strides = tuple(0 if i in reduced else left.pop(0) for i in range(array.ndim))
        place = View(place.buffer, place.offset, strides)
        start = STARTS[ufunc]
        self.instructions.append(Loop(ufunc, array.shape, place, (place, source), start))

    def _set(self, array: Array, index: Any, value: Any) -> None:
        index = self.buffers.constant(index)
        parts = index if isinstance(index, tuple) else (index,)
        target = array[index if any(part is ... for part in parts) else (*parts, ...)]
        if not np.may_share_memory(target, array):
            raise LoweringError("writing by an array of positions")
        self._loop(COPY, target, [value])

    def _take(self, step: Step) -> None:
        source, index = step.arguments
        if set(step.keywords) - {"out", "mode"} or not source.flags.c_contiguous:
            raise LoweringError("only the flat elements of contiguous arrays have machine code")
        self._move(step.target, source, index, puts=False, limit=source.size)

    def _put(self, target: Array, index: Array, values: Any) -> None:
        if not target.flags.c_contiguous:
            raise LoweringError("only the flat elements of contiguous arrays have machine code")
        self._move(target, values, index, puts=True, limit=target.size)

    def _again(
        self, function: Callable[..., Any], target: Array, arguments: Any, keywords: Any
    ) -> None:
        if function is np.where and not keywords and len(arguments) == 3:
            self._loop(np.where, target, arguments)
        elif function in _MOVES:
            source, *others = arguments
            positions = function(
                positions_of(source), *map(self.buffers.constant, others), **keywords
            )
            self._move(target, source, positions, puts=False)
        else:
            raise LoweringError("no machine code is known for this call")

    def _move(  # noqa: PLR0913 (as many as a move has parts)
        self,
        target: Array,
        source: Any,
        index: Array,
        *,
        puts: bool,
        adds: bool = False,
        limit: int = 0,
    ) -> None:
        """Add a move. Without a limit the index counts the elements of the whole memory."""
        moved = np.broadcast_to(source, index.shape) if puts else target
        if not limit:
            limit = owner_of(target if puts else source).size
            index, where = np.ascontiguousarray(index), -1
        else:
            where = 0
        if not index.flags.c_contiguous or (not puts and not target.flags.c_contiguous):
            raise LoweringError("an index or a result with gaps")
        positions = self.buffers.view(index)
        if puts:
            values = self.buffers.operand(moved, moved.shape)
            if isinstance(values, View) and not moved.flags.c_contiguous:
                raise LoweringError("values with gaps")
            counted = self.buffers.view(target)
        else:
            values, counted = self.buffers.view(source), self.buffers.target(target)
        flat = (1,)
        if isinstance(values, View):
            offset = 0 if where and not puts else values.offset
            values = View(values.buffer, offset, flat)
        place = View(counted.buffer, 0 if where and puts else counted.offset, flat)
        positions = View(positions.buffer, positions.offset, flat)
        self.instructions.append(Move(index.size, limit, puts, adds, place, values, positions))

    def _multiply(self, target: Array, a: Array, b: Array) -> None:
        """Add a product: with the BLAS for large matrices, otherwise as a loop over rows."""
        rows = a[None, :] if a.ndim == 1 else a
        columns = b[:, None] if b.ndim == 1 else b
        wanted = target
        if b.ndim == 1:
            wanted = wanted[..., None]
        if a.ndim == 1:
            wanted = wanted[..., None, :]
        (m, k), n = rows.shape[-2:], columns.shape[-1]
        left, right = self.buffers.view(rows), self.buffers.view(columns)
        self.buffers.target(target)
        place = self.buffers.view(wanted)
        is_plain = rows.ndim == columns.ndim == 2 and all(map(_is_dense, (rows, columns, wanted)))
        if is_plain and wanted.flags.c_contiguous and m * k * n >= _BLAS_FROM and k > 2:
            self.instructions.append(Product((m, k, n), place, (left, right)))
            return
        outer = wanted.shape[:-2]
        shape = (*outer, m, k, n)
        target_view = View(
            place.buffer, place.offset, _spread(wanted, place, outer, (-2, None, -1))
        )
        left = View(left.buffer, left.offset, _spread(rows, left, outer, (-2, -1, None)))
        right = View(right.buffer, right.offset, _spread(columns, right, outer, (None, -2, -1)))
        loop = Loop(PRODUCT, shape, target_view, (target_view, left, right), 0.0)
        self.instructions.append(loop)


def _spread(
    array: Array, place: View, outer: tuple[int, ...], inner: tuple[int | None, ...]
) -> tuple[int, ...]:
    """Return strides over outer axes, broadcast, and over chosen inner ones; None repeats."""
    own = [0 if n == 1 else s for n, s in zip(array.shape, place.strides, strict=True)]
    before = [0] * (len(outer) - (array.ndim - 2)) + own[:-2]
    return (*before, *(0 if axis is None else own[axis] for axis in inner))


def _is_dense(array: Array) -> bool:
    return array.flags.forc
