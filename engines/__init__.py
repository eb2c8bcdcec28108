"""The engines room: the training interface, the registry, and the engines themselves.

To learn how autograd works, read four things in this order:

1. scalar/value.py: a number that remembers how it was made, and the chain rule over it.
2. topology.py: the order in which the chain rule visits a graph.
3. tensor/rules.py: the same calculus for arrays, one row per operation.
4. `_pass_on` in tensor/value.py: the chain rule for arrays, where broadcasting is undone.

Importing this package imports NumPy and nothing heavier. An engine is imported when it is loaded,
scikit-learn when the estimator is first used, and what `available` needs when that is.
"""

from typing import TYPE_CHECKING, Any

from benchgrad.engines.counts import Counts
from benchgrad.engines.delegating import DelegatingClassifier
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
    check_names,
    load,
)
from benchgrad.engines.schedule import batch_generator, draw_epochs, train_epochs
from benchgrad.engines.value_engine import ValueEngine

if TYPE_CHECKING:
    from benchgrad.engines.estimator import AutogradClassifier
    from benchgrad.engines.listing import available

__all__ = [
    "GROUP",
    "MLP",
    "OPERATIONS",
    "SGD",
    "AutogradClassifier",
    "Capabilities",
    "Classifier",
    "Counts",
    "DelegatingClassifier",
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
    """Import the estimator, and scikit-learn with it, or the listing, on first use."""
    if name == "AutogradClassifier":
        from benchgrad.engines.estimator import AutogradClassifier

        return AutogradClassifier
    if name == "available":
        from benchgrad.engines.listing import available

        return available
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
