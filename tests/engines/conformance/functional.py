"""An engine that transforms functions: arrays are traced, and a tape is walked backward.

It is right, and offers what the field offers beyond benchgrad's own operations; `mutants` gets one
line of it wrong.
"""

import numpy as np

from benchgrad.engines import SGD, Capabilities, Classifier, Engine
from benchgrad.engines.operations import Operations


class Traced:
    """An array on a tape: what it was made from, and how its gradient goes back."""

    __array_ufunc__ = None

    def __init__(self, data, *sources):
        self.data = np.asarray(data)
        self.sources = sources  # (Traced, gradient of this -> gradient of that)

    shape = property(lambda self: self.data.shape)
    ndim = property(lambda self: self.data.ndim)
    T = property(lambda self: transpose(self))
    __add__ = __radd__ = lambda a, b: add(a, b)
    __mul__ = __rmul__ = lambda a, b: multiply(a, b)
    __sub__ = lambda a, b: subtract(a, b)
    __rsub__ = lambda a, b: subtract(b, a)
    __truediv__ = lambda a, b: divide(a, b)
    __rtruediv__ = lambda a, b: divide(b, a)
    __pow__ = lambda a, b: power(a, b)
    __rpow__ = lambda a, b: power(b, a)
    __matmul__ = lambda a, b: matmul(a, b)
    __rmatmul__ = lambda a, b: matmul(b, a)
    __neg__ = lambda a: negative(a)
    __getitem__ = lambda a, index: take(a, index)


def lift(a):
    return a if isinstance(a, Traced) else Traced(a)


def unbroadcast(g, shape):
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    return g.sum(axis=stretched, keepdims=True)


# --- two operands ------------------------------------------------------------------------------


def pair(function, by_a, by_b):
    def operation(a, b):
        a, b = lift(a), lift(b)
        x, y = a.data, b.data
        out = function(x, y)
        return Traced(
            out,
            (a, lambda g: unbroadcast(by_a(g, out, x, y), x.shape)),
            (b, lambda g: unbroadcast(by_b(g, out, x, y), y.shape)),
        )

    return operation


add = pair(np.add, lambda g, out, x, y: g, lambda g, out, x, y: g)
subtract = pair(np.subtract, lambda g, out, x, y: g, lambda g, out, x, y: -g)
multiply = pair(np.multiply, lambda g, out, x, y: g * y, lambda g, out, x, y: g * x)
divide = pair(np.divide, lambda g, out, x, y: g / y, lambda g, out, x, y: -g * out / y)
power = pair(
    np.power,
    lambda g, out, x, y: g * y * np.power(x, np.where(y == 0, y, y - 1)),
    lambda g, out, x, y: g * out * np.log(np.where(x > 0, x, 1)),
)
maximum = pair(np.maximum, lambda g, out, x, y: g * (x > y), lambda g, out, x, y: g * (y >= x))
minimum = pair(np.minimum, lambda g, out, x, y: g * (x < y), lambda g, out, x, y: g * (y <= x))


def where(condition, a, b):
    chosen = np.asarray(condition, bool)
    return pair(
        lambda x, y: np.where(chosen, x, y),
        lambda g, out, x, y: g * chosen,
        lambda g, out, x, y: g * ~chosen,
    )(a, b)


def matmul(a, b):
    a, b = lift(a), lift(b)
    x, y = a.data, b.data
    if min(x.ndim, y.ndim) < 1:
        raise ValueError("a matrix product needs axes")
    rows = x[None, :] if x.ndim == 1 else x
    columns = y[:, None] if y.ndim == 1 else y

    def full(g):
        g = g[..., None] if y.ndim == 1 else g
        return g[..., None, :] if x.ndim == 1 else g

    def by_a(g):
        return unbroadcast(full(g) @ columns.swapaxes(-1, -2), rows.shape).reshape(x.shape)

    def by_b(g):
        return unbroadcast(rows.swapaxes(-1, -2) @ full(g), columns.shape).reshape(y.shape)

    return Traced(x @ y, (a, by_a), (b, by_b))


