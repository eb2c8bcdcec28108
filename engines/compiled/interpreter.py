"""Runs instructions one by one in compiled loops: for a graph that is run too seldom to compile it.

The loops are compiled once, for any graph. Forms are those of forms.py.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.engines.compiled.buffers import LoweringError
from benchgrad.engines.compiled.forms import ALL, PRODUCT
from benchgrad.engines.compiled.instructions import Instruction, Loop, Move, Operand, Product, View
from benchgrad.engines.compiled.lowering import Lowering
from benchgrad.engines.compiled.machine import compiled
from benchgrad.engines.tensor.replay import ReplayError, Tape, plain
from benchgrad.engines.tensor.value import Value

Array = NDArray[Any]

_CODES = {form: code for code, form in enumerate(ALL)}
_GET, _PUT, _ADD = range(len(ALL), len(ALL) + 3)
_AXES = 8

# A row: code, axes' lengths, then offset and strides of the target and of three operands.
_WIDTH = 1 + _AXES + 4 * (1 + _AXES)

_SOURCE = """\
def run(rows, memory):
    index = np.zeros({axes}, np.int64)
    for r in range(len(rows)):
        row = rows[r]
        code = row[0]
        n = 1
        for axis in range({axes}):
            index[axis] = 0
            n *= row[1 + axis]
        t, pa, pb, pc = row[{t}], row[{a}], row[{b}], row[{c}]
        for _ in range(n):
            a, b, c = memory[pa], memory[pb], memory[pc]
            if code == {get}:
                memory[t] = memory[pb + min(max(int(a), 0), row[{c}] - 1)]
            elif code == {put}:
                memory[row[{t}] + min(max(int(a), 0), row[{c}] - 1)] = b
            elif code == {add}:
                memory[row[{t}] + min(max(int(a), 0), row[{c}] - 1)] += b
{forms}
            axis = {axes} - 1
            while axis >= 0:
                index[axis] += 1
                t += row[{t} + 1 + axis]
                pa += row[{a} + 1 + axis]
                pb += row[{b} + 1 + axis]
                pc += row[{c} + 1 + axis]
                if index[axis] < row[1 + axis]:
                    break
                n_back = row[1 + axis]
                index[axis] = 0
                t -= n_back * row[{t} + 1 + axis]
                pa -= n_back * row[{a} + 1 + axis]
                pb -= n_back * row[{b} + 1 + axis]
                pc -= n_back * row[{c} + 1 + axis]
                axis -= 1
