"""What the workers of a run are handed: data that they cannot change, a file of their own, a cache.

The data and the file are descriptors and no paths, so nothing leads them into the folder of the
run. The cache is a folder elsewhere, one for each engine and empty when the run begins: whoever
compiles does so in the first round, whatever earlier runs or other engines left on this machine.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self

import numpy as np

from benchgrad.benchmarks.cell.arrays import write_arrays
from benchgrad.benchmarks.cell.description import grid
from benchgrad.datasets import Dataset
from benchgrad.processes.leftovers import end_marked
from benchgrad.processes.sealed import sealed

_MARK = "BENCHGRAD_RUN"
CACHE = "XDG_CACHE_HOME"
_PREFIX = "benchgrad-cache-"


def mark_of(folder: Path) -> dict[str, str]:
    """Return the environment variable that marks every process of a run in a folder.

    It does not tell where the folder is.
    """
    here = folder.stat()
    return {_MARK: hashlib.sha256(f"{here.st_dev} {here.st_ino}".encode()).hexdigest()[:16]}


def end_leftovers(folder: Path) -> None:
    """End each process that an earlier run in this folder left behind, and remove its caches.

    A runner may have been killed together with all that watched over its workers.
    """
    for name, value in mark_of(folder).items():
        end_marked(name, value)
        for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}{value}-*"):
            shutil.rmtree(left, ignore_errors=True)  # a link stays, and so does another user's


class Supplies:
    """The supplies of a run, or of a point of it, in `folder`; a context.

    The features have the dtype in which the engines train, so that no worker converts them.
    """

    def __init__(self, folder: Path, dataset: Dataset, dtype: str) -> None:
        self._folder = folder
        self._dataset = dataset
        self._dtype = dtype
        self._mark = mark_of(folder)

    def variables(self, engine: str) -> dict[str, str]:
        """Return the environment variables of every process of an engine."""
        cache = Path(self._caches, hashlib.sha256(engine.encode()).hexdigest()[:16])
        cache.mkdir(mode=0o700, exist_ok=True)
        return self._mark | {CACHE: str(cache)}

    def __enter__(self) -> Self:
        self._caches = tempfile.mkdtemp(prefix=f"{_PREFIX}{self._mark[_MARK]}-")
        self.data = sealed(self._write)
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self.data)
        shutil.rmtree(self._caches, ignore_errors=True)

    @contextlib.contextmanager
    def file(self) -> Iterator[int]:
        """Open a file without a name on the disk of the run, for one worker to write and read."""
        with tempfile.TemporaryFile(dir=self._folder) as file:
            yield file.fileno()

    def _write(self, file: IO[bytes]) -> None:
        dataset, around = self._dataset, grid(self._dataset)
        points = around.points() if around else np.empty((0, dataset.n_features))
        arrays = {
            "X_train": dataset.X_train.astype(self._dtype, copy=False),
            "y_train": dataset.y_train,
            "X_test": dataset.X_test.astype(self._dtype, copy=False),
            "y_test": dataset.y_test,
            "grid": points.astype(self._dtype, copy=False),
        }
        write_arrays(file, arrays)