# --- one operand -------------------------------------------------------------------------------


def unary(function, derivative):
    def operation(a):
        x = lift(a).data
        out = function(x)
        return Traced(out, (lift(a), lambda g: g * derivative(out, x)))

    return operation


def _sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def _gelu(x):
    return x * _sigmoid(1.702 * x)


negative = unary(np.negative, lambda out, x: -1)
exp = unary(np.exp, lambda out, x: out)
log = unary(np.log, lambda out, x: 1 / x)
tanh = unary(np.tanh, lambda out, x: 1 - out**2)
relu = unary(lambda x: np.maximum(x, 0), lambda out, x: x > 0)
sigmoid = unary(_sigmoid, lambda out, x: out * (1 - out))
sqrt = unary(np.sqrt, lambda out, x: 0.5 / out)
square = unary(np.square, lambda out, x: 2 * x)
sin = unary(np.sin, lambda out, x: np.cos(x))
cos = unary(np.cos, lambda out, x: -np.sin(x))
absolute = unary(np.abs, lambda out, x: np.sign(x))
softplus = unary(lambda x: np.logaddexp(0.0, x), lambda out, x: _sigmoid(x))
silu = unary(lambda x: x * _sigmoid(x), lambda out, x: _sigmoid(x) + out * (1 - _sigmoid(x)))
leaky_relu = unary(lambda x: np.where(x > 0, x, 0.07 * x), lambda out, x: np.where(x > 0, 1, 0.07))
elu = unary(lambda x: np.where(x > 0, x, np.expm1(x)), lambda out, x: np.where(x > 0, 1, out + 1))
gelu = unary(
    _gelu,
    lambda out, x: _sigmoid(1.702 * x) + 1.702 * out * (1 - _sigmoid(1.702 * x)),
)
arctan = unary(np.arctan, lambda out, x: 1 / (1 + x**2))


def clip(a, low, high):
    return unary(lambda x: np.clip(x, low, high), lambda out, x: (x > low) & (x < high))(a)


# --- along axes --------------------------------------------------------------------------------


def reduction(function, back):
    def operation(a, axis=None, keepdims=False, **rest):
        x = lift(a).data
        out = function(x, axis=axis, keepdims=True, **rest)
        shown = out if keepdims else out.reshape(function(x, axis=axis, **rest).shape)

        def pull(g):
            return back(np.asarray(g).reshape(out.shape), out, x, x.size / max(out.size, 1), axis)

        return Traced(shown, (lift(a), pull))

    return operation


def _shares(out, x, axis):
    hit = x == out
    return hit / hit.sum(axis=axis, keepdims=True)


def _norm(x, axis=None, keepdims=False):
    return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))


total = reduction(np.sum, lambda g, out, x, n, axis: g * np.ones_like(x))
mean = reduction(np.mean, lambda g, out, x, n, axis: g * np.ones_like(x) / n)
largest = reduction(np.max, lambda g, out, x, n, axis: g * _shares(out, x, axis))
smallest = reduction(np.min, lambda g, out, x, n, axis: g * _shares(out, x, axis))
prod = reduction(np.prod, lambda g, out, x, n, axis: g * out / x)
var = reduction(
    np.var, lambda g, out, x, n, axis: g * 2 * (x - x.mean(axis=axis, keepdims=True)) / n
)
std = reduction(
    np.std, lambda g, out, x, n, axis: g * (x - x.mean(axis=axis, keepdims=True)) / (n * out)
)
norm = reduction(_norm, lambda g, out, x, n, axis: g * x / out)


def cumsum(a, axis):
    def pull(g):
        return np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)

    return Traced(np.cumsum(lift(a).data, axis=axis), (lift(a), pull))


