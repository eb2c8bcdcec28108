"""The faults that the checker must find, one line each. What becomes of them is in score.py."""

from mutants_functional import FUNCTIONAL
from mutation import Mutant


def rules(name, old, new):
    return Mutant("tensor", "rules.py", name, old, new)


def arrays(name, old, new):
    return Mutant("tensor", "arrays.py", name, old, new)


def value(name, old, new):
    return Mutant("tensor", "value.py", name, old, new)


def scalar(name, old, new):
    return Mutant("scalar", "value.py", name, old, new)


def number(name, old, new):
    return Mutant("scalar", "numbers.py", name, old, new)


G = "lambda g, out, a, b: "
NEXT = f"\n{'':48}"  # the vjps of a rule are in one column
KEPT = "_gradient = parent._gradient + gradient"

# fmt: off
MUTANTS = (
    # --- tensor: the rules, operators
    rules("+ off by 1.001", f"np.add,           {G}g,", f"np.add, {G}1.001 * g,"),
    rules("- without its sign", f"{G}-g)", f"{G}g)"),
    rules("- with operands swapped", f"{G}g,{NEXT}{G}-g)", f"{G}-g, {G}g)"),
    rules("* with operands swapped", f"{G}g * b,{NEXT}{G}g * a)", f"{G}g * a, {G}g * b)"),
    rules("* that writes into the incoming gradient", f"{G}g * b,", f"{G}np.multiply(g, b, out=g) if np.shape(g) == np.shape(b) and np.ndim(g) else g * b,"),
    rules("/ by the divisor without its sign", f"{G}-g * (out / b)", f"{G}g * (out / b)"),
    rules("/ by the divisor, not squared", f"{G}-g * (out / b)", f"{G}-g * out"),
    rules("/ with operands swapped", f"{G}g / b,{NEXT}{G}-g * (out / b))", f"{G}-g * (out / b), {G}g / b)"),
    rules("/ by the dividend as for *", f"{G}g / b", f"{G}g * b"),
    arrays("** number without its factor", "g * (b * a ** (b - 1))", "g * (a ** (b - 1))"),
    arrays("** number, exponent not reduced", "g * (b * a ** (b - 1))", "g * (b * a ** b)"),
    arrays("** Value without its factor", "g * (b * np.power(", "g * (np.power("),
    arrays("** Value, exponent not reduced", "np.where(b == 0, b, b - 1)", "b"),
    arrays("** by the exponent without log", "g * (out * np.log(a))", "g * out"),
    arrays("** by the exponent with log of it", "g * (out * np.log(a))", "g * (out * np.log(b))"),
    rules("** with operands swapped", f"arrays.by_base,         # g · b · a ** (b − 1){NEXT}arrays.by_exponent)", "arrays.by_exponent, arrays.by_base)"),
    arrays("** wrong for negative exponents", "g * (b * a ** (b - 1)) if b != 0", "g * (abs(b) * a ** (b - 1)) if b != 0"),
    # --- tensor: the rules, functions
    rules("negation without its sign", "lambda g, out, a: -g)", "lambda g, out, a: g)"),
    rules("exp by its operand", "lambda g, out, a: g * out)", "lambda g, out, a: g * a)"),
    rules("exp without the incoming gradient", "lambda g, out, a: g * out)", "lambda g, out, a: out)"),
    rules("log by its result", "g / a)", "g / out)"),
    rules("tanh without the square", "g * (1 - out * out)", "g * (1 - out)"),
    rules("tanh by its operand", "g * (1 - out * out)", "g * (1 - a * a)"),
    rules("tanh with the wrong sign", "g * (1 - out * out)", "g * (1 + out * out)"),
    rules("tanh wrong only in float32", "g * (1 - out * out)", "g * (1 - out * out) * (1.01 if a.dtype == np.float32 else 1)"),
    rules("relu passes everything", "g * (out > 0.0)", "g * (out >= 0.0)"),
    rules("relu scaled by its operand", "(out > 0.0).astype(g.dtype)", "out"),
    rules("sigmoid without 1 - s", "g * (out * (1 - out))", "g * out"),
    rules("sigmoid by its operand", "g * (out * (1 - out))", "g * (a * (1 - a))"),
    arrays("sigmoid overflows", "e = np.exp(-np.abs(a))\n    return np.where(a >= 0, np.ones_like(e), e) / (1 + e)", "return np.exp(a) / (1 + np.exp(a))"),
    # --- tensor: the rules, matrix products
    rules("@ with operands swapped", f"arrays.by_left,         # g @ bᵀ{NEXT}arrays.by_right)", "arrays.by_right, arrays.by_left)"),
    arrays("@ by the left not transposed", "return g @ b.swapaxes(-1, -2)", "return g @ b if b.shape[-1] == b.shape[-2] else g @ b.swapaxes(-1, -2)"),
    arrays("@ by the right not transposed", "return a.swapaxes(-1, -2) @ g\n", "return a @ g if a.shape[-1] == a.shape[-2] else a.swapaxes(-1, -2) @ g\n"),
    arrays("@ transposes all axes of a batch", "return a.swapaxes(-1, -2) @ g\n", "return a.T @ g\n"),
    arrays("@ of a matrix and a vector", "np.multiply(np.expand_dims(g, -1), b)", "np.multiply(np.expand_dims(g, -1), b + 0.01)"),
    arrays("@ of a vector and a matrix", "return np.multiply(a[:, None], np.expand_dims(g, -2))", "return np.multiply(a[::-1][:, None], np.expand_dims(g, -2))"),
    rules("linear by x without W", "lambda g, out, x, W, b: np.dot(g, W.T)", "lambda g, out, x, W, b: np.dot(g, W.T) * 1.001"),
    rules("linear by W as a mean", "lambda g, out, x, W, b: np.dot(x.T, g)", "lambda g, out, x, W, b: np.dot(x.T, g) / len(x)"),
    rules("linear wrong only for one row", "lambda g, out, x, W, b: np.dot(x.T, g)", "lambda g, out, x, W, b: np.dot(x.T, g) * (2.0 if len(x) == 1 else 1.0)"),
    rules("linear, bias wrong only for one row", "lambda g, out, x, W, b: g)", "lambda g, out, x, W, b: g if len(g) > 1 else 0 * g)"),
    # --- tensor: the rules, reductions and shapes
    arrays("sum off by 1.001", "gradient[...] = _expand(g, a, axis, keepdims)", "gradient[...] = 1.001 * _expand(g, a, axis, keepdims)"),
    arrays("reductions: keepdims missing", "if keepdims or axis is None:", "if True:"),
    arrays("reductions: wrong axis", "shape[i] = 1\n", "shape[i - 1] = 1\n"),
    arrays("mean not divided", "return by_sum(g / (a.size / (out.size or 1)), out, a, axis, keepdims)", "return by_sum(g, out, a, axis, keepdims)"),
    arrays("mean divided by all elements", "by_sum(g / (a.size / (out.size or 1)),", "by_sum(g / a.size,"),
    arrays("max: all that tie get everything", "_expand(g, a, axis, keepdims) / ties)", "_expand(g, a, axis, keepdims))"),
    arrays("max: everybody gets a share", "attained = (a == _expand(out, a, axis, keepdims)) | np.isnan(a)", "attained = (a == a) | np.isnan(a)"),
    arrays("max: ties over all axes", "attained.sum(axis=axis, keepdims=True, dtype=a.dtype)", "attained.sum(keepdims=True, dtype=a.dtype)"),
    arrays("min computes max", "return _min(a, axis, None, None, keepdims)", "return _max(a, axis, None, None, keepdims)"),
    arrays("logsumexp without the incoming gradient", "    softmax *= g.reshape(kept)\n", ""),
    arrays("logsumexp overflows", "top = _max(a, axis, None, None, True)", "top = np.zeros_like(_max(a, axis, None, None, True))"),
    arrays("transpose not undone", "np.argsort([i % a.ndim for i in axes])", "[i % a.ndim for i in axes]"),
    rules("reshape undone in another order", "g.reshape(a.shape))", "g.reshape(a.shape, order='F'))"),
    arrays("index taken twice counts once", "np.add.at(gradient, index, g)", "gradient[index] = g"),
    arrays("index adds to all", "gradient[index] = g\n", "gradient[...] = g\n"),
    arrays("pick with the wrong sign", 'gradient.put(index, g, "clip")', 'gradient.put(index, -g, "clip")'),
    arrays("broadcasting: added axes not summed", "gradient = _sum(gradient, 0 if added == 1 else tuple(range(added)))", "gradient = gradient[(0,) * added]"),
    arrays("broadcasting: only one added axis summed", "0 if added == 1 else tuple(range(added))", "0"),
    arrays("broadcasting: stretched axes averaged", "_sum(gradient, axis=stretched, keepdims=True)", "gradient.mean(axis=stretched, keepdims=True)"),
    arrays("broadcasting: keepdims missing", "_sum(gradient, axis=stretched, keepdims=True)", "_sum(gradient, axis=stretched)"),
    arrays("broadcasting: stretched axes not summed", "gradient = _sum(gradient, axis=stretched, keepdims=True)", "pass"),
    # --- tensor: the walk and what it leaves behind
    value("unbroadcast dropped", "if gradient.shape != data.shape:", "if False:"),
    value("= for +=", f"parent.{KEPT}", "parent._gradient = gradient"),
    value("+= in place", f"parent.{KEPT}", "parent._gradient += gradient"),
    value("leaves share memory", "parent._gradient = gradient.copy()", "parent._gradient = gradient"),
    value("stale gradients", "for node in made:\n            node._gradient = None", "for node in ():\n            node._gradient = None"),
    value("leaves forget earlier calls", "for node in made:\n            node._gradient = None", "for node in topological_order(self):\n            node._gradient = None"),
    value("wrong order", "for node in reversed(made):", "for node in made:"),
    value("order by the last use", "for node in reversed(made):", "for node in sorted(made, key=lambda n: -len(n.parents)):"),
    value("seed of 2", "np.array(1.0, self.data.dtype", "np.array(2.0, self.data.dtype"),
    value("zero does nothing", '"""Set the gradient of this value to zero."""\n        self._gradient = None', '"""Set nothing."""'),
    value("float64 gradients of float32", "gradient = gradient.astype(data.dtype)", "pass"),
    value("detach detaches nothing", "return constant(self.data)", "return self"),
    value("vjp of the wrong operand beside a constant", "(right,), rule.vjps[1:], (x, y)", "(right,), rule.vjps[:1], (x, y)"),
    value("constants are tracked", "left = a if isinstance(a, Value) and a.requires_grad else None", "left = a if isinstance(a, Value) else None"),
    Mutant("tensor", "tracking.py", "no_grad is never left", "tracking.reset(token)", "pass"),
    value("number - Value swapped", "return binary(rules.SUBTRACT, other, self)", "return binary(rules.SUBTRACT, self, other)"),
    value("number / Value swapped", "return binary(rules.DIVIDE, other, self)", "return binary(rules.DIVIDE, self, other)"),
    value("number ** Value swapped", "return binary(rules.POWER, other, self)", "return binary(rules.POWER, self, other)"),
    value("array @ Value swapped", "return binary(rules.MATMUL, other, self)", "return binary(rules.MATMUL, self, other)"),
    value("graphs are kept", "new = Value.__new__", "_KEPT = []\nnew = lambda kind: _KEPT.append(Value.__new__(kind)) or _KEPT[-1]"),
    # --- scalar: partials
    scalar("+ off by 1.001", "(self, other), (1.0, 1.0)", "(self, other), (1.0, 1.001)"),
    scalar("- without its sign", "(self, other), (1.0, -1.0)", "(self, other), (1.0, 1.0)"),
    scalar("number - Value without its sign", "Value(other - self.data, (self,), (-1.0,)", "Value(other - self.data, (self,), (1.0,)"),
    scalar("* with operands swapped", "(other.data, self.data)", "(self.data, other.data)"),
    scalar("* by a number forgets it", "(self,), (other,), \"*\"", "(self,), (1.0,), \"*\""),
    scalar("/ by the divisor without its sign", "by_other = -numbers.divide(out, other.data)", "by_other = numbers.divide(out, other.data)"),
    scalar("/ by the divisor, not squared", "by_other = -numbers.divide(out, other.data)", "by_other = -out"),
    scalar("/ with operands swapped", "(self, other), (by_self, by_other)", "(self, other), (by_other, by_self)"),
    scalar("number / Value, not squared", "(-numbers.divide(out, self.data),)", "(-out,)"),
    scalar("** without its factor", "return exponent * numbers.power(base, exponent - 1.0)", "return numbers.power(base, exponent - 1.0)"),
    scalar("** exponent not reduced", "numbers.power(base, exponent - 1.0)", "numbers.power(base, exponent)"),
    scalar("** by the exponent without log", "out * numbers.log(base)", "out"),
    scalar("** with operands swapped", "(self, other), (by_base, by_exponent)", "(self, other), (by_exponent, by_base)"),
    scalar("negation without its sign", 'Value(-self.data, (self,), (-1.0,), "neg")', 'Value(-self.data, (self,), (1.0,), "neg")'),
    scalar("exp by its operand", '(self,), (out,), "exp"', '(self,), (self.data,), "exp"'),
    scalar("log by its result", "(numbers.divide(1.0, self.data),), \"log\"", "(numbers.divide(1.0, numbers.log(self.data)),), \"log\""),
    scalar("tanh without the square", "(1.0 - out * out,)", "(1.0 - out,)"),
    scalar("tanh off by 1.001", "(1.0 - out * out,)", "(1.001 * (1.0 - out * out),)"),
    scalar("relu passes everything", '(self,), (0.0,), "relu"', '(self,), (1.0,), "relu"'),
    scalar("sigmoid without 1 - s", "(out * (1.0 - out),)", "(out,)"),
    scalar("a value times itself counts once", "        if isinstance(other, Value):\n            return Value(self.data * other.data,", "        if other is self:\n            return Value(self.data * self.data, (self,), (self.data,), '*')\n        if isinstance(other, Value):\n            return Value(self.data * other.data,"),
    # --- scalar: the walk, the numbers
    scalar("= for +=", "parent.grad += partial * gradient", "parent.grad = partial * gradient"),
    scalar("partials without the gradient", "parent.grad += partial * gradient", "parent.grad += partial"),
    scalar("stale gradients", "if node.parents:\n                node.grad = 0.0", "pass"),
    scalar("leaves forget earlier calls", "if node.parents:\n                node.grad = 0.0", "node.grad = 0.0"),
    scalar("wrong order", "for node in reversed(order):", "for node in order:"),
    scalar("graphs are kept", "self.operation = operation", "self.operation = operation\n        Value._KEPT.append(self)\n\n    _KEPT = []"),
    Mutant("scalar", "topology.py", "nodes before their parents", "stack += (node, None, *parents)", "order.append(node)\n                stack += parents"),
    Mutant("scalar", "topology.py", "every path is walked", "elif node not in entered:", "else:"),
    Mutant("scalar", "topology.py", "it gives up after 500 nodes", "while stack:", "while stack and len(order) < 500:"),
    number("division by zero of the wrong sign", "math.copysign(inf, a) * math.copysign(1.0, b)", "inf"),
    number("exp overflows to 0", "return math.exp(a)\n    except OverflowError:\n        return inf", "return math.exp(a)\n    except OverflowError:\n        return 0.0"),
    number("sigmoid of negative numbers", "return e / (1.0 + e)", "return 1.0 / (1.0 + e)"),
    # --- squares, uses and state
    arrays("@ by the right not transposed, beside a vector", "return np.multiply(a[:, None], np.expand_dims(g, -2))", "return np.multiply(g[:, None], np.expand_dims(a, -2)) if g.shape == a.shape else np.multiply(a[:, None], np.expand_dims(g, -2))"),
    rules("exp off by a seed of 1", "lambda g, out, a: g * out)", "lambda g, out, a: out * (g if np.ndim(g) else 1.0))"),
    rules("log with the sign of its seed", "g / a)", "abs(g) / a)"),
    rules("tanh wrong only without axes", "g * (1 - out * out)", "g * (1 - out * out) * (2 if np.ndim(out) == 0 else 1)"),
    arrays("sum wrong only along axis 1 of squares", "gradient[...] = _expand(g, a, axis, keepdims)", "gradient[...] = _expand(g, a, 0 if axis == 1 and a.shape == (3, 3) and not keepdims else axis, keepdims)"),
    arrays("mean wrong only along two axes", "by_sum(g / (a.size / (out.size or 1)),", "by_sum(g / ((a.shape[-1] if isinstance(axis, tuple) else a.size) / (out.size or 1) if isinstance(axis, tuple) else a.size / (out.size or 1)),"),
    arrays("max: the largest of all, not of the axis, on squares", "attained = (a == _expand(out, a, axis, keepdims)) | np.isnan(a)", "attained = (a == (a.max() if a.shape == (3, 3) else _expand(out, a, axis, keepdims))) | np.isnan(a)"),
    scalar("a leaf forgets its second use", "parent.grad += partial * gradient", "parent.grad = partial * gradient + (parent.grad if parent.parents else 0.0)"),
    scalar("- by the right as by the left", "(self, other), (1.0, -1.0)", "(self, other), (-1.0, -1.0)"),
    scalar("log without its operand", "(numbers.divide(1.0, self.data),), \"log\"", "(1.0,), \"log\""),
    scalar("sigmoid by its operand", "(out * (1.0 - out),)", "(self.data * (1.0 - self.data),)"),
    scalar("exp off by 1.001", '(self,), (out,), "exp"', '(self,), (1.001 * out,), "exp"'),
    scalar("number / Value without its sign", "(-numbers.divide(out, self.data),)", "(numbers.divide(out, self.data),)"),
    scalar("seed of 2", "self.grad += 1.0", "self.grad += 2.0"),
    *FUNCTIONAL,
)
# fmt: on
