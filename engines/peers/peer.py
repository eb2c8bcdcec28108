"""What the adapters of other libraries share: how they are declared, and the plain forward pass.

An adapter imports its library inside its functions, so that listing engines stays cheap. Losses,
gradients and updates are each library's own, in its adapter.
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
    """A library: its name as a distribution and as a module, and the extra that installs it."""

    name: str
    module: str
    extra: str

    @property
    def version(self) -> str:
        """The installed version, empty if there is none."""
        try:
            return version(self.name)
        except PackageNotFoundError:
            return ""


class Peer(Engine):
    """An engine that stands on another library of tensors."""

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
    """Return the logits (n, k) of native parameters W0, b0, W1, b1, …, by Python's operators."""
    h = X @ parameters[0] + parameters[1]
    for i in range(2, len(parameters), 2):
        h = activation(h) @ parameters[i] + parameters[i + 1]
    return h
