"""The tensor engine: a value is a NumPy array."""

from benchgrad.engines.tensor.value import Value, no_grad

__all__ = ["Value", "no_grad"]
