"""What the adapters of other libraries share: their declaration, and the plain forward pass.

An adapter imports its library inside functions, so that listing engines stays cheap. Losses,
gradients and updates are the library's own and belong in its adapter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchgrad.engines.interface import Capabilities, Engine
from benchgrad.engines.operations import COMPOUNDS, OPERATIONS

CAPABILITIES = Capabilities(frozenset((*OPERATIONS, *COMPOUNDS)), dtypes=("float64", "float32"))


@dataclass(frozen=True)
class Package:
    """A library: the names of its distribution and module, and the extra that installs it."""

    name: str
    module: str
    extra: str

    @property
    def version(self) -> str:
        """The installed version, or empty."""
        try:
            return version(self.name)
        except PackageNotFoundError:
            return ""


class Peer(Engine):
    """An engine built on another tensor library."""

    kind = "tensor"

    def __init__(
        self,
        name: str,
        package: Package,
        note: str = "",
        capabilities: Capabilities = CAPABILITIES,
    ) -> None:
        self.name = name
        self.requires = (package.module,)
        self.install = f"'benchgrad[{package.extra}]'"
        self.version = package.version
        self.note = note
        self.capabilities = capabilities


def mlp(parameters: Sequence[Any], X: Any, activation: Callable[[Any], Any]) -> Any:
    """Return the logits (n, k), with Python's operators on native parameters W0, b0, W1, b1, …."""
    h = X @ parameters[0] + parameters[1]
    for i in range(2, len(parameters), 2):
        h = activation(h) @ parameters[i] + parameters[i + 1]
    return h
