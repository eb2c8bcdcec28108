"""The faults that the checker must find, one line each. What becomes of them is in score.py."""

from mutation import Mutant


def rules(name, old, new):
    return Mutant("tensor", "rules.py", name, old, new)


def value(name, old, new):
    return Mutant("tensor", "value.py", name, old, new)


def scalar(name, old, new):
    return Mutant("scalar", "value.py", name, old, new)


def number(name, old, new):
    return Mutant("scalar", "numbers.py", name, old, new)


G = "lambda g, out, a, b: "
KEPT = "_gradient = parent._gradient + gradient"

# fmt: off
MUTANTS = (
    # --- tensor: the rules, operators
    rules("+ off by 1.001", f"np.add, ({G}g,", f"np.add, ({G}1.001 * g,"),
    rules("- without its sign", f"np.subtract, ({G}g, {G}-g)", f"np.subtract, ({G}g, {G}g)"),
    rules("- with operands swapped", f"np.subtract, ({G}g, {G}-g)", f"np.subtract, ({G}-g, {G}g)"),
    rules("* with operands swapped", f"({G}g * b, {G}g * a)", f"({G}g * a, {G}g * b)"),
    rules("* that writes into the incoming gradient", f"({G}g * b,", f"({G}np.multiply(g, b, out=g) if np.shape(g) == np.shape(b) and np.ndim(g) else g * b,"),
    rules("/ by the divisor without its sign", f"{G}-g * (out / b)", f"{G}g * (out / b)"),
    rules("/ by the divisor, not squared", f"{G}-g * (out / b)", f"{G}-g * out"),
    rules("/ with operands swapped", f"({G}g / b, {G}-g * (out / b))", f"({G}-g * (out / b), {G}g / b)"),
    rules("/ by the dividend as for *", f"{G}g / b", f"{G}g * b"),
    rules("** number without its factor", "g * (b * a ** (b - 1))", "g * (a ** (b - 1))"),
    rules("** number, exponent not reduced", "g * (b * a ** (b - 1))", "g * (b * a ** b)"),
    rules("** Value without its factor", "g * (b * np.power(", "g * (np.power("),
    rules("** Value, exponent not reduced", "np.where(b == 0, b, b - 1)", "b"),
    rules("** by the exponent without log", "g * (out * np.log(a))", "g * out"),
    rules("** by the exponent with log of it", "g * (out * np.log(a))", "g * (out * np.log(b))"),
    rules("** with operands swapped", "(_power_by_base, _power_by_exponent)", "(_power_by_exponent, _power_by_base)"),
    rules("** wrong for negative exponents", "g * (b * a ** (b - 1)) if b != 0", "g * (abs(b) * a ** (b - 1)) if b != 0"),
    # --- tensor: the rules, functions
    rules("negation without its sign", "np.negative, (lambda g, out, a: -g,)", "np.negative, (lambda g, out, a: g,)"),
    rules("exp by its operand", 'np.exp, (lambda g, out, a: g * out,)', 'np.exp, (lambda g, out, a: g * a,)'),
    rules("exp without the incoming gradient", 'np.exp, (lambda g, out, a: g * out,)', 'np.exp, (lambda g, out, a: out,)'),
    rules("log by its result", "g / a,)", "g / out,)"),
    rules("tanh without the square", "g * (1 - out * out)", "g * (1 - out)"),
    rules("tanh by its operand", "g * (1 - out * out)", "g * (1 - a * a)"),
    rules("tanh with the wrong sign", "g * (1 - out * out)", "g * (1 + out * out)"),
    rules("tanh wrong only in float32", "g * (1 - out * out)", "g * (1 - out * out) * (1.01 if a.dtype == np.float32 else 1)"),
    rules("relu passes everything", "g * (out > 0.0)", "g * (out >= 0.0)"),
    rules("relu scaled by its operand", "(out > 0.0).astype(g.dtype)", "out"),
    rules("sigmoid without 1 - s", "g * (out * (1 - out))", "g * out"),
    rules("sigmoid by its operand", "g * (out * (1 - out))", "g * (a * (1 - a))"),
    rules("sigmoid overflows", "e = np.exp(-np.abs(a))\n    return np.where(a >= 0, np.ones_like(e), e) / (1 + e)", "return np.exp(a) / (1 + np.exp(a))"),
    # --- tensor: the rules, matrix products
    rules("@ with operands swapped", "(_matmul_by_left, _matmul_by_right)", "(_matmul_by_right, _matmul_by_left)"),
    rules("@ by the left not transposed", "return g @ b.swapaxes(-1, -2)", "return g @ b if b.shape[-1] == b.shape[-2] else g @ b.swapaxes(-1, -2)"),
    rules("@ by the right not transposed", "return a.swapaxes(-1, -2) @ g\n", "return a @ g if a.shape[-1] == a.shape[-2] else a.swapaxes(-1, -2) @ g\n"),
    rules("@ transposes all axes of a batch", "return a.swapaxes(-1, -2) @ g\n", "return a.T @ g\n"),
    rules("@ of a matrix and a vector", "np.multiply(np.expand_dims(g, -1), b)", "np.multiply(np.expand_dims(g, -1), b + 0.01)"),
    rules("@ of a vector and a matrix", "return np.multiply(a[:, None], np.expand_dims(g, -2))", "return np.multiply(a[::-1][:, None], np.expand_dims(g, -2))"),
    rules("linear by x without W", "lambda g, out, x, W, b: g @ W.T", "lambda g, out, x, W, b: g @ W.T * 1.001"),
    rules("linear by W as a mean", "lambda g, out, x, W, b: x.T @ g", "lambda g, out, x, W, b: x.T @ g / len(x)"),
    rules("linear wrong only for one row", "lambda g, out, x, W, b: x.T @ g", "lambda g, out, x, W, b: x.T @ g * (2.0 if len(x) == 1 else 1.0)"),
    rules("linear, bias wrong only for one row", "lambda g, out, x, W, b: g,\n", "lambda g, out, x, W, b: g if len(g) > 1 else 0 * g,\n"),
    # --- tensor: the rules, reductions and shapes
    rules("sum off by 1.001", "gradient[...] = _expand(g, a, axis, keepdims)", "gradient[...] = 1.001 * _expand(g, a, axis, keepdims)"),
    rules("reductions: keepdims missing", "return reduced if keepdims or axis is None else", "return reduced if True else"),
    rules("reductions: wrong axis", "shape[i] = 1\n", "shape[i - 1] = 1\n"),
    rules("mean not divided", "return _sum_vjp(g / (a.size / (out.size or 1)), out, a, axis, keepdims)", "return _sum_vjp(g, out, a, axis, keepdims)"),
    rules("mean divided by all elements", "_sum_vjp(g / (a.size / (out.size or 1)),", "_sum_vjp(g / a.size,"),
    rules("max: all that tie get everything", "_expand(g, a, axis, keepdims) / ties)", "_expand(g, a, axis, keepdims))"),
    rules("max: everybody gets a share", "attained = (a == _expand(out, a, axis, keepdims)) | np.isnan(a)", "attained = (a == a) | np.isnan(a)"),
    rules("max: ties over all axes", "attained.sum(axis=axis, keepdims=True, dtype=a.dtype)", "attained.sum(keepdims=True, dtype=a.dtype)"),
    rules("min computes max", "return _minimum_of(a, axis, None, None, keepdims)", "return _maximum_of(a, axis, None, None, keepdims)"),
    rules("logsumexp without the incoming gradient", "    softmax *= g.reshape(kept)\n", ""),
    rules("logsumexp overflows", "top = _maximum_of(a, axis, None, None, True)", "top = np.zeros_like(_maximum_of(a, axis, None, None, True))"),
    rules("transpose not undone", "np.argsort([i % a.ndim for i in axes])", "[i % a.ndim for i in axes]"),
    rules("reshape undone in another order", "g.reshape(a.shape),", "g.reshape(a.shape, order='F'),"),
    rules("index taken twice counts once", "np.add.at(gradient, index, g)", "gradient[index] = g"),
    rules("index adds to all", "gradient[index] = g\n", "gradient[...] = g\n"),
    rules("pick with the wrong sign", 'gradient.put(index, g, "clip")', 'gradient.put(index, -g, "clip")'),
    rules("broadcasting: added axes not summed", "gradient = _add_up(gradient, 0 if added == 1 else tuple(range(added)))", "gradient = gradient[(0,) * added]"),
    rules("broadcasting: only one added axis summed", "0 if added == 1 else tuple(range(added))", "0"),
    rules("broadcasting: stretched axes averaged", "_add_up(gradient, axis=stretched, keepdims=True)", "gradient.mean(axis=stretched, keepdims=True)"),
    rules("broadcasting: keepdims missing", "_add_up(gradient, axis=stretched, keepdims=True)", "_add_up(gradient, axis=stretched)"),
    rules("broadcasting: stretched axes not summed", "gradient = _add_up(gradient, axis=stretched, keepdims=True)", "pass"),
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
    value("no_grad is never left", "_tracking.reset(token)", "pass"),
    value("number - Value swapped", "return _binary(rules.SUBTRACT, other, self)", "return _binary(rules.SUBTRACT, self, other)"),
    value("number / Value swapped", "return _binary(rules.DIVIDE, other, self)", "return _binary(rules.DIVIDE, self, other)"),
    value("number ** Value swapped", "return _binary(rules.POWER, other, self)", "return _binary(rules.POWER, self, other)"),
    value("array @ Value swapped", "return _binary(rules.MATMUL, other, self)", "return _binary(rules.MATMUL, self, other)"),
    value("graphs are kept", "_new = Value.__new__", "_KEPT = []\n_new = lambda kind: _KEPT.append(Value.__new__(kind)) or _KEPT[-1]"),
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
)
# fmt: on
