"""The engine `tensor`: what it declares. The mathematics is in rules.py and value.py."""

from contextlib import AbstractContextManager
from typing import Any

from benchgrad.engines.operations import CONSTANTS, ELEMENTWISE, REDUCTIONS, SHAPING, methods_of
from benchgrad.engines.tensor.value import Value, constant, linear, logsumexp, no_grad, pick
from benchgrad.engines.value_engine import ValueEngine


class TensorEngine(ValueEngine):
    """Tensor Values know constants, and a context in which nothing is tracked."""

    def constant(self, data: Any) -> Value:
        """Return a Value that requires no gradient."""
        return constant(data)

    def zero(self, value: Value) -> None:
        """Forget the gradient of a leaf, without memory for zeros."""
        value.zero_grad()

    def is_constant(self, value: Value) -> bool:
        """Tell a value that requires no gradient."""
        return not value.requires_grad

    def inference(self) -> AbstractContextManager[None]:
        """Return `no_grad()`."""
        return no_grad()


def _transpose(value: Value, axes: tuple[int, ...] | None = None) -> Value:
    return value.transpose(axes)


engine = TensorEngine(
    "tensor",
    kind="tensor",
    value=Value,
    operations={
        **methods_of(Value, (*ELEMENTWISE, *REDUCTIONS, *SHAPING, *CONSTANTS)),
        "transpose": _transpose,
    },
    compounds={"linear": linear, "logsumexp": logsumexp, "pick": pick},
    shows_graph=True,
    dtypes=("float64", "float32"),
)
