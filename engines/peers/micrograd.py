"""The engine `micrograd`: Andrej Karpathy's package from PyPI, behind its own operators.

micrograd 0.1.0 has `relu` but neither exp nor log, which cross-entropy needs. They are added
here the way the package writes its operations: a node, and a closure that knows its inputs.
Source: https://github.com/karpathy/micrograd, `micrograd/engine.py`.
"""

import math
from collections.abc import Iterable
from importlib.metadata import version

from micrograd.engine import Value

from benchgrad.engines.value_engine import ValueEngine


def exp(x: Value) -> Value:
    """Return e ** x as a micrograd node."""
    out = Value(math.exp(x.data), (x,), "exp")

    def _backward() -> None:
        x.grad += out.data * out.grad

    out._backward = _backward
    return out


def log(x: Value) -> Value:
    """Return the natural logarithm of x as a micrograd node."""
    out = Value(math.log(x.data), (x,), "log")

    def _backward() -> None:
        x.grad += out.grad / x.data

    out._backward = _backward
    return out


class MicrogradEngine(ValueEngine):
    """micrograd calls parents and operation otherwise."""

    def parents(self, value: Value) -> Iterable[Value]:
        """Return the children, as the package calls them; a set, so x * x has one."""
        children: set[Value] = value._prev
        return children

    def operation(self, value: Value) -> str:
        """Return the package's own mark of the operation."""
        return str(value._op)


engine = MicrogradEngine(
    "micrograd",
    kind="scalar",
    value=Value,
    operations={"exp": exp, "log": log, "relu": Value.relu},
    shows_graph=True,
    version=version("micrograd"),
    note="exp and log are added by benchgrad, in the package's own style",
)
