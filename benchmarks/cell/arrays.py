"""Arrays in one file, which a worker maps into its memory instead of reading it.

So a worker holds large data once, as pages that it shares with the runner and the next worker.
"""

from collections.abc import Mapping
from typing import IO, Any

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from benchgrad.processes.sealed import mapped

_ALIGNMENT = 64  # bytes; as NumPy's own arrays at the most
_PAGE = 4096  # bytes


class _Place(Struct, frozen=True):
    """Where an array is in the file."""

    offset: int
    shape: tuple[int, ...]
    dtype: str


def write_arrays(file: IO[bytes], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays one after the other, below a line that says where each is."""
    places, end = {}, 0
    for name, array in arrays.items():
        end += -end % _ALIGNMENT
        places[name] = _Place(end, array.shape, array.dtype.str)
        end += array.nbytes
    head = msgspec.json.encode(places)
    head += b" " * ((-len(head) - 1) % _ALIGNMENT) + b"\n"
    file.write(head)
    for name, array in arrays.items():
        file.seek(len(head) + places[name].offset)
        file.write(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
    file.truncate(len(head) + end)


def mapped_arrays(descriptor: int) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file, mapped into memory and read once.

    Whoever writes into one changes a copy of its own, page by page.
    """
    memory = mapped(descriptor)
    head = memory.readline()
    places = msgspec.json.decode(head, type=dict[str, _Place])
    found = {}
    for name, place in places.items():
        size = int(np.prod(place.shape, dtype=int))
        begin = len(head) + place.offset
        flat = np.frombuffer(memory, place.dtype, size, begin) if size else np.empty(0, place.dtype)
        found[name] = flat.reshape(place.shape)
        found[name].view(np.uint8).ravel()[::_PAGE].sum()
    return found
