"""The scalar engine: a value is one number. Pure Python, written for reading."""

from benchgrad.engines.scalar.value import Value

__all__ = ["Value"]