def softmax(a, axis=-1):
    x = lift(a).data
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    out = e / e.sum(axis=axis, keepdims=True)
    return Traced(out, (lift(a), lambda g: out * (g - (g * out).sum(axis=axis, keepdims=True))))


def log_softmax(a, axis=-1):
    x = lift(a).data
    x = x - x.max(axis=axis, keepdims=True)
    out = x - np.log(np.exp(x).sum(axis=axis, keepdims=True))
    return Traced(out, (lift(a), lambda g: g - np.exp(out) * g.sum(axis=axis, keepdims=True)))


# --- shapes ------------------------------------------------------------------------------------


def shaping(function, back):
    def operation(a, *arguments, **rest):
        x = lift(a).data
        return Traced(
            function(x, *arguments, **rest), (lift(a), lambda g: back(g, x, *arguments, **rest))
        )

    return operation


def _transposed_back(g, x, axes=None):
    return np.transpose(g, None if axes is None else np.argsort([i % x.ndim for i in axes]))


def _taken_back(g, x, index):
    out = np.zeros(x.shape, g.dtype)
    np.add.at(out, index, g)
    return out


def _unpadded(g, x, width):
    pairs = np.broadcast_to(width, (x.ndim, 2))
    return g[tuple(slice(before, before + n) for (before, _), n in zip(pairs, x.shape))]


def _reshaped_back(g, x, *arguments, **rest):
    return g.reshape(x.shape)


reshape = shaping(np.reshape, _reshaped_back)
squeeze = shaping(np.squeeze, _reshaped_back)
expand_dims = shaping(np.expand_dims, _reshaped_back)
ravel = shaping(np.ravel, _reshaped_back)
transpose = shaping(np.transpose, _transposed_back)
swapaxes = shaping(np.swapaxes, lambda g, x, i, j: np.swapaxes(g, i, j))
take = shaping(lambda x, index: x[index], _taken_back)
pad = shaping(np.pad, _unpadded)
broadcast_to = shaping(np.broadcast_to, lambda g, x, shape: unbroadcast(g, x.shape))


def concatenate(arrays, axis=0):
    arrays = [lift(a) for a in arrays]
    ends = np.cumsum([a.data.shape[axis] for a in arrays])

    def part(k):
        return lambda g: np.split(g, ends[:-1], axis=axis)[k]

    out = np.concatenate([a.data for a in arrays], axis=axis)
    return Traced(out, *((a, part(k)) for k, a in enumerate(arrays)))


def stack(arrays, axis=0):
    arrays = [lift(a) for a in arrays]

    def part(k):
        return lambda g: np.take(g, k, axis=axis)

    return Traced(
        np.stack([a.data for a in arrays], axis=axis),
        *((a, part(k)) for k, a in enumerate(arrays)),
    )


# --- losses ------------------------------------------------------------------------------------


def mse(a, b):
    return mean(square(subtract(a, b)))


def bce(p, target):
    return -mean(target * log(p) + (1 - target) * log(1 - p))


def softmax_cross_entropy(a, labels):
    x, rows = lift(a).data, np.arange(len(labels))
    out = -log_softmax(x, axis=1).data[rows, labels].mean()

    def pull(g):
        p = np.exp(log_softmax(x, axis=1).data)
        p[rows, labels] -= 1
        return g * p / len(labels)

    return Traced(out, (lift(a), pull))


