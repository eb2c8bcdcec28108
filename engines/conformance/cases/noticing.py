"""What happens in a program beside its operations: broadcasting, values used more than once."""

import ast
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from benchgrad.engines.conformance.cases.case import Case
from benchgrad.engines.conformance.cases.forward import NUMPY
from benchgrad.engines.conformance.cases.oracles import value_of
from benchgrad.engines.conformance.cases.program import WEIGHTS
from benchgrad.engines.interface import UnsupportedError


class _Noticing(np.ndarray[Any, Any]):
    """An array that notices when it is broadcast against another one."""

    noticed: set[str]

    def __array_finalize__(self, parent: Any) -> None:
        """Notice what a part or a view of an array meets, too."""
        self.noticed = getattr(parent, "noticed", set())

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **rest: Any) -> Any:
        """Compute on plain arrays, and note whether their shapes differ."""
        arrays = [np.asarray(i) for i in inputs]
        is_product = ufunc is np.matmul
        shaped = [a for a, i in zip(arrays, inputs, strict=True) if isinstance(i, np.ndarray)]
        shapes = {_outer(a) if is_product else a.shape for a in shaped}
        if method == "__call__" and len(shapes) > 1:
            self.noticed.update(_kinds(shapes))
        if "out" in rest:
            rest["out"] = tuple(np.asarray(out) for out in rest["out"])
        found = getattr(ufunc, method)(*arrays, **rest)
        return _noticing(found, self.noticed) if isinstance(found, np.ndarray) else found


def _outer(array: Any) -> tuple[int, ...]:
    """Return the axes of a stack of matrices."""
    return tuple(array.shape[:-2])


def _kinds(shapes: Collection[tuple[int, ...]]) -> Iterator[str]:
    """Yield how arrays of different shapes are broadcast."""
    yield "broadcasting"
    if len(set(map(len, shapes))) > 1:
        yield "added axes"
    aligned = zip_longest(*(reversed(shape) for shape in shapes))
    if any(1 in axes and set(axes) - {1, None} for axes in aligned):
        yield "stretched axes"


def _noticing(array: Any, noticed: set[str]) -> _Noticing:
    view = np.asarray(array).view(_Noticing)
    view.noticed = noticed
    return view


def broadcasts(case: Case) -> frozenset[str]:
    """Return how arrays of different shapes meet in a case, nothing if they do not."""
    noticed: set[str] = set()
    arrays: Sequence[Any] = [_noticing(array, noticed) for array in case.arrays(0)]
    try:
        with np.errstate(all="ignore"):
            case.program.function(NUMPY, *arrays)
    except (ValueError, TypeError, AttributeError, UnsupportedError):
        pass  # what NumPy does not take is noticed as far as it went
    return frozenset(noticed)


def gives_array(case: Case) -> bool:
    """Tell whether the result of a case has axes."""
    try:
        return bool(np.shape(value_of(case.program.function, case.arrays(0))))
    except (ValueError, TypeError, AttributeError, UnsupportedError):
        return False  # an operation that NumPy's forward pass does not have


def uses_again(source: str) -> bool:
    """Tell whether a program reads a value more than once."""
    tree = ast.parse(source)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    reads = Counter(
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Load)
        and id(node) not in called
        and node.id not in ("ops", "np", WEIGHTS)
    )
    return any(n > 1 for n in reads.values())
