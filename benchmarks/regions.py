"""Which class a classifier predicts where, after some of its epochs: decision boundaries that grow.

They are kept on a coarse grid, since a reference may need seconds for the points of a fine one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Self

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from benchgrad.benchmarks.bounds import Amount, Class, Epochs

_STRIDE = 3  # of 100 points along a side every third, the last one included


class Regions(Struct, frozen=True, forbid_unknown_fields=True):
    """The predicted classes on the coarse grid after a number of epochs; 0 is before the first.

    `runs` has the classes and lengths of runs of equal classes, in the order of the grid's points.
    """

    n_epochs: Epochs
    runs: list[tuple[Class, Amount]]

    @classmethod
    def of(cls, n_epochs: int, classes: Sequence[int]) -> Self:
        """Return the regions of the classes of the coarse grid's points."""
        runs = [(label, len(list(same))) for label, same in itertools.groupby(classes)]
        return cls(n_epochs, runs)

    @property
    def n_points(self) -> int:
        """How many points there are classes for."""
        return sum(length for _, length in self.runs)

    def classes(self) -> NDArray[np.intp]:
        """Return the class of each point of the coarse grid, row by row from the lowest y up."""
        labels = [label for label, _ in self.runs]
        return np.repeat(np.array(labels, np.intp), [length for _, length in self.runs])


def coarse(n: int) -> NDArray[np.intp]:
    """Return where the points of the coarse grid are among the n² of a grid."""
    return np.arange(n * n).reshape(n, n)[::_STRIDE, ::_STRIDE].ravel()


def kept_epochs(n_epochs: int) -> list[int]:
    """Return after how many of its epochs the regions of an engine are kept.

    0 and the last are among them. The others are the rounded powers of the square root of two, so
    that engines with different numbers of epochs can be compared after equal ones.
    """
    powers = (round(2 ** (i / 2)) for i in range(2 * n_epochs.bit_length()))
    return [0, *sorted({k for k in powers if k < n_epochs} | {n_epochs})]
