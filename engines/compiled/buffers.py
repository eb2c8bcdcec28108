"""Where the arrays of a tape are: which buffer each is in by now, and where its elements begin.

It knows arrays, but no call and no instruction.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.engines.compiled.instructions import Operand, View
from benchgrad.engines.tensor.memory import owner_of

Array = NDArray[Any]

_LARGEST_INTEGER = {"float64": 2**53, "float32": 2**24}  # up to which all integers are exact


class LoweringError(Exception):
    """A call, or one of its arrays, has no machine code."""


class Buffers:
    """The memory that calls need: a buffer for each array that they fill.

    Attributes:
        dtype: of all floats.
        sizes: the elements of each buffer.
        constants: what a buffer always holds, by its number.
        n_pinned: how many buffers are pinned.

    Args:
        dtype: of all floats.
        pinned: arrays that keep their place: inputs, and what outlives a run. They are the first
            buffers, in this order.
    """

    def __init__(self, dtype: Any, pinned: Sequence[Array]) -> None:
        self.dtype = np.dtype(dtype)
        self.sizes: list[int] = []
        self.constants: dict[int, Array] = {}
        self.n_pinned = len(pinned)
        self._owners: dict[int, tuple[int, Array]] = {}  # id -> its buffer by now, and itself
        for array in pinned:
            self._new(owner_of(array))

    def view(self, array: Array) -> View:
        """Return where an array's elements are by now."""
        owner = owner_of(array)
        if id(owner) not in self._owners:
            self.constants[self._new(owner)] = owner.ravel("K")
        return self._placed(array, self._owners[id(owner)][0])

    def target(self, array: Array) -> View:
        """Return where a call writes: new memory, if it fills all of its array."""
        owner = owner_of(array)
        known = self._owners.get(id(owner))
        is_pinned = known is not None and known[0] < self.n_pinned
        if array.size == owner.size and not is_pinned:
            self._new(owner)
        place = self.view(array)
        if place.buffer in self.constants:
            raise LoweringError("part of an array is written that was constant")
        return place

    def operand(self, given: Any, shape: tuple[int, ...]) -> Operand:
        """Return an operand, broadcast to a shape; a constant of one value is a number."""
        array = np.asarray(given)
        if isinstance(given, np.ndarray | np.generic):  # a number of Python has no dtype
            self._check(array)
        is_memory = isinstance(given, np.ndarray) and id(owner_of(given)) in self._owners
        if not is_memory or self._owners[id(owner_of(given))][0] in self.constants:
            first = array.flat[0]
            if array.dtype.kind in "iu" and abs(array).max() > _LARGEST_INTEGER[self.dtype.name]:
                raise LoweringError(f"integers beyond {_LARGEST_INTEGER[self.dtype.name]}")
            if np.all(array == first) and np.all(np.signbit(array) == np.signbit(first)):
                return float(first)
        place = self.view(array)
        n_added = len(shape) - array.ndim
        if n_added < 0:
            raise LoweringError("an operand with more axes than the result")
        strides = [0 if n == 1 else s for n, s in zip(array.shape, place.strides, strict=True)]
        return View(place.buffer, place.offset, (*[0] * n_added, *strides))

    def constant(self, index: Any) -> Any:
        """Return an index, or parts of one, that does not vary."""
        if isinstance(index, tuple | list):
            return type(index)(map(self.constant, index))
        if isinstance(index, np.ndarray):
            known = self._owners.get(id(owner_of(index)))
            if known is not None and known[0] not in self.constants:
                raise LoweringError("the index varies")
        return index

    def _new(self, owner: Array) -> int:
        self._check(owner)
        if not owner.flags.forc:
            raise LoweringError("memory with gaps")
        self.sizes.append(owner.size)
        self._owners[id(owner)] = (len(self.sizes) - 1, owner)
        return len(self.sizes) - 1

    def _placed(self, array: Array, buffer: int) -> View:
        size = array.itemsize
        offset = (array.ctypes.data - owner_of(array).ctypes.data) // size
        return View(buffer, offset, tuple(stride // size for stride in array.strides))

    def _check(self, array: Array) -> None:
        if array.size == 0:
            raise LoweringError("an array without elements")
        if array.dtype.kind == "f" and array.dtype != self.dtype:
            raise LoweringError(f"an array of {array.dtype} among arrays of {self.dtype}")
        if array.dtype.kind not in "fbiu":
            raise LoweringError(f"an array of {array.dtype}")


def positions_of(array: Array) -> Array:
    """Return the position of each element in the memory of its owner."""
    owner = owner_of(array)
    counted = np.arange(owner.size).view(np.ndarray)
    size = array.itemsize
    offset = (array.ctypes.data - owner.ctypes.data) // size
    strides = [s // size * counted.itemsize for s in array.strides]
    return np.ndarray(array.shape, counted.dtype, counted, offset * counted.itemsize, strides)
