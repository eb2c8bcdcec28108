"""Lets the results of a replay share memory: after its last reader, a result makes room.

It knows calls and the arrays they read and write, but no operation and no graph.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchgrad.engines.tensor.arrays import Array


@dataclass(frozen=True)
class Step:
    """A call that writes into `target`, one of its arguments or keywords.

    The first step that writes into an array fills all of it.
    """

    function: Callable[..., Any]
    target: Array
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]

    def arrays(self) -> Iterator[Array]:
        """Yield every array among the arguments and keywords."""
        return _arrays_in((self.arguments, tuple(self.keywords.values())))

    def moved(self, places: Mapping[int, Array]) -> "Step":
        """Return the same call on the new memory of arrays, by the ids of their owners."""
        target, arguments = _moved(self.target, places), _moved(self.arguments, places)
        return Step(self.function, target, arguments, _moved(dict(self.keywords), places))


def owner_of(array: Array) -> Array:
    """Return the array that owns the memory of a view."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def share(steps: Sequence[Step], keep: Iterable[Array]) -> list[Step]:
    """Return the same calls in less memory.

    No result takes the memory of its own call's operands. Elementwise calls could work in place,
    but NumPy is slower then (0.87 × `numpy` instead of 0.83 × on the headline plan). The memory
    of `keep`, and memory that no step writes, is neither moved nor shared.
    """
    kept = {id(owner_of(array)) for array in keep}
    own = {id(owner_of(step.target)) for step in steps} - kept
    last = {id(owner_of(array)): i for i, step in enumerate(steps) for array in step.arrays()}
    places: dict[int, Array] = {}
    free: dict[int, list[Array]] = defaultdict(list)
    found = []
    for i, step in enumerate(steps):
        target = owner_of(step.target)
        if id(target) in own and id(target) not in places:
            lent = free[target.nbytes]
            places[id(target)] = lent.pop() if lent else np.empty(target.nbytes, np.uint8)
        found.append(step.moved(places))
        for owner in dict.fromkeys(id(owner_of(array)) for array in step.arrays()):
            if owner in own and last[owner] == i:
                free[places[owner].nbytes].append(places[owner])
    return found


def _arrays_in(thing: Any) -> Iterator[Array]:
    if isinstance(thing, np.ndarray):
        yield thing
    elif isinstance(thing, tuple | list):
        for part in thing:
            yield from _arrays_in(part)


def _moved(thing: Any, places: Mapping[int, Array]) -> Any:
    """Return the same views of the new memory of their owners."""
    if isinstance(thing, np.ndarray):
        owner = owner_of(thing)
        place = places.get(id(owner))
        if place is None:
            return thing
        offset = thing.ctypes.data - owner.ctypes.data
        return np.ndarray(thing.shape, thing.dtype, place, offset, thing.strides)
    if isinstance(thing, tuple | list):
        return type(thing)(_moved(part, places) for part in thing)
    if isinstance(thing, dict):
        return {name: _moved(part, places) for name, part in thing.items()}
    return thing