TABLE = {
    **{f.__name__: f for f in (where, matmul, clip, cumsum, softmax, log_softmax)},
    **{f.__name__: f for f in (concatenate, stack, mse, bce, softmax_cross_entropy)},
    **{"add": add, "subtract": subtract, "multiply": multiply, "divide": divide, "power": power},
    **{"maximum": maximum, "minimum": minimum, "negative": negative, "exp": exp, "log": log},
    **{"tanh": tanh, "relu": relu, "sigmoid": sigmoid, "sqrt": sqrt, "square": square},
    **{"sin": sin, "cos": cos, "abs": absolute, "softplus": softplus, "silu": silu, "elu": elu},
    **{"leaky_relu": leaky_relu, "gelu": gelu, "arctan": arctan, "sum": total, "mean": mean},
    **{"max": largest, "min": smallest, "prod": prod, "var": var, "std": std, "norm": norm},
    **{"reshape": reshape, "squeeze": squeeze, "expand_dims": expand_dims, "ravel": ravel},
    **{"transpose": transpose, "swapaxes": swapaxes, "pad": pad, "broadcast_to": broadcast_to},
    "detach": lambda a: Traced(lift(a).data),
}


# --- the engine --------------------------------------------------------------------------------


def ordered(out):
    order, entered, stack = [], set(), [(out, False)]
    while stack:
        node, is_done = stack.pop()
        if is_done:
            order.append(node)
        elif id(node) not in entered:
            entered.add(id(node))
            stack.append((node, True))
            stack.extend((source, False) for source, _ in node.sources)
    return order


def pull_back(out):
    gradients = {id(out): np.ones_like(out.data)}
    for node in reversed(ordered(out)):
        g = gradients[id(node)]
        for source, pull in node.sources:
            got = pull(g)
            known = gradients.get(id(source))
            gradients[id(source)] = got if known is None else known + got
    return gradients


class FunctionalClassifier(Classifier):
    def __init__(self, engine, model, parameters, optimizer, dtype):
        self.engine, self.model, self.optimizer = engine, model, optimizer
        self.own = [np.array(p, dtype) for p in parameters]
        self.velocities = [np.zeros_like(p) for p in self.own]

    def of(self, X, y):
        def loss(ops, *parameters):
            out = self.scores(ops, X, parameters)
            if self.model.loss == "cross_entropy":
                return ops.cross_entropy(out, y)
            margins = ops.relu(out - ops.pick(out, y[:, None]) + 1.0)
            return ops.mean(ops.sum(margins, axis=1)) - 1.0

        return self.engine.value_and_grad(loss, *self.own)

    def scores(self, ops, X, parameters):
        h = X
        for i in range(0, len(parameters), 2):
            h = h @ parameters[i] + parameters[i + 1]
            if i < len(parameters) - 2:
                h = getattr(ops, self.model.activation)(h)
        return h

    def train_step(self, X, y):
        loss, gradients = self.of(X, y)
        for p, g, v in zip(self.own, gradients, self.velocities):
            self.optimizer.update(p, g, v)
        return loss

    def gradients(self, X, y):
        return self.of(X, y)[1]

    def logits(self, X):
        ops = Operations("functional", TABLE)
        return self.scores(ops, X, [Traced(p) for p in self.own]).data

    def parameters(self):
        return [np.array(p, np.float64) for p in self.own]


class FunctionalEngine(Engine):
    name, kind = "functional", "tensor"
    capabilities = Capabilities(frozenset(TABLE), ("float64", "float32"))
    extra = {"hump": (lambda x, y: total(exp(negative(square(x))) * y), ((2, 3), (3,)))}

    def classifier(self, model, parameters, optimizer: SGD, dtype="float64"):
        self.require_dtype(dtype)
        return FunctionalClassifier(self, model, parameters, optimizer, dtype)

    def value_and_grad(self, function, *arrays):
        leaves = [Traced(np.array(a)) for a in arrays]
        out = lift(function(Operations(self.name, TABLE), *leaves))
        gradients = pull_back(out)
        zeros = [np.zeros(a.shape, a.dtype if a.dtype.kind == "f" else float) for a in arrays]
        found = [gradients.get(id(leaf), zero) for leaf, zero in zip(leaves, zeros)]
        dtypes = [zero.dtype for zero in zeros]
        return float(out.data.item()), [np.array(g, d) for g, d in zip(found, dtypes)]


engine = FunctionalEngine()
