"""Records the NumPy calls that a graph of tensor Values makes, and repeats them in place.

No formula is here: the rules run once, on arrays that record every call made on them. A replay
makes the same calls on the same operands into the same memory. So it gives the same numbers to
the last bit, without a graph and without a new array. Source of the idea, with Python closures
instead of NumPy calls: the cached order of https://github.com/tekknolagi/micrograd.
"""

import operator
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchgrad.engines.tensor.arrays import Array
from benchgrad.engines.tensor.listing import listing
from benchgrad.engines.tensor.memory import Step, owner_of, share
from benchgrad.engines.tensor.shortening import without_copies

# Functions that look at an array without reading what it holds.
_LIKE = (np.zeros, np.empty_like, np.zeros_like, np.ones_like, np.full_like)
_OF_SHAPES = (np.shape, np.ndim, np.size, np.may_share_memory, np.shares_memory)


class ReplayError(Exception):
    """The calls cannot be replayed: a value was read, or they depend on more than shapes."""


class Tape:
    """The calls that a replay has to make, in order.

    Some memory varies from replay to replay: the inputs, and everything computed from them. A
    call that touches no such memory is not on the tape: it was made once, while recording. Views
    need no call, since they show the memory of the array behind them.

    A tape prints as a program. Here, the sum of squares and its gradient:

    >>> from benchgrad.engines.tensor import Value
    >>> data, tape = np.array([1.0, 2.0]), Tape()
    >>> x = Value(data)
    >>> x.data = tape.input(data)
    >>> loss = (x * x).sum()
    >>> loss.backward()
    >>> tape
    Tape of 6 calls
      v0 (2,) = multiply(x0, x0)
      v1 () = add.reduce(v0)
      v2 (2,) = multiply(c0, x0)
      v3 (2,) = copyto(v2)
      v4 (2,) = multiply(c0, x0)
      v5 (2,) = add(v3, v4)
    >>> tape.close(keep=[loss.data, x.grad])
    >>> data[:] = 3.0, 4.0
    >>> tape.replay()
    >>> print(plain(loss.data), plain(x.grad))
    25.0 [6. 8.]
    """

    def __init__(self) -> None:
        self._inputs: list[Array] = []
        self._steps: list[Step] = []
        self._calls: list[Callable[[], Any]] = []
        self._varying: dict[int, Array] = {}  # owners of memory; alive, so no id is reused

    def __len__(self) -> int:
        return len(self._steps)

    def __repr__(self) -> str:
        return "\n  ".join([f"Tape of {len(self)} calls", *listing(self._steps, self._inputs)])

    @property
    def steps(self) -> Sequence[Step]:
        """The calls, in order."""
        return self._steps

    def replay(self) -> None:
        """Repeat all calls."""
        for call in self._calls:
            call()

    def close(self, keep: Iterable[Array]) -> None:
        """Bind the calls to their arguments; results other than `keep` may share memory."""
        keep = list(keep)
        self._steps = share(without_copies(self._steps, keep), keep)
        self._calls = [partial(s.function, *s.arguments, **s.keywords) for s in self._steps]
        self._varying.clear()

    def input(self, array: Array) -> "Traced":
        """Return a traced view of an input; a replay reads what its memory holds by then."""
        self._inputs.append(array)
        self._vary(array)
        return self.view(array)

    def view(self, array: Array) -> "Traced":
        """Return a view that records on this tape what is computed from it."""
        traced = array.view(Traced)
        traced._tape = self
        return traced

    def new(self, like: Array, dtype: Any = None) -> "Traced":
        """Return memory for a result, in the layout NumPy gave it, since sums depend on layout."""
        by_stride = sorted(range(like.ndim), key=lambda axis: -like.strides[axis])
        shape = [like.shape[axis] for axis in by_stride]
        # The tape holds plain memory. A traced array would hold the tape in turn, and the
        # collector does not see cycles through arrays.
        traced = self.view(np.empty(shape, dtype or like.dtype))
        in_order = by_stride == [*range(like.ndim)]
        return traced if in_order else traced.transpose(np.argsort(by_stride))

    def call(
        self, target: Array, function: Callable[..., Any], *arguments: Any, **keywords: Any
    ) -> None:
        """Make a call that writes or updates `target`, and record it if it varies."""
        given = plain(arguments)
        function(*given, **keywords)
        if self._varies(target) or any(map(self._varies, arguments)):
            self._steps.append(Step(function, plain(target), given, keywords))
            self._vary(target)

    def restore(self, target: Array, *sources: Any) -> None:
        """Record what constant memory holds before something that varies is written into it."""
        if not self._varies(target) and any(map(self._varies, sources)):
            owner = owner_of(target)
            self._steps.append(Step(np.copyto, owner, (plain(owner), np.array(owner)), {}))
            self._vary(owner)

    def _varies(self, array: Any) -> bool:
        if isinstance(array, tuple | list):
            return any(map(self._varies, array))
        return isinstance(array, np.ndarray) and id(owner_of(array)) in self._varying

    def _vary(self, array: Array) -> None:
        owner = owner_of(array)
        self._varying[id(owner)] = owner


