"""Memory for what an engine returned, until it is reported.

It is taken once. Copies in fresh memory would take the blocks that the engine has just freed, which
are still in the processor's caches, and leave it with cold ones.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_CAPACITY = 2**17  # numbers: one mebibyte


class Shelf:
    """Holds copies of arrays until it is cleared; what does not fit gets memory of its own."""

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._memory = np.full(capacity, np.nan)  # written, so that the pages are there
        self._n_used = 0
        self.is_full = False

    def put(self, array: NDArray[Any]) -> Array:
        """Return a float64 copy, which holds until `clear`."""
        start, end = self._n_used, self._n_used + array.size
        if end > len(self._memory):
            self.is_full = True
            return np.array(array, np.float64)
        self._n_used = end
        copy = self._memory[start:end].reshape(array.shape)
        copy[...] = array
        return copy

    def clear(self) -> None:
        """Make room: the copies so far are no longer needed."""
        self._n_used, self.is_full = 0, False
