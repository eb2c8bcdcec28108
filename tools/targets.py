"""Training steps side by side in one process: `make targets`, which sets threads and allocator.

Prints microseconds a step for engines of this repository and for peers that are installed
(PyTorch, JAX, MyGrad, HIPS autograd), each written as its users would write it, on the headline
shapes and on wide ones; float64, one thread. Rounds visit all contestants; the figure is the
median over rounds of the fastest of five repeats, and the ratio is to `numpy`.
"""

import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np

from benchgrad.engines import MLP, SGD, load

Step = Callable[[], Any]
Arrays = list[Any]
RATE = 0.05


def engine(name: str) -> Callable[[MLP, Arrays, Any, Any], Step]:
    """Return a maker of steps for an engine of this repository."""

    def make(model: MLP, parameters: Arrays, X: Any, y: Any) -> Step:
        classifier = load(name).classifier(model, parameters, SGD(RATE))
        classifier.gradients(X, y)
        classifier.gradients(X + 1, (y + 1) % model.layers[-1])  # batches vary, as in training
        return lambda: classifier.train_step(X, y)

    return make


def torch(model: MLP, parameters: Arrays, X: Any, y: Any) -> Step:
    """Eager, with torch.nn.functional and in-place updates under no_grad."""
    import torch as t

    t.set_num_threads(1)
    leaves = [t.tensor(p, requires_grad=True) for p in parameters]
    inputs, labels = t.tensor(X), t.tensor(y)
    optimizer = t.optim.SGD(leaves, lr=RATE)

    def step() -> float:
        optimizer.zero_grad()
        h = inputs
        for i in range(0, len(leaves), 2):
            h = t.addmm(leaves[i + 1], t.relu(h) if i else h, leaves[i])
        loss = t.nn.functional.cross_entropy(h, labels)
        loss.backward()
        optimizer.step()
        return float(loss)

    return step


def jax(model: MLP, parameters: Arrays, X: Any, y: Any) -> Step:
    """One jitted update, the parameters donated."""
    import jax as j
    import jax.numpy as jnp

    j.config.update("jax_enable_x64", True)

    def loss_of(ps: Arrays, X: Any, y: Any) -> Any:
        h = X
        for i in range(0, len(ps), 2):
            h = (j.nn.relu(h) if i else h) @ ps[i] + ps[i + 1]
        return jnp.mean(j.nn.logsumexp(h, axis=1) - h[jnp.arange(len(y)), y])

    def update(ps: Arrays, X: Any, y: Any) -> Any:
        loss, gradients = j.value_and_grad(loss_of)(ps, X, y)
        return loss, [p - RATE * g for p, g in zip(ps, gradients, strict=True)]

    compiled = j.jit(update, donate_argnums=0)
    state = [[jnp.asarray(p) for p in parameters]]

    def step() -> float:
        loss, state[0] = compiled(state[0], X, y)
        return float(loss)

    return step


def autograd(model: MLP, parameters: Arrays, X: Any, y: Any) -> Step:
    """HIPS autograd's value_and_grad over its wrapped NumPy."""
    import autograd.numpy as anp
    from autograd import value_and_grad
    from autograd.scipy.special import logsumexp

    rows = np.arange(len(y))

    def loss_of(ps: Arrays) -> Any:
        h = X
        for i in range(0, len(ps), 2):
            h = anp.dot(anp.maximum(h, 0.0) if i else h, ps[i]) + ps[i + 1]
        return anp.mean(logsumexp(h, axis=1) - h[rows, y])

    differentiated = value_and_grad(loss_of)
    state = [[p.copy() for p in parameters]]

    def step() -> float:
        loss, gradients = differentiated(state[0])
        state[0] = [p - RATE * g for p, g in zip(state[0], gradients, strict=True)]
        return float(loss)

    return step


def mygrad(model: MLP, parameters: Arrays, X: Any, y: Any) -> Step:
    """MyGrad tensors with its own ReLU and softmax_crossentropy."""
    import mygrad as mg
    from mygrad.nnet.activations import relu
    from mygrad.nnet.losses import softmax_crossentropy

    leaves = [mg.tensor(p) for p in parameters]

    def step() -> float:
        h = X
        for i in range(0, len(leaves), 2):
            h = mg.matmul(relu(h) if i else h, leaves[i]) + leaves[i + 1]
        loss = softmax_crossentropy(h, y)
        loss.backward()
        for leaf in leaves:
            leaf.data -= RATE * leaf.grad
        return float(loss)

    return step


PEERS = {"torch": torch, "jax": jax, "autograd": autograd, "mygrad": mygrad}
ENGINES = ("numpy", "tensor", "tensor-replay", "tensor-compiled")
OURS = {name: engine(name) for name in ENGINES}


def compare(layers: tuple[int, ...], n: int, n_steps: int, n_rounds: int = 7) -> None:
    """Print microseconds a step of everything on one shape."""
    model = MLP(layers)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(n, layers[0])), rng.integers(0, layers[-1], n)
    makers = OURS | {name: make for name, make in PEERS.items() if find_spec(name)}
    steps = {name: make(model, model.initial_parameters(0), X, y) for name, make in makers.items()}
    first = {name: step() for name, step in steps.items()}
    assert max(abs(loss - first["numpy"]) for loss in first.values()) < 1e-9, first
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(n_rounds):
        for name, step in steps.items():
            times[name].append(min(_seconds(step, n_steps) for _ in range(5)))
    floor = times["numpy"]
    sys.stdout.write(f"MLP {layers}, batches of {n}\n")
    for name, own in times.items():
        paired = median(a / b for a, b in zip(own, floor, strict=True))
        sys.stdout.write(f"  {name:15s} {median(own) * 1e6:9.1f} µs  {paired:6.2f} × numpy\n")


def _seconds(step: Step, n: int) -> float:
    began = time.perf_counter()
    for _ in range(n):
        step()
    return (time.perf_counter() - began) / n


if __name__ == "__main__":
    compare((2, 32, 32, 3), 32, 200)
    compare((64, 512, 512, 10), 256, 6)
