"""What happens in a program beside its operations: broadcasting, values used more than once."""

import ast
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchgrad.engines.conformance.cases.case import Case
from benchgrad.engines.conformance.cases.forward import NUMPY
from benchgrad.engines.conformance.cases.program import WEIGHTS
from benchgrad.engines.interface import UnsupportedError


class _Noticing(np.ndarray[Any, Any]):
    """An array that notices when it is broadcast against another one."""

    noticed: list[bool]

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **rest: Any) -> Any:
        """Compute on plain arrays, and note whether their shapes differ."""
        arrays = [np.asarray(i) for i in inputs]
        is_product = ufunc is np.matmul
        shapes = {_outer(a) if is_product else a.shape for a in _beside(arrays, inputs, is_product)}
        if method == "__call__" and len(shapes) > 1:
            self.noticed.append(True)
        if "out" in rest:
            rest["out"] = tuple(np.asarray(out) for out in rest["out"])
        found = getattr(ufunc, method)(*arrays, **rest)
        return _noticing(found, self.noticed) if isinstance(found, np.ndarray) else found


def _beside(arrays: Sequence[Any], inputs: Sequence[Any], is_product: bool) -> list[Any]:
    """Return the arrays that are broadcast: no numbers, and no vectors in a matrix product."""
    pairs = zip(arrays, inputs, strict=True)
    return [a for a, i in pairs if isinstance(i, np.ndarray) and (a.ndim > 1 or not is_product)]


def _outer(array: Any) -> tuple[int, ...]:
    """Return the axes of a stack of matrices."""
    return tuple(array.shape[:-2])


def _noticing(array: Any, noticed: list[bool]) -> _Noticing:
    view = np.asarray(array).view(_Noticing)
    view.noticed = noticed
    return view


def broadcasts(case: Case) -> bool:
    """Tell whether arrays of different shapes meet in a case."""
    noticed: list[bool] = []
    arrays: Sequence[Any] = [_noticing(array, noticed) for array in case.arrays(0)]
    try:
        with np.errstate(all="ignore"):
            case.program.function(NUMPY, *arrays)
    except (ValueError, TypeError, AttributeError, UnsupportedError):
        pass  # what NumPy does not take is noticed as far as it went
    return bool(noticed)


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
