"""Value classes as others write them: each style trains as `numpy` does, with what it overrides."""

import math

import numpy as np
import pytest

from benchgrad.engines import MLP, SGD, UnsupportedError, ValueEngine, load, tensor

SCALAR = ("exp", "log", "relu", "tanh")
BOTH = ("cross_entropy", "hinge")


class Number:
    """A scalar without a spelling: the styles below give `v` and `g` their own names."""

    def __init__(self, v, sources=()):
        self.v, self.g, self.sources = v, 0.0, sources

    def new(self, v, *sources):
        out = type(self)(v)
        out.sources = sources
        return out

    def of(self, other):
        return other if isinstance(other, Number) else type(self)(other)

    def __add__(self, other):
        other = self.of(other)
        return self.new(self.v + other.v, (self, 1.0), (other, 1.0))

    def __mul__(self, other):
        other = self.of(other)
        return self.new(self.v * other.v, (self, other.v), (other, self.v))

    def __sub__(self, other):
        return self + self.of(other) * -1.0

    __radd__, __rmul__ = __add__, __mul__

    def exp(self):
        return self.new(math.exp(self.v), (self, math.exp(self.v)))

    def log(self):
        return self.new(math.log(self.v), (self, 1.0 / self.v))

    def relu(self):
        return self.new(max(self.v, 0.0), (self, float(self.v > 0)))

    def tanh(self):
        return self.new(math.tanh(self.v), (self, 1.0 - math.tanh(self.v) ** 2))

    def order(self):
        order, stack = {}, [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order[node] = None
            elif node not in order:
                stack += [(node, True), *((source, False) for source, _ in node.sources)]
        return list(order)

    def flow(self):
        """Add to `g` of everything below; nodes are used once, so theirs are zero before."""
        self.g = 1.0
        for node in reversed(self.order()):
            for source, slope in node.sources:
                source.g += slope * node.g


class Plain(Number):
    """`data` and `grad`, as ValueEngine expects them."""

    data = property(lambda self: self.v, lambda self, v: setattr(self, "v", v))
    grad = property(lambda self: self.g, lambda self, g: setattr(self, "g", g))
    backward = Number.flow


class WithNone(Plain):
    """`grad` is None until something arrives; then it is set, later added to."""

    def __init__(self, v, sources=()):
        super().__init__(v, sources)
        self.g = None

    def backward(self):
        self.g = 1.0
        for node in reversed(self.order()):
            for source, slope in node.sources:
                part = slope * node.g
                source.g = part if source.g is None else source.g + part


class WithValues(Plain):
    """`grad` is a Value itself, as in engines that differentiate twice."""

    grad = property(lambda self: Plain(self.g), lambda self, g: setattr(self, "g", self.of(g).v))


class WithValuesEngine(ValueEngine):
    def gradient(self, value):
        return value.grad.data

    def zero(self, value):
        value.grad = Plain(0.0)


class Anew(Plain):
    """`backward` sets gradients anew and adds to none; they cannot be set from outside."""

    grad = property(lambda self: self.g)

    def backward(self):
        for node in self.order():
            node.g = 0.0
        self.flow()


class AnewEngine(ValueEngine):
    def zero(self, value):
        pass


class InPlace(Plain):
    """`data` is written to by a method only."""

    data = property(lambda self: self.v)

    def fill(self, v):
        self.v = v


class InPlaceEngine(ValueEngine):
    def assign(self, value, data):
        value.fill(data)


class LeftOnly(Plain):
    """No reflected operators: a number on the left is a TypeError."""

    __radd__ = __rmul__ = None


class Wrapping(ValueEngine):
    def constant(self, data):
        return self.value(data)


class FloatsOnly(Plain):
    """Takes floats, no other numbers: neither True nor 1."""

    def of(self, other):
        assert type(other) in (float, FloatsOnly)
        return super().of(other)


class Rectified(Plain):
    """No exp and no log."""

    exp = log = tanh = None


class Variable(Plain):
    """Made by users; operations make nodes of another class."""

    def new(self, v, *sources):
        return Plain(v, sources)

    def of(self, other):
        return other if isinstance(other, Number) else Plain(other)


class Spelt(Number):
    """Every name is another one; the functions are no methods."""


class SpeltEngine(ValueEngine):
    def read(self, value):
        return value.v

    def assign(self, value, data):
        value.v = data

    def gradient(self, value):
        return value.g

    def zero(self, value):
        value.g = 0.0

    def backward(self, loss):
        loss.flow()


def forwarded(name):
    """Return a method that asks the Value inside, and wraps what it answers."""

    def method(self, *operands, **keywords):
        inner = [getattr(operand, "inner", operand) for operand in operands]
        return type(self)(getattr(self.inner, name)(*inner, **keywords))

    return method


class Opaque:
    """A tensor that shows `data` and `grad`, but neither a shape nor a dtype."""

    def __init__(self, array):
        self.inner = array if isinstance(array, tensor.Value) else tensor.Value(array)

    data = property(
        lambda self: self.inner.data, lambda self, data: setattr(self.inner, "data", data)
    )
    grad = property(
        lambda self: self.inner.grad, lambda self, grad: setattr(self.inner, "grad", grad)
    )

    def backward(self):
        self.inner.backward()

    __add__, __sub__, __mul__ = forwarded("__add__"), forwarded("__sub__"), forwarded("__mul__")
    __matmul__, __getitem__ = forwarded("__matmul__"), forwarded("__getitem__")
    exp, log = forwarded("exp"), forwarded("log")
    relu, tanh = forwarded("relu"), forwarded("tanh")
    sum, max, detach = forwarded("sum"), forwarded("max"), forwarded("detach")


TENSOR = ("exp", "log", "relu", "tanh", "sum", "max", "detach")


class Unindexed(Opaque):
    """No indexing: a label's score is picked by a product with ones and zeros."""

    __getitem__ = None


def pick(v, columns):
    n, k = v.data.shape
    chosen = (np.arange(k) == columns.reshape(n, 1)).astype(float)
    return (v * Unindexed(chosen)).sum(axis=1, keepdims=columns.ndim == 2)


class Torchlike(Opaque):
    """`dim` and `keepdim` for `axis` and `keepdims`."""

    def sum(self, dim=None, keepdim=False):
        return Torchlike(self.inner.sum(axis=dim, keepdims=keepdim))

    def max(self, dim=None, keepdim=False):
        return Torchlike(self.inner.max(axis=dim, keepdims=keepdim))


TORCHLIKE = {name: getattr(Torchlike, name) for name in TENSOR} | {
    "sum": lambda v, axis=None, keepdims=False: v.sum(axis, keepdims),
    "max": lambda v, axis=None, keepdims=False: v.max(axis, keepdims),
}


def scalars(value, engine=ValueEngine, operations=SCALAR):
    return engine(value.__name__, kind="scalar", value=value, operations=operations)


def tensors(value, operations=TENSOR, **keywords):
    return ValueEngine(
        value.__name__, kind="tensor", value=value, operations=operations, **keywords
    )


RELU_ONLY = scalars(Rectified, operations=["relu"])
STYLES = [
    (scalars(Plain), BOTH),
    (scalars(WithNone), BOTH),
    (scalars(WithValues, WithValuesEngine), BOTH),
    (scalars(Anew, AnewEngine), BOTH),
    (scalars(InPlace, InPlaceEngine), BOTH),
    (scalars(LeftOnly, Wrapping), BOTH),
    (scalars(FloatsOnly), BOTH),
    (RELU_ONLY, ("hinge",)),
    (scalars(Spelt, SpeltEngine, {name: getattr(Number, name) for name in SCALAR}), BOTH),
    (tensors(Opaque), BOTH),
    (tensors(Unindexed, compounds={"pick": pick}), BOTH),
    (tensors(Torchlike, TORCHLIKE), BOTH),
]


@pytest.mark.parametrize(
    ("engine", "loss"),
    [
        pytest.param(engine, loss, id=f"{engine.name} {loss}")
        for engine, losses in STYLES
        for loss in losses
    ],
)
def test_style_trains_as_numpy_does(engine, loss):
    model, rule = MLP((2, 4, 3), "relu", loss), SGD(0.1, momentum=0.9)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(7, 2)), rng.integers(0, 3, size=7)
    ours = engine.classifier(model, model.initial_parameters(0), rule)
    reference = load("numpy").classifier(model, model.initial_parameters(0), rule)
    for _ in range(3):
        assert ours.train_step(X, y) == pytest.approx(reference.train_step(X, y), abs=1e-13)
    for found, expected in [
        *zip(ours.parameters(), reference.parameters(), strict=True),
        *zip(ours.gradients(X, y), reference.gradients(X, y), strict=True),
        (ours.logits(X), reference.logits(X)),
    ]:
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


def test_what_lacks_exp_and_log_says_so():
    model = MLP((2, 4, 3), "relu", "cross_entropy")
    with pytest.raises(UnsupportedError, match=r"^needs exp, log$"):
        RELU_ONLY.classifier(model, model.initial_parameters(0), SGD(0.1))


def test_nodes_of_another_class_than_the_leaves():
    class VariableEngine(ValueEngine):
        def is_value(self, native):
            return isinstance(native, Number)

    engine = scalars(Variable, VariableEngine)
    value, (gradient,) = engine.value_and_grad(lambda ops, x: ops.sum(ops.exp(x)), np.zeros(2))
    assert value == 2.0
    np.testing.assert_array_equal(gradient, [1.0, 1.0])
