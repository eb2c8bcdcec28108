"""The scalar engine: a value is one number. Pure Python, written to be read."""

from benchgrad.engines.scalar.value import Value

__all__ = ["Value"]
