"""What an engine made of a program, beside what is true of it. Causes are found in `diagnosis`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.engines.conformance.cases.program import WEIGHTS, Program
from benchgrad.engines.conformance.oracles import agree

Array = NDArray[Any]


@dataclass(frozen=True)
class Evidence:
    """A scalar program, its inputs, and what an engine made of them.

    `full` are the gradients in the shape of the result, before they are summed over broadcast
    axes, where closed forms (`derivatives`) give them; `mistakes` are (closed form, its name).
    """

    program: Program
    arrays: Sequence[Array]
    expected: Sequence[Array]
    actual: Sequence[Array]
    expected_value: float
    actual_value: float
    result_shape: tuple[int, ...] = ()
    full: Sequence[Array] = ()
    derivatives: Sequence[str] = ()
    mistakes: dict[str, str] = field(default_factory=dict)
    rtol: float = 1e-9

    @property
    def inputs(self) -> dict[str, Array]:
        """The inputs by their names."""
        return dict(zip(self.program.names, self.arrays, strict=True))

    @property
    def wrong(self) -> list[int]:
        """The inputs whose gradients are wrong, the weights left out where others are."""
        pairs = zip(self.actual, self.expected, strict=True)
        wrong = [i for i, (a, e) in enumerate(pairs) if not self.fits(a, e)]
        names = self.program.names
        return [i for i in wrong if names[i] != WEIGHTS] or wrong

    @property
    def value_is_wrong(self) -> bool:
        """Whether the value itself is not what it must be."""
        return not self.fits(np.asarray(self.actual_value), np.asarray(self.expected_value))

    def fits(self, actual: Any, expected: Any) -> bool:
        """Tell whether two arrays agree within what this engine's dtype allows."""
        return agree(np.asarray(actual, np.longdouble), expected, self.rtol)
