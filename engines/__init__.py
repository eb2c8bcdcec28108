"""The engines room: the training interface, the registry, and the engines themselves.

Importing it imports NumPy and nothing heavier; an engine is imported when it is loaded, and
scikit-learn when its estimator is asked for.
"""

from typing import TYPE_CHECKING, Any

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
    GROUP,
    EngineStatus,
    MissingPackageError,
    available,
    check_names,
    load,
)
from benchgrad.engines.schedule import batch_generator, draw_epochs, train_epochs
from benchgrad.engines.value_engine import ValueEngine

if TYPE_CHECKING:
    from benchgrad.engines.estimator import AutogradClassifier

__all__ = [
    "GROUP",
    "MLP",
    "OPERATIONS",
    "SGD",
    "AutogradClassifier",
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
    "batch_generator",
    "check_names",
    "draw_epochs",
    "load",
    "train_epochs",
]


def __getattr__(name: str) -> Any:
    """Import the estimator, and scikit-learn with it, only when somebody asks for it."""
    if name == "AutogradClassifier":
        from benchgrad.engines.estimator import AutogradClassifier

        return AutogradClassifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
