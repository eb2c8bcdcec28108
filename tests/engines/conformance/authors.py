"""A tensor engine in the closure style, as the author of a small package would write it.

It is right; each of `FAULTS` gets one line of it wrong, the way people do.
"""

ENGINE = """
import numpy as np

from benchgrad.engines import ValueEngine


class Tensor:
    __array_ufunc__ = None

    def __init__(self, data, children=()):
        self.data = np.array(data, dtype=np.float64)
        self.grad = np.zeros_like(self.data)
        self.children = children
        self._backward = lambda: None

    shape = property(lambda self: self.data.shape)
    dtype = property(lambda self: self.data.dtype)

    def _add(self, gradient):
        while gradient.ndim > self.data.ndim:
            gradient = gradient.sum(axis=0)
        for axis, n in enumerate(self.data.shape):
            if n == 1:
                gradient = gradient.sum(axis=axis, keepdims=True)
        self.grad = self.grad + gradient

    def _made(self, data, children, *derivatives):
        out = Tensor(data, children)

        def backward():
            for child, derivative in zip(children, derivatives):
                child._add(derivative(out.grad))

        out._backward = backward
        return out

    def __add__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        return self._made(self.data + other.data, (self, other), lambda g: g, lambda g: g)

    def __mul__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        a, b = self.data, other.data
        return self._made(a * b, (self, other), lambda g: g * b, lambda g: g * a)

    def __truediv__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        a, b = self.data, other.data
        return self._made(a / b, (self, other), lambda g: g / b, lambda g: -g * a / b**2)

    def __pow__(self, n):
        assert isinstance(n, (int, float))
        a = self.data
        return self._made(a**n, (self,), lambda g: g * n * a ** (n - 1))

    def __matmul__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        a, b = self.data, other.data
        if a.ndim != 2 or b.ndim != 2:
            raise NotImplementedError("only matrices")
        return self._made(a @ b, (self, other), lambda g: g @ b.T, lambda g: a.T @ g)

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other

    def __rtruediv__(self, other):
        return Tensor(other) / self

    __radd__ = __add__
    __rmul__ = __mul__

    def exp(self):
        value = np.exp(self.data)
        return self._made(value, (self,), lambda g: g * value)

    def tanh(self):
        t = np.tanh(self.data)
        return self._made(t, (self,), lambda g: g * (1 - t**2))

    def relu(self):
        a = self.data
        return self._made(np.maximum(a, 0), (self,), lambda g: g * (a > 0))

    def sum(self, axis=None, keepdims=False):
        a = self.data

        def spread(g):
            if axis is not None and not keepdims:
                g = np.expand_dims(g, axis)
            return np.broadcast_to(g, a.shape)

        return self._made(a.sum(axis=axis, keepdims=keepdims), (self,), spread)

    def max(self, axis=None, keepdims=False):
        a = self.data
        best = a.max(axis=axis, keepdims=True)
        hit = a == best

        def spread(g):
            if axis is not None and not keepdims:
                g = np.expand_dims(g, axis)
            return g * hit / hit.sum(axis=axis, keepdims=True)

        return self._made(a.max(axis=axis, keepdims=keepdims), (self,), spread)

    def transpose(self, axes=None):
        back = None if axes is None else np.argsort([axis % self.data.ndim for axis in axes])
        return self._made(self.data.transpose(axes), (self,), lambda g: g.transpose(back))

    def __getitem__(self, index):
        def scatter(g):
            out = np.zeros_like(self.data)
            np.add.at(out, index, g)
            return out

        return self._made(self.data[index], (self,), scatter)

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, entered = stack.pop()
            if entered:
                order.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                stack.append((node, True))
                stack.extend((child, False) for child in node.children)
        for node in order:
            if node.children:
                node.grad = np.zeros_like(node.data)
        self.grad = self.grad + 1.0
        for node in reversed(order):
            node._backward()


engine = ValueEngine(
    "authored",
    kind="tensor",
    value=Tensor,
    operations=["exp", "tanh", "relu", "sum", "max", "transpose"],
)
"""

# The right text, the wrong one, and words of the cause that must be named.
FAULTS = {
    "no sum over an added axis": (
        "while gradient.ndim > self.data.ndim:",
        "while False:",
        "gradient of y not summed over the broadcast axis 0",
    ),
    "no sum over a stretched axis": (
        "            if n == 1:\n",
        "            if False:\n",
        "not summed over the broadcast axis",
    ),
    "= for +=": (
        "self.grad = self.grad + gradient",
        "self.grad = gradient + 0.0",
        "gradient overwritten instead of accumulated when a value is used twice",
    ),
    "operands of / swapped": (
        "lambda g: g / b, lambda g: -g * a / b**2",
        "lambda g: -g * a / b**2, lambda g: g / b",
        "operands swapped",
    ),
    "x / y by y as x / y**1": (
        "lambda g: -g * a / b**2",
        "lambda g: -g * a / b",
        "the divisor is not squared",
    ),
    "tanh without the square": ("(1 - t**2)", "(1 - t)", "the square in 1 − tanh² is missing"),
    "exp without the chain rule": (
        "lambda g: g * value)",
        "lambda g: value)",
        "not multiplied by the incoming gradient",
    ),
    "a factor of 1.001": (
        "(self, other), lambda g: g, lambda g: g)",
        "(self, other), lambda g: g, lambda g: 1.001 * g)",
        "off by a constant factor 1.001",
    ),
    "ties of max": (
        "g * hit / hit.sum(axis=axis, keepdims=True)",
        "g * hit",
        "every element that ties gets the whole gradient",
    ),
    "an index taken twice": (
        "np.add.at(out, index, g)",
        "out[index] = g",
        "taken more than once gets one of its gradients",
    ),
    "stale gradients": (
        "            if node.children:\n                node.grad",
        "            if False:\n                node.grad",
        "stale gradient",
    ),
    "breadth first": (
        "for node in reversed(order):",
        "for node in sorted(order, key=lambda n: n is not self):",
        "gradient missing",
    ),
    "graphs are kept": (
        "        self.children = children\n",
        "        self.children = children\n        Tensor.kept = self, vars(Tensor).get('kept')\n",
        "something keeps the graphs",
    ),
}


def with_fault(name):
    """Return the engine's source with one fault, and the words of its cause."""
    right, wrong, cause = FAULTS[name]
    assert ENGINE.count(right) == 1, right
    return ENGINE.replace(right, wrong), cause
