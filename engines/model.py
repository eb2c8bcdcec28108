"""The model and its optimizer: a multilayer perceptron and stochastic gradient descent.

Shapes, initial weights and the update rule. No gradients.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Activation = Literal["relu", "tanh"]
Loss = Literal["cross_entropy", "hinge"]

# The numerator of the variance of a weight, numerator / fan_in. Sources: He et al., "Delving
# Deep into Rectifiers" (2015), section 2.2, for ReLU; LeCun et al., "Efficient BackProp"
# (1998), section 4.6, for tanh.
_VARIANCE_GAIN = {"relu": 2.0, "tanh": 1.0}


@dataclass(frozen=True)
class MLP:
    """A multilayer perceptron: ``h = activation(h @ W + b)``, no activation on the last layer.

    `layers` are the widths from the features to the classes, e.g. ``(2, 32, 32, 2)``.
    The loss is a mean over the batch: ``cross_entropy`` of the softmax, or ``hinge``, the sum
    over the wrong classes j of max(0, 1 + s_j − s_label).

    Raises:
        ValueError: a width below one, fewer than two layers, an unknown activation or loss.
    """

    layers: tuple[int, ...]
    activation: Activation = "relu"
    loss: Loss = "cross_entropy"

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        if len(self.layers) < 2 or min(self.layers) < 1:
            raise ValueError(f"layers: {self.layers} must be two or more widths of at least 1")
        if self.activation not in ("relu", "tanh"):
            raise ValueError(f"activation: {self.activation!r} is neither 'relu' nor 'tanh'")
        if self.loss not in ("cross_entropy", "hinge"):
            raise ValueError(f"loss: {self.loss!r} is neither 'cross_entropy' nor 'hinge'")

    def step_flops(self, n: int) -> int:
        """Return the floating-point operations in the matrix products of a step on n rows.

        Two per multiply-add, in three products per layer: forward, the gradient of the weights and
        the gradient of the inputs, which the first layer does not need.
        """
        products = [a * b for a, b in zip(self.layers, self.layers[1:], strict=False)]
        return 2 * n * (3 * sum(products) - products[0])

    def initial_parameters(self, seed: int) -> list[NDArray[np.float64]]:
        """Return W0 (layers[0], layers[1]), b0 (layers[1],), W1, b1, … in float64.

        Weights are normal with standard deviation sqrt(2 / fan_in) for ReLU and
        sqrt(1 / fan_in) for tanh, drawn layer by layer from one generator; biases are zero.
        """
        rng = np.random.default_rng(seed)
        parameters = []
        for fan_in, fan_out in zip(self.layers, self.layers[1:], strict=False):
            deviation = np.sqrt(_VARIANCE_GAIN[self.activation] / fan_in)
            parameters.append(rng.normal(0.0, deviation, size=(fan_in, fan_out)))
            parameters.append(np.zeros(fan_out))
        return parameters


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent with classical momentum and weight decay.

    ``velocity = momentum · velocity + gradient + weight_decay · parameter``, then
    ``parameter −= learning_rate · velocity``; velocities start at zero.
    """

    learning_rate: float
    momentum: float = 0.0
    weight_decay: float = 0.0

    def update(
        self, parameter: NDArray[Any], gradient: NDArray[Any], velocity: NDArray[Any]
    ) -> None:
        """Apply the rule in place to `parameter` and `velocity`, arrays of one shape and dtype."""
        if self.weight_decay:
            gradient = gradient + self.weight_decay * parameter
        if self.momentum:
            velocity *= self.momentum
            velocity += gradient
            gradient = velocity
        parameter -= self.learning_rate * gradient
