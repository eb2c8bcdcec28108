"""The parameters after each epoch, kept on disk until the last epoch is over.

Evaluating them between the epochs would slow the epochs down, because it takes the caches and moves
memory. They are on disk because those of a wide model fill gigabytes after a hundred epochs.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class SnapshotError(Exception):
    """The disk took no more; one line, for the user. No engine is to blame."""


class Snapshots:
    """Lists of float64 arrays of the same shapes, in the empty file of a descriptor; a context."""

    def __init__(self, disk: int, like: Sequence[NDArray[Any]]) -> None:
        os.set_inheritable(disk, False)
        self._file = os.fdopen(disk, "w+b", closefd=False)
        self._shapes = [array.shape for array in like]
        self._ends = np.cumsum([array.size for array in like])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError):  # what a full disk did not take is lost with the rest
            self._file.close()

    def add(self, parameters: Sequence[Array]) -> None:
        """Append the parameters after an epoch.

        Raises:
            SnapshotError: they could not be written.
        """
        with _on_disk():
            for array in parameters:
                self._file.write(array.tobytes())

    def __iter__(self) -> Iterator[list[Array]]:
        """Yield the parameters after each epoch, the first one first; raise what `add` raises."""
        with _on_disk():
            self._file.seek(0)
        while content := self._file.read(8 * int(self._ends[-1])):
            parts = np.split(np.frombuffer(content), self._ends[:-1])
            yield [part.reshape(shape) for part, shape in zip(parts, self._shapes, strict=True)]


@contextlib.contextmanager
def _on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SnapshotError(f"the parameters cannot be kept: {error.strerror}") from error