"""


def _source() -> str:
    forms = "\n".join(
        f"            elif code == {code}:\n                memory[t] = "
        + ALL[form].format(a="a", b="b", c="c")
        for form, code in _CODES.items()
    )
    places = [1 + _AXES + k * (1 + _AXES) for k in range(4)]
    codes = {"get": _GET, "put": _PUT, "add": _ADD}
    return _SOURCE.format(
        forms=forms, axes=_AXES, **dict(zip("tabc", places, strict=True)), **codes
    )


SOURCE = _source()


class Interpreted:
    """The loss and gradients of a function, from compiled loops over its recorded calls.

    Raises:
        LoweringError: a call has no machine code.
        ReplayError: a value was read while the graph was recorded, or the result is a constant.
    """

    def __init__(self, function: Callable[[], Value], leaves: Sequence[Value]) -> None:
        tape = Tape()
        inputs = [leaf.data for leaf in leaves]
        for leaf in leaves:
            leaf.data = tape.input(leaf.data)
            leaf.zero_grad()
        loss = function()
        if not (isinstance(loss, Value) and loss.requires_grad):
            raise ReplayError("the result is a constant; there is nothing to replay")
        loss.backward()
        found = [loss.data, *(leaf.grad for leaf in leaves)]
        results = [np.asarray(plain(array)) for array in found]
        dtypes = {array.dtype for array in (*inputs, *results)}
        if len(dtypes) > 1:
            raise LoweringError(f"arrays of {' and '.join(sorted(map(str, dtypes)))}")
        self._dtype = dtypes.pop()
        lowering = Lowering(tape.steps, self._dtype, inputs)
        self._results = [(lowering.buffers.view(array), array.shape) for array in results]
        self._rows = _Encoding(lowering)
        for buffer, array in enumerate(inputs):
            self._rows.fill(buffer, array.ravel("K"))

    def run(self) -> tuple[float, list[Array]]:
        """Return the loss and the gradients."""
        memory = self._rows.memory
        compiled(SOURCE, self._dtype.name)(self._rows.rows, memory)
        loss, *gradients = (self._rows.read(view, shape) for view, shape in self._results)
        return float(loss.item()), gradients


class _Encoding:
    """Instructions as rows of integers, and the memory that they name."""

    def __init__(self, lowering: Lowering) -> None:
        self._starts = np.cumsum([0, *lowering.buffers.sizes])
        numbers = {1.0: 0}
        rows = [
            row
            for instruction in lowering.instructions
            for row in self._encoded(instruction, numbers)
        ]
        self.rows = np.array(rows, np.int64).reshape(-1, _WIDTH)
        self.memory = np.zeros(self._starts[-1] + len(numbers), lowering.buffers.dtype)
        self.memory[self._starts[-1] :] = list(numbers)
        for buffer, constant in lowering.buffers.constants.items():
            self.fill(buffer, constant)

    def fill(self, buffer: int, data: Array) -> None:
        """Set what a buffer holds."""
        self.memory[self._starts[buffer] :][: data.size] = data

    def read(self, view: View, shape: tuple[int, ...]) -> Array:
        """Return a copy of a view."""
        size = self.memory.itemsize
        offset = (self._starts[view.buffer] + view.offset) * size
        strides = [stride * size for stride in view.strides]
        return np.ndarray(shape, self.memory.dtype, self.memory, offset, strides).copy()

    def _encoded(self, instruction: Instruction, numbers: dict[float, int]) -> Iterator[list[int]]:
        if isinstance(instruction, Product):
            m, k, n = instruction.shape
            left, right = instruction.operands
            target = self._spread(instruction.target, (0, None, 1))
            factors = self._spread(left, (0, 1, None)), self._spread(right, (None, 0, 1))
            yield from self._encoded(
                Loop(PRODUCT, (m, k, n), target, (target, *factors), 0.0), numbers
            )
        elif isinstance(instruction, Move):
            code = _GET if not instruction.puts else _ADD if instruction.adds else _PUT
            operands = (instruction.index, instruction.source)
            row = self._row(code, (instruction.n,), instruction.target, operands, numbers)
            if not instruction.puts:  # the source is indexed, the target walked through
                row[1 + _AXES + 2 * (1 + _AXES) + _AXES] = 0
            row[1 + _AXES + 3 * (1 + _AXES)] = instruction.limit
            yield row
        else:
            if instruction.start is not None:
                yield self._row(
                    0, instruction.shape, instruction.target, (instruction.start,), numbers
                )
            yield self._row(
                _CODES[instruction.form],
                instruction.shape,
                instruction.target,
                instruction.operands,
                numbers,
            )

    def _spread(self, view: View, axes: tuple[int | None, ...]) -> View:
        strides = tuple(0 if axis is None else view.strides[axis] for axis in axes)
        return View(view.buffer, view.offset, strides)

    def _row(
        self,
        code: int,
        shape: tuple[int, ...],
        target: View,
        operands: Sequence[Operand],
        numbers: dict[float, int],
    ) -> list[int]:
        if len(shape) > _AXES:
            raise LoweringError(f"{len(shape)} axes")
        n_free = _AXES - len(shape)
        row = [code, *[1] * n_free, *shape]
        for view in (target, *operands, *[1.0] * (3 - len(operands))):
            if isinstance(view, View):
                place = self._starts[view.buffer] + view.offset
                row += [place, *[0] * n_free, *view.strides]
            else:
                place = self._starts[-1] + numbers.setdefault(view, len(numbers))
                row += [place, *[0] * _AXES]
        return row
