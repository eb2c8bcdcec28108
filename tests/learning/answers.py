"""Answers to the exercises: a right one to each, and at least three typical wrong ones.

A wrong answer is an edit of the right one: what is replaced, by what, and the words that the hint
must have. They are not part of the package.
"""

from typing import NamedTuple


class Answers(NamedTuple):
    """A right answer, and edits of it."""

    right: str
    wrong: tuple[tuple[str, str, str], ...]

    def edited(self, edit):
        """Return the right answer with one edit."""
        old, new, _ = edit
        assert self.right.count(old) == 1, f"{old!r} is there {self.right.count(old)} times"
        return self.right.replace(old, new)


_VALUE = """
import math


class Value:
    def __init__(self, data, parents=(), partials=()):
        self.data, self.parents, self.partials = data, parents, partials
"""

ANSWERS = {
    "1.1": Answers(
        _VALUE
        + """
    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), (other.data, self.data))
""",
        (
            ("(other.data, self.data)", "(self.data, other.data)", "swapped"),
            ("(self, other), (other", "(), (other", "does not remember"),
            ("(other.data, self.data)", "(1.0, 1.0)", "partials of a sum"),
        ),
    ),
    "1.2": Answers(
        _VALUE
        + """
    def __mul__(self, other):
        if isinstance(other, Value):
            return Value(self.data * other.data, (self, other), (other.data, self.data))
        return Value(self.data * other, (self,), (other,))

    def __rmul__(self, other):
        return self * other
""",
        (
            ("(self,), (other,)", "(self,), (self.data,)", "the number, 3"),
            ("(self,), (other,)", "(self, Value(other)), (other, self.data)", "2 parents"),
            ("return self * other\n", "return other * self\n", "calls itself forever"),
            ("(self,), (other,)", "(self,), other", "bare number"),
        ),
    ),
    "1.3": Answers(
        _VALUE
        + """
    def tanh(self):
        out = math.tanh(self.data)
        return Value(out, (self,), (1 - out * out,))
""",
        (
            ("1 - out * out", "1 - out", "square is missing"),
            ("1 - out * out", "1 - self.data**2", "square the result"),
            ("(1 - out * out,)", "1 - out * out", "bare number"),
        ),
    ),
    "2.1": Answers(
        """
def ordered(root):
    order, entered, stack = [], set(), [(root, False)]
    while stack:
        node, is_done = stack.pop()
        if is_done:
            order.append(node)
        elif node not in entered:
            entered.add(node)
            stack.append((node, True))
            stack += [(parent, False) for parent in node.parents]
    return order
""",
        (
            ("entered.add(node)", "pass", "appears twice"),
            (
                "            order.append(node)",
                "            order.insert(0, node)",
                "before its parent",
            ),
            (
                "    order, entered, stack = [], set(), [(root, False)]\n",
                """
    order, entered, stack = [], set(), []

    def visit(node):
        if node not in entered:
            entered.add(node)
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(root)
""",
                "recurses too deeply",
            ),
        ),
    ),
    "2.2": Answers(
        """
def backward(root, order):
    root.grad = 1.0
    for node in reversed(order):
        for parent, partial in zip(node.parents, node.partials):
            parent.grad += partial * node.grad
""",
        (
            ("parent.grad += partial", "parent.grad = partial", "you overwrite"),
            ("root.grad = 1.0", "pass", "with respect to itself is 1"),
            ("reversed(order)", "order", "reversed"),
        ),
    ),
    "2.3": Answers(
        """
def backward(root, order):
    for node in order:
        if node.parents:
            node.grad = 0.0
    root.grad = 1.0
    for node in reversed(order):
        for parent, partial in zip(node.parents, node.partials):
            parent.grad += partial * node.grad
""",
        (
            ("            node.grad = 0.0", "            pass", "passes on an old gradient"),
            ("        if node.parents:", "        if True:", "leaves accumulate"),
            ("    root.grad = 1.0\n", "", "every gradient is 0"),
            (
                """        if node.parents:
            node.grad = 0.0
    root.grad = 1.0
    for node in reversed(order):
        for parent, partial in zip(node.parents, node.partials):
""",
                """        pass
    root.grad = 1.0
    for node in reversed(order):
        for parent, partial in zip(node.parents, node.partials):
            if parent.parents:
                parent.grad = 0.0
""",
                "loses what came first",
            ),
        ),
    ),
    "3.1": Answers(
        """
def neuron(x, w, b):
    return (sum(wi * xi for xi, wi in zip(x, w)) + b).relu()
""",
        (
            (" + b)", ")", "bias is missing"),
            (" + b).relu()", ").relu() + b", "comes too early"),
            (".relu()", "", "relu is missing"),
            ("wi * xi", "wi.data * xi", "do not reach the weights"),
            (
                "(sum(wi * xi for xi, wi in zip(x, w)) + b).relu()",
                "max(sum(wi.data * xi for xi, wi in zip(x, w)) + b.data, 0.0)",
                "remembers nothing",
            ),
        ),
    ),
    "3.2": Answers(
        """
import math


def cross_entropy(scores, label):
    top = max(scores)
    total = sum(math.exp(score - top) for score in scores)
    return math.log(total) + top - scores[label]
""",
        (
            (
                "return math.log(total) + top - scores[label]",
                "return scores[label] - math.log(total) - top",
                "sign is flipped",
            ),
            ("top = max(scores)", "top = 0.0", "overflows"),
            ("+ top - scores", "- scores", "never negative: you subtracted"),
            (
                "return math.log(total) + top - scores[label]",
                "return math.exp(scores[label] - top) / total",
                "the probability",
            ),
        ),
    ),
    "3.3": Answers(
        """
def step(parameters, learning_rate):
    for p in parameters:
        p.data -= learning_rate * p.grad
        p.grad = 0.0
""",
        (
            ("p.data -=", "p.data +=", "uphill"),
            ("        p.grad = 0.0\n", "", "not reset"),
            ("learning_rate * p.grad", "p.grad", "learning rate is missing"),
            (
                "p.data -= learning_rate * p.grad",
                "p = p - learning_rate * p.grad",
                "Change `p.data`",
            ),
        ),
    ),
    "4.1": Answers(
        """
def count(root):
    seen, stack, n = {root}, [root], 0
    while stack:
        node = stack.pop()
        if node.parents:
            n += 1
        for parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return n
""",
        (
            (
                "        if node.parents:\n            n += 1",
                "        n += 1",
                "leaves are counted",
            ),
            ("if parent not in seen:", "if True:", "counted twice"),
            ("    return n\n", "    return len(root.parents)\n", "chain of three"),
            (
                "seen, stack, n = {root}, [root], 0",
                "seen, stack, n = {root}, list(dict.fromkeys(root.parents)), 0",
                "the root is missing",
            ),
        ),
    ),
    "4.2": Answers(
        """
import gc


def leftover(make):
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    make()
    found = gc.collect()
    if was_enabled:
        gc.enable()
    return found
""",
        (
            ("    gc.collect()\n    gc.disable()", "    gc.disable()", "earlier rubbish"),
            ("    gc.disable()\n", "", "collector ran in between"),
            ("    make()\n", "    kept = make()\n", "kept alive"),
        ),
    ),
    "4.3": Answers(
        """
def costs(n, a, m, b):
    per_node = (b - a) / (m - n)
    return a - n * per_node, per_node
""",
        (
            ("(b - a) / (m - n)", "(m - n) / (b - a)", "nodes per second"),
            ("(b - a) / (m - n)", "b / m", "fixed part is still in it"),
            ("a - n * per_node", "a - per_node", "leaves 0.5 s"),
        ),
    ),
    "5.1": Answers(
        """
from benchgrad.engines.scalar import Value


def dot(x, w, b):
    data = b.data + sum(xi.data * wi.data for xi, wi in zip(x, w))
    partials = [wi.data for wi in w] + [xi.data for xi in x] + [1.0]
    return Value(data, (*x, *w, b), tuple(partials), "dot")
""",
        (
            ("data = b.data + sum", "data = sum", "bias is missing"),
            (
                "[wi.data for wi in w] + [xi.data for xi in x]",
                "[xi.data for xi in x] + [wi.data for wi in w]",
                "not in the order",
            ),
            (" + [1.0]", "", "4 partials for 5 parents"),
            (
                "(*x, *w, b), tuple(partials)",
                "(x[0], w[0], x[1], w[1], b), (w[0].data, x[0].data, w[1].data, x[1].data, 1.0)",
                "in the wrong order",
            ),
        ),
    ),
    "5.2": Answers(
        """
from benchgrad.engines.scalar import Value


def dot(x, w, b):
    data = b.data + sum(xi * wi.data for xi, wi in zip(x, w))
    return Value(data, (*w, b), (*x, 1.0), "dot")
""",
        (
            (
                "(*w, b), (*x, 1.0)",
                "(*x, *w, b), (*[v.data for v in w], *x, 1.0)",
                "plain number is among",
            ),
            (
                "(*w, b), (*x, 1.0)",
                "(*map(Value, x), *w, b), (*[v.data for v in w], *x, 1.0)",
                "5 parents, not 3",
            ),
            (
                "(*x, 1.0)",
                "(*[xi if wi.data else 0.0 for xi, wi in zip(x, w)], 1.0)",
                "whatever the weight",
            ),
            ("(*x, 1.0)", "(*[v.data for v in w], 1.0)", "their own partials"),
        ),
    ),
    "5.3": Answers(
        """
def nodes(n_in, n_out):
    return 2 * n_in * n_out, n_out
""",
        (
            ("2 * n_in * n_out", "(2 * n_in - 1) * n_out", "additions of the bias"),
            ("2 * n_in * n_out", "2 * n_in", "that is one neuron"),
            ("2 * n_in * n_out", "n_in * n_out", "only products"),
            ("2 * n_in * n_out, n_out", "n_out, 2 * n_in * n_out", "the pair is swapped"),
            ("2 * n_in * n_out, n_out", "2 * n_in * n_out", "must be a pair"),
        ),
    ),
    "6.1": Answers(
        """
def by_matmul(g, A, B):
    return g @ B.T, A.T @ g
""",
        (
            ("g @ B.T", "g @ B", "gradient of A lacks a transpose"),
            ("g @ B.T, A.T @ g", "A.T @ g, g @ B.T", "swapped"),
            ("g @ B.T", "g * B", "element by element"),
        ),
    ),
    "6.2": Answers(
        """
import numpy as np


def by_sum(g, a, axis):
    return np.broadcast_to(np.expand_dims(g, axis), a.shape)
""",
        (
            ("np.broadcast_to(np.expand_dims(g, axis), a.shape)", "g", "shape of its array"),
            ("np.expand_dims(g, axis)", "g", "wrong axis"),
            ("a.shape)", "a.shape) / a.shape[axis]", "gradient of a mean"),
            ("np.broadcast_to(np.expand_dims(g, axis), a.shape)", "a * g", "as `a` is here"),
            ("np.broadcast_to(np.expand_dims(g, axis), a.shape)", "a * 0.0 + 1.0", "chain rule"),
        ),
    ),
    "6.3": Answers(
        """
import math


def rows_for(fixed, per_row, factor):
    return math.ceil(fixed / (per_row * (factor - 1)))
""",
        (
            ("(factor - 1)", "factor", "own cost on top"),
            ("math.ceil", "int", "just too few"),
            ("math.ceil", "float", "a whole number of rows"),
            ("math.ceil", "round", "33 rows"),
            ("per_row * (factor - 1)", "factor - 1", "multiplies `per_row`"),
        ),
    ),
    "7.1": Answers(
        """
def broadcast(a, b):
    n = max(len(a), len(b))
    a, b = (1,) * (n - len(a)) + a, (1,) * (n - len(b)) + b
    shape = []
    for i, j in zip(a, b):
        if i != j and 1 not in (i, j):
            raise ValueError(f"{i} and {j} do not match")
        shape.append(j if i == 1 else i)
    return tuple(shape)
""",
        (
            (
                "(1,) * (n - len(a)) + a, (1,) * (n - len(b)) + b",
                "a + (1,) * (n - len(a)), b + (1,) * (n - len(b))",
                "at their ends",
            ),
            (" and 1 not in (i, j)", "", "is stretched"),
            ("tuple(shape)", "shape", "a shape is a tuple"),
            (
                '            raise ValueError(f"{i} and {j} do not match")',
                "            pass",
                "raise a ValueError",
            ),
        ),
    ),
    "7.2": Answers(
        """
def unbroadcast(gradient, shape):
    added = gradient.ndim - len(shape)
    gradient = gradient.sum(axis=tuple(range(added)))
    axes = tuple(i for i, n in enumerate(shape) if n == 1 and gradient.shape[i] != 1)
    return gradient.sum(axis=axes, keepdims=True)
""",
        (
            (
                "gradient.sum(axis=tuple(range(added)))",
                "gradient.mean(axis=tuple(range(added)))",
                "the mean",
            ),
            ("keepdims=True", "keepdims=False", "keepdims=True"),
            (
                "    return gradient.sum(axis=axes, keepdims=True)",
                "    return gradient",
                "stretched axis",
            ),
        ),
    ),
    "7.3": Answers(
        """
def pass_on(parent, gradient):
    if parent.grad is None:
        parent.grad = gradient.copy()
    else:
        parent.grad = parent.grad + gradient
""",
        (
            ("gradient.copy()", "gradient", "keep a copy"),
            ("parent.grad is None", "parent.grad == None", "ask `parent.grad is None`"),
            (
                "parent.grad = parent.grad + gradient",
                "parent.grad = gradient.copy()",
                "replaces the first",
            ),
            (
                "        parent.grad = gradient.copy()\n    else:\n        parent.grad = parent.grad + gradient",
                "        parent.grad = gradient\n    else:\n        parent.grad += gradient",
                "not its own",
            ),
        ),
    ),
    "8.1": Answers(
        """
class Tape:
    def __init__(self):
        self.calls = []

    def call(self, function, out, *operands):
        function(*operands, out=out)
        self.calls.append((function, out, operands))

    def replay(self):
        for function, out, operands in self.calls:
            function(*operands, out=out)
""",
        (
            ("in self.calls:", "in reversed(self.calls):", "wrong order"),
            (
                "        for function, out, operands in self.calls:\n",
                "        while self.calls:\n            function, out, operands = self.calls.pop(0)\n",
                "second replay() does nothing",
            ),
            (
                "            function(*operands, out=out)\n",
                "            out = function(*operands)\n",
                "changes nothing in `out`",
            ),
            (
                "        function(*operands, out=out)\n        self",
                "        self",
                "call() must make the call",
            ),
        ),
    ),
    "8.2": Answers(
        """
def varying(steps, inputs):
    known = set(inputs)
    found = []
    for target, operands in steps:
        if known & set(operands):
            known.add(target)
            found.append(target)
    return found
""",
        (
            ("            known.add(target)\n", "", "varies as well"),
            ("if known & set(operands):", "if True:", "constants alone"),
            ("found = []", "found = list(inputs)", "an input is not computed"),
            ("    return found\n", "    return sorted(found)\n", "order of the steps"),
            (
                "        if known & set(operands):\n",
                "        for operand in known & set(operands):\n",
                "each target once",
            ),
        ),
    ),
    "8.3": Answers(
        """
def share(lives):
    free_after, found = [], []
    for made, last in lives:
        for number, until in enumerate(free_after):
            if until < made:
                break
        else:
            number = len(free_after)
            free_after.append(last)
        free_after[number] = last
        found.append(number)
    return found
""",
        (
            ("until < made", "until <= made", "only after that step"),
            ("until < made", "False", "no memory is reused"),
            ("until < made", "number < 1", "alive at once"),
        ),
    ),
    "9.1": Answers(
        """
def run(ops, left, right, data):
    data = list(data)
    for op, i, j in zip(ops, left, right):
        data.append(data[i] * data[j] if op == 1 else data[i] + data[j])
    return data
""",
        (
            ("op == 1", "op == 0", "mixed up"),
            (
                "    for op, i, j",
                "    for op, i, j in zip(ops, right, left):\n        data[9]\n    for op, i, j",
                "past the end",
            ),
            ("data = list(data)", "pass", "begin with a copy"),
            ("    return data\n", "    return data[-len(ops):]\n", "are 4 numbers"),
        ),
    ),
    "9.2": Answers(
        """
def backward(ops, left, right, data):
    n = len(data) - len(ops)
    grads = [0.0] * len(data)
    grads[-1] = 1.0
    for k in reversed(range(len(ops))):
        g, i, j = grads[n + k], left[k], right[k]
        by_left, by_right = (data[j], data[i]) if ops[k] == 1 else (1.0, 1.0)
        grads[i] += g * by_left
        grads[j] += g * by_right
    return grads
""",
        (
            ("grads[j] += g", "grads[j] = g", "overwrite nothing"),
            ("(data[j], data[i])", "(data[i], data[j])", "swapped"),
            ("reversed(range(len(ops)))", "range(len(ops))", "from the last node to the first"),
        ),
    ),
    "9.3": Answers(
        """
def factors(times):
    interpreter = times["numbers", "Python"] / times["numbers", "machine code"]
    granularity = times["numbers", "machine code"] / times["arrays", "machine code"]
    return interpreter, granularity
""",
        (
            (
                'times["numbers", "Python"] / times["numbers", "machine code"]',
                'times["numbers", "machine code"] / times["numbers", "Python"]',
                "upside down",
            ),
            (
                '/ times["numbers", "machine code"]\n    g',
                '/ times["arrays", "machine code"]\n    g',
                "two things change",
            ),
            (
                'times["numbers", "machine code"] / times["arrays", "machine code"]',
                'times["numbers", "Python"] / times["arrays", "Python"]',
                "interpreter in it",
            ),
            (
                'times["numbers", "Python"] / times["numbers", "machine code"]',
                'times["numbers", "Python"] / times["arrays", "Python"]',
                "machine code with Python",
            ),
            ("return interpreter, granularity", "return interpreter", "must be a pair"),
            (
                '["numbers", "Python"] / times',
                '["numbers", "Python"] // times',
                "need not be whole",
            ),
        ),
    ),
    "10.1": Answers(
        """
def central(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)
""",
        (
            ("(f(x + h) - f(x - h)) / (2 * h)", "(f(x + h) - f(x)) / h", "on one side"),
            ("(2 * h)", "h", "2h, not h"),
            ("f(x + h) - f(x - h)", "f(x - h) - f(x + h)", "sign is flipped"),
        ),
    ),
    "10.2": Answers(
        """
def complex_step(f, x):
    h = 1e-20
    return f(x + 1j * h).imag / h
""",
        (
            (".imag / h", ".imag", "the imaginary part divided"),
            ("h = 1e-20", "h = 1e-4", "as small as"),
            ("f(x + 1j * h).imag / h", "f(x + 1j * h) / h", "take its imaginary part"),
        ),
    ),
    "10.3": Answers(
        """
import numpy as np


def agrees(found, right, limit):
    if found.shape != right.shape:
        return False
    return bool(np.abs(found - right).max() <= limit * np.abs(right).max())
""",
        (
            (" * np.abs(right).max()", "", "relative to that"),
            (
                "    return bool(np.abs(found - right).max()",
                "    assert np.abs(found - right).max() <= 1\n    return bool(np.abs(found - right).max()",
                "should return False",
            ),
            ("np.abs(found - right)", "(found - right)", "5 below a million"),
            ("(found - right).max()", "(found - right).mean()", "not their mean"),
            (".max() <= limit", ".max() < limit", "exactly the limit"),
            (
                "    if found.shape != right.shape:\n        return False\n",
                "",
                "compare the shapes",
            ),
            (
                "bool(np.abs(found - right).max() <= limit * np.abs(right).max())",
                "not np.abs(found - right).max() > limit * np.abs(right).max()",
                "nan agrees",
            ),
        ),
    ),
    "11.1": Answers(
        """
from statistics import median


def paired(a, b):
    return median(x / y for x, y in zip(a, b))
""",
        (
            ("x / y", "y / x", "upside down"),
            (
                "median(x / y for x, y in zip(a, b))",
                "sorted(x / y for x, y in zip(a, b))[len(a) // 2]",
                "middle two",
            ),
            ("median(x / y for x, y in zip(a, b))", "median(a) / median(b)", "two medians"),
            (
                "median(x / y for x, y in zip(a, b))",
                "sum(x / y for x, y in zip(a, b)) / len(a)",
                "mean of the ratios",
            ),
        ),
    ),
    "11.2": Answers(
        """
import numpy as np


def interval(ratios, rng):
    medians = [np.median(rng.choice(ratios, len(ratios))) for _ in range(2000)]
    return np.percentile(medians, 2.5), np.percentile(medians, 97.5)
""",
        (
            ("len(ratios))", "len(ratios), replace=False)", "with replacement"),
            (
                "np.percentile(medians, 2.5), np.percentile(medians, 97.5)",
                "medians",
                "returns 2,000 things",
            ),
            ("rng.choice", "np.random.choice", "the one that you are given"),
            (
                "np.percentile(medians, 2.5), np.percentile(medians, 97.5)",
                "np.percentile(medians, 5), np.percentile(medians, 95)",
                "too narrow: cut off 2.5 %",
            ),
            (
                "np.percentile(medians, 2.5), np.percentile(medians, 97.5)",
                "np.percentile(medians, 0.025), np.percentile(medians, 0.975)",
                "takes percentages",
            ),
            (
                "np.percentile(medians, 2.5), np.percentile(medians, 97.5)",
                "np.percentile(ratios, 2.5), np.percentile(ratios, 97.5)",
                "spread of single ratios",
            ),
        ),
    ),
    "11.3": Answers(
        """
def timed(work, clock):
    begun = clock()
    handle = work()
    handle.read()
    return clock() - begun
""",
        (
            (
                "    handle.read()\n    return clock() - begun",
                "    ended = clock()\n    handle.read()\n    return ended - begun",
                "stops before the work is done",
            ),
            (
                "    begun = clock()\n    handle = work()",
                "    handle = work()\n    begun = clock()",
                "starts too late",
            ),
            ("clock() - begun", "clock()", "a point in time"),
            ("return clock() - begun", "return handle, clock() - begun", "returns a tuple"),
            ("return clock() - begun", "return handle.read()", "what the handle gave"),
        ),
    ),
    "12.1": Answers(
        """
from benchgrad.engines import ValueEngine
from benchgrad.engines.scalar import Value

engine = ValueEngine("mine", kind="scalar", value=Value, operations=["exp", "log", "relu"])
""",
        (
            ('kind="scalar"', 'kind="tensor"', "kind is scalar"),
            ('"log", ', "", "needs log"),
            ('["exp", "log", "relu"]', '"exp, log, relu"', "must be a list"),
            ('["exp", "log", "relu"]', '["exp, log, relu"]', "has no method"),
            ('"mine"', '"yours"', 'call it "mine"'),
        ),
    ),
    "12.2": Answers(
        """
import numpy as np
from benchgrad.engines.scalar import Value


def linear(x, W, b):
    out = np.empty((len(x), W.shape[1]), object)
    for i, row in enumerate(x):
        for j in range(W.shape[1]):
            w = W[:, j]
            data = b[j].data + sum(float(n) * v.data for n, v in zip(row, w))
            out[i, j] = Value(data, (*w, b[j]), (*row, 1.0), "dot")
    return out
""",
        (
            ("data = b[j].data + sum", "data = sum", "bias is missing"),
            ("w = W[:, j]", "w = W[j]", "those are rows"),
            (
                "            data = b[j].data + sum(float(n) * v.data for n, v in zip(row, w))\n"
                '            out[i, j] = Value(data, (*w, b[j]), (*row, 1.0), "dot")',
                "            out[i, j] = sum(v * float(n) for n, v in zip(row, w)) + b[j]",
                "one node with 3 parents",
            ),
        ),
    ),
    "12.3": Answers(
        """
def update(p, g, v, learning_rate, momentum, weight_decay):
    v[:] = momentum * v + g + weight_decay * p
    p -= learning_rate * v
""",
        (
            ("p -= learning_rate * v", "p = p - learning_rate * v", "in place"),
            (" + weight_decay * p", "", "weight decay is missing"),
            ("v[:] =", "v =", "the velocity is unchanged"),
        ),
    ),
}