class Traced(np.ndarray[Any, Any]):
    """An array that records on its tape what is computed from it.

    Reading a value out of it raises ReplayError, since a replay could not do that again.
    """

    _tape: Tape

    def __array_finalize__(self, source: Any) -> None:
        if isinstance(source, Traced):
            self._tape = source._tape

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **keywords: Any
    ) -> Any:
        tape = self._tape
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if method == "at":
            tape.restore(inputs[0], *inputs[1:])
            tape.call(inputs[0], ufunc.at, *inputs)
            return None
        if out is None:
            found = np.asarray(function(*map(plain, inputs), **keywords))
            target = tape.new(found)
        else:
            (target,) = out
            tape.restore(target, *inputs)
        arguments = (*inputs, target)
        if function in (np.maximum, np.minimum):  # no positional third argument
            arguments, keywords = inputs, {**keywords, "out": plain(target)}
        if method == "reduce":  # array, axis, dtype, out, keepdims
            axis, dtype = keywords.pop("axis", 0), keywords.pop("dtype", None)
            arguments = (*inputs, axis, dtype, target, keywords.pop("keepdims", False))
        tape.call(target, function, *arguments, **keywords)
        return target

    def __array_function__(self, function: Any, types: Any, arguments: Any, keywords: Any) -> Any:
        tape = self._tape
        if function is np.put:
            target, index, values = arguments
            tape.restore(target, index, values)
            tape.call(target, np.put, *arguments, **keywords)
            return None
        given = [plain(argument) for argument in arguments]
        found = function(*given, **{name: plain(value) for name, value in keywords.items()})
        if function in _OF_SHAPES:
            return found
        if not isinstance(found, np.ndarray | np.generic):
            self._refuse()
        found = np.asarray(found)
        arrays = [g for g in given if isinstance(g, np.ndarray)]
        if function in _LIKE or any(np.may_share_memory(found, g) for g in arrays):
            return tape.view(found)
        target = tape.new(found)
        if function is np.take:
            tape.call(target, np.take, *arguments, **keywords, out=plain(target))
        elif function is np.dot:
            tape.call(target, np.dot, *arguments, target)
        else:
            again = partial(_again, function, keywords)
            tape.call(target, again, target, *arguments)
        return target

    def __getitem__(self, index: Any) -> Any:
        source, plain_index = plain(self), plain(index)
        found = np.asarray(source[plain_index])
        if found.ndim and np.may_share_memory(found, source):
            return self._tape.view(found)
        target = self._tape.new(found)
        self._tape.call(target, partial(_again, operator.getitem, {}), target, self, index)
        return target

    def __setitem__(self, index: Any, value: Any) -> None:
        if index is not Ellipsis:
            self._tape.restore(self, value, index)
        self._tape.call(self, operator.setitem, self, index, value)

    def copy(self, order: Any = "C") -> Any:
        """Return a copy, which a replay repeats."""
        return self.astype(self.dtype)

    def astype(self, dtype: Any, *_: Any, **__: Any) -> Any:
        """Return a copy in another dtype, which a replay repeats."""
        target = self._tape.new(self, dtype)
        self._tape.call(target, np.copyto, target, self, casting="unsafe")
        return target

    def take(self, index: Any, *arguments: Any, **keywords: Any) -> Any:
        """Return the elements at an index, which a replay takes again."""
        return self.__array_function__(np.take, (), (self, index, *arguments), keywords)

    def put(self, index: Any, values: Any, mode: Any = "raise") -> None:
        """Write values at an index, which a replay writes again."""
        self.__array_function__(np.put, (), (self, index, values), {"mode": mode})

    def reshape(self, *shape: Any, **keywords: Any) -> Any:
        """Return a view, or where NumPy needs one a copy, which a replay repeats."""
        return self.__array_function__(np.reshape, (), (self, _one(shape)), keywords)

    def _refuse(self, *_: Any) -> Any:
        raise ReplayError("a value was read while the graph was being recorded")

    __bool__ = __float__ = __int__ = __index__ = __complex__ = _refuse
    item = tolist = _refuse


def plain(array: Any) -> Any:
    """Return an array without its tape, also inside a tuple or list; anything else unchanged."""
    if isinstance(array, tuple | list):
        return type(array)(map(plain, array))
    return array.view(np.ndarray) if isinstance(array, Traced) else array


def _one(shape: tuple[Any, ...]) -> Any:
    return shape[0] if len(shape) == 1 else shape


def _again(function: Callable[..., Any], keywords: Any, out: Array, *arguments: Any) -> None:
    """Make a call that has no `out` in NumPy; it allocates a new array each time."""
    out[...] = function(*arguments, **keywords)
