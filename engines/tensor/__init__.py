"""The tensor engine: a value is a NumPy array."""

from benchgrad.engines.tensor.tracking import no_grad
from benchgrad.engines.tensor.value import Value

__all__ = ["Value", "no_grad"]
