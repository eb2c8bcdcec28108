"""The engines room: the training interface, the registry, and the engines themselves.

Importing it imports NumPy and nothing heavier; an engine is imported when it is loaded.
"""

from benchgrad.engines.counts import Counts
from benchgrad.engines.interface import (
    Capabilities,
    Classifier,
    Engine,
    EngineError,
    UnsupportedError,
)
from benchgrad.engines.model import MLP, SGD
from benchgrad.engines.operations import OPERATIONS, Operations
from benchgrad.engines.registry import (
    EngineStatus,
    MissingPackageError,
    available,
    check_names,
    load,
)
from benchgrad.engines.value_engine import ValueEngine

__all__ = [
    "MLP",
    "OPERATIONS",
    "SGD",
    "Capabilities",
    "Classifier",
    "Counts",
    "Engine",
    "EngineError",
    "EngineStatus",
    "MissingPackageError",
    "Operations",
    "UnsupportedError",
    "ValueEngine",
    "available",
    "check_names",
    "load",
]
