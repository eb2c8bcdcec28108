"""What counts as a result of an engine: plain NumPy arrays of real numbers, copied at once.

An array of objects or of a subclass may compute when it is read, and an array that the engine keeps
may change after it was returned. Neither gets past this module. It does not judge the numbers.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Copier = Callable[[NDArray[Any]], Array]  # returns a float64 copy


class NotPlainError(Exception):
    """An engine returned something other than plain arrays; one line, for its author."""


def fresh(array: NDArray[Any]) -> Array:
    """Return a float64 copy in memory of its own."""
    return np.array(array, np.float64)


def plain_copy(found: object, call: str, copied: Copier = fresh) -> Array:
    """Return a float64 copy of what a call of the engine returned.

    Raises:
        NotPlainError: it is no `numpy.ndarray` (a subclass is not one either) of real numbers.
    """
    if type(found) is not np.ndarray:
        raise NotPlainError(
            f"{call} returned a {_name(found)}; it must be a NumPy array, "
            "so that the work is finished"
        )
    array: NDArray[Any] = found
    if array.dtype.kind not in "fiu":
        raise NotPlainError(
            f"{call} returned an array of dtype {array.dtype}; it must hold real numbers"
        )
    return copied(array)


def plain_copies(found: object, call: str, copied: Copier = fresh) -> list[Array]:
    """Return float64 copies of the list of arrays that a call returned.

    Raises:
        NotPlainError: it is no list or tuple of plain arrays.
    """
    if type(found) not in (list, tuple):  # another one may compute when it is walked
        raise NotPlainError(f"{call} returned a {_name(found)}; it must be a list of arrays")
    arrays: list[object] = list(found)  # type: ignore[call-overload]
    return [plain_copy(array, call, copied) for array in arrays]


def _name(found: object) -> str:
    return f"{type(found).__module__}.{type(found).__qualname__}"
