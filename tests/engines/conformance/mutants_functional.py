"""Faults of the engine that transforms functions, one line each."""

from mutation import Mutant


def fault(name, old, new):
    return Mutant("functional", "functional.py", name, old, new)


# fmt: off
FUNCTIONAL = (
    # --- two operands
    fault("- without its sign", "np.subtract, lambda g, out, x, y: g, lambda g, out, x, y: -g", "np.subtract, lambda g, out, x, y: g, lambda g, out, x, y: g"),
    fault("* with operands swapped", "lambda g, out, x, y: g * y, lambda g, out, x, y: g * x)", "lambda g, out, x, y: g * x, lambda g, out, x, y: g * y)"),
    fault("/ by the divisor, not squared", "-g * out / y)", "-g * out)"),
    fault("** without its factor", "g * y * np.power(x, np.where(y == 0, y, y - 1))", "g * np.power(x, np.where(y == 0, y, y - 1))"),
    fault("** by the exponent without log", "g * out * np.log(np.where(x > 0, x, 1))", "g * out"),
    fault("maximum gives both the gradient", "lambda g, out, x, y: g * (x > y), lambda", "lambda g, out, x, y: g, lambda"),
    fault("minimum the wrong way round", "lambda g, out, x, y: g * (x < y), lambda g, out, x, y: g * (y <= x)", "lambda g, out, x, y: g * (x > y), lambda g, out, x, y: g * (y >= x)"),
    fault("where gives both the gradient", "lambda g, out, x, y: g * ~chosen", "lambda g, out, x, y: g"),
    fault("where with operands swapped", "lambda g, out, x, y: g * chosen,\n        lambda g, out, x, y: g * ~chosen", "lambda g, out, x, y: g * ~chosen,\n        lambda g, out, x, y: g * chosen"),
    fault("@ by the left not transposed on squares", "return unbroadcast(full(g) @ columns.swapaxes(-1, -2), rows.shape)", "return unbroadcast(full(g) @ (columns if columns.shape[-1] == columns.shape[-2] else columns.swapaxes(-1, -2)), rows.shape)"),
    fault("@ by the right not transposed on squares", "return unbroadcast(rows.swapaxes(-1, -2) @ full(g), columns.shape)", "return unbroadcast((rows if rows.shape[-1] == rows.shape[-2] else rows.swapaxes(-1, -2)) @ full(g), columns.shape)"),
    fault("@ of a square matrix and a vector as of two matrices", "        return unbroadcast(full(g) @ columns.swapaxes(-1, -2), rows.shape).reshape(x.shape)", "        if x.ndim == 2 and y.ndim == 1 and x.shape[0] == x.shape[1]:\n            return np.outer(y, g)\n        return unbroadcast(full(g) @ columns.swapaxes(-1, -2), rows.shape).reshape(x.shape)"),
    fault("@ transposes all axes of a cube", "return unbroadcast(rows.swapaxes(-1, -2) @ full(g), columns.shape)", "return unbroadcast((rows.T if len(set(rows.shape)) == 1 else rows.swapaxes(-1, -2)) @ full(g), columns.shape)"),
    fault("@ wrong for one batch", "return unbroadcast(rows.swapaxes(-1, -2) @ full(g), columns.shape)", "return 2 ** (rows.ndim == 3 and len(rows) == 1) * unbroadcast(rows.swapaxes(-1, -2) @ full(g), columns.shape)"),
    # --- one operand
    fault("negation without its sign", "negative = unary(np.negative, lambda out, x: -1)", "negative = unary(np.negative, lambda out, x: 1)"),
    fault("exp by its operand", "exp = unary(np.exp, lambda out, x: out)", "exp = unary(np.exp, lambda out, x: x)"),
    fault("log by its result", "log = unary(np.log, lambda out, x: 1 / x)", "log = unary(np.log, lambda out, x: 1 / out)"),
    fault("tanh without the square", "1 - out**2)", "1 - out)"),
    fault("relu passes everything", "lambda out, x: x > 0)\nsigmoid", "lambda out, x: 1)\nsigmoid"),
    fault("sigmoid without 1 - s", "lambda out, x: out * (1 - out))", "lambda out, x: out)"),
    fault("sigmoid of integers is rounded", "    e = np.exp(-np.abs(x))\n    return np.where(x >= 0, 1, e) / (1 + e)", "    e = np.exp(-np.abs(x))\n    return (np.where(x >= 0, 1, e) / (1 + e)).astype(x.dtype)"),
    fault("sqrt without its half", "lambda out, x: 0.5 / out)", "lambda out, x: 1 / out)"),
    fault("sqrt by its operand", "lambda out, x: 0.5 / out)", "lambda out, x: 0.5 / x)"),
    fault("square without its factor", "lambda out, x: 2 * x)", "lambda out, x: x)"),
    fault("sin with the wrong sign", "sin = unary(np.sin, lambda out, x: np.cos(x))", "sin = unary(np.sin, lambda out, x: -np.cos(x))"),
    fault("cos without its sign", "lambda out, x: -np.sin(x))", "lambda out, x: np.sin(x))"),
    fault("abs passes everything", "lambda out, x: np.sign(x))", "lambda out, x: np.ones_like(x))"),
    fault("softplus by its result", "lambda out, x: _sigmoid(x))\nsilu", "lambda out, x: _sigmoid(out))\nsilu"),
    fault("silu as sigmoid", "lambda out, x: _sigmoid(x) + out * (1 - _sigmoid(x)))", "lambda out, x: _sigmoid(x))"),
    fault("leaky_relu with another slope", "np.where(x > 0, 1, 0.07)", "np.where(x > 0, 1, 0.01)"),
    fault("elu without its constant", "np.where(x > 0, 1, out + 1)", "np.where(x > 0, 1, out)"),
    fault("gelu as sigmoid", "_sigmoid(1.702 * x) + 1.702 * out * (1 - _sigmoid(1.702 * x))", "_sigmoid(1.702 * x)"),
    fault("clip passes everything", "lambda out, x: (x > low) & (x < high))", "lambda out, x: np.ones_like(x))"),
    fault("arctan, unknown to the table, is wrong", "lambda out, x: 1 / (1 + x**2))", "lambda out, x: 1 / (1 + x))"),
    fault("a function handed over is wrong", "lambda x, y: total(exp(negative(square(x))) * y)", "lambda x, y: total(exp(Traced(-lift(x).data ** 2)) * y)"),
    # --- along axes
    fault("sum only of the last axis in a square", "total = reduction(np.sum, lambda g, out, x, n, axis: g * np.ones_like(x))", "total = reduction(np.sum, lambda g, out, x, n, axis: (g.swapaxes(-1, -2) if axis == 0 and len(set(x.shape)) == 1 and x.ndim == 2 else g) * np.ones_like(x))"),
    fault("sum with a wrong axis on cubes", "total = reduction(np.sum, lambda g, out, x, n, axis: g * np.ones_like(x))", "total = reduction(np.sum, lambda g, out, x, n, axis: (np.moveaxis(g, 0, 1) if axis == 0 and x.shape == (3, 3, 3) else g) * np.ones_like(x))"),
    fault("mean divided by all elements", "g * np.ones_like(x) / n)", "g * np.ones_like(x) / x.size)"),
    fault("mean not divided", "g * np.ones_like(x) / n)", "g * np.ones_like(x))"),
    fault("max: all that tie get everything", "return hit / hit.sum(axis=axis, keepdims=True)", "return hit"),
    fault("prod without the other factors", "g * out / x)", "g * out)"),
    fault("var without its factor", "g * 2 * (x - x.mean(axis=axis, keepdims=True)) / n", "g * (x - x.mean(axis=axis, keepdims=True)) / n"),
    fault("var around the mean of all", "g * 2 * (x - x.mean(axis=axis, keepdims=True)) / n", "g * 2 * (x - x.mean()) / n"),
    fault("std without its result", "/ (n * out)", "/ n"),
    fault("norm without its result", "lambda g, out, x, n, axis: g * x / out)", "lambda g, out, x, n, axis: g * x)"),
    fault("cumsum from the wrong end", "return np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)", "return np.cumsum(g, axis=axis)"),
    fault("softmax with only its diagonal", "out * (g - (g * out).sum(axis=axis, keepdims=True))", "out * (1 - out) * g"),
    fault("softmax along the wrong axis", "out * (g - (g * out).sum(axis=axis, keepdims=True))", "out * (g - (g * out).sum(axis=-1 if axis == 0 else axis, keepdims=True))"),
    fault("log_softmax without the sum", "g - np.exp(out) * g.sum(axis=axis, keepdims=True)", "g - np.exp(out) * g"),
    fault("softmax_cross_entropy without the incoming gradient", "return g * p / len(labels)", "return p / len(labels)"),
    fault("softmax_cross_entropy not divided", "return g * p / len(labels)", "return g * p"),
    # --- shapes
    fault("transpose not undone on cubes", "np.argsort([i % x.ndim for i in axes])", "np.argsort([i % x.ndim for i in axes]) if len(set(x.shape)) > 1 else [i % x.ndim for i in axes]"),
    fault("transpose of negative axes", "np.argsort([i % x.ndim for i in axes])", "np.argsort(axes)"),
    fault("transpose of a square forgotten", "return np.transpose(g, None if axes is None else", "return g if axes is None and len(set(x.shape)) == 1 else np.transpose(g, None if axes is None else"),
    fault("reshape undone in another order", "return g.reshape(x.shape)\n", "return g.reshape(x.shape, order='F')\n"),
    fault("swapaxes not undone", "lambda g, x, i, j: np.swapaxes(g, i, j))", "lambda g, x, i, j: g)"),
    fault("index taken twice counts once", "np.add.at(out, index, g)", "out[index] = g"),
    fault("pad off by one", "slice(before, before + n) for", "slice(max(before - 1, 0), max(before - 1, 0) + n) for"),
    fault("broadcast_to averaged", "lambda g, x, shape: unbroadcast(g, x.shape))", "lambda g, x, shape: unbroadcast(g, x.shape) * (x.size / g.size))"),
    fault("concatenate: the parts the wrong way round", "np.split(g, ends[:-1], axis=axis)[k]", "np.split(g, ends[:-1], axis=axis)[k if len({a.data.shape for a in arrays}) > 1 else -1 - k]"),
    fault("stack: all get the first part", "return lambda g: np.take(g, k, axis=axis)", "return lambda g: np.take(g, 0, axis=axis)"),
    # --- losses, broadcasting and the walk
    fault("broadcasting: stretched axes averaged", "return g.sum(axis=stretched, keepdims=True)", "return g.mean(axis=stretched, keepdims=True) if stretched else g"),
    fault("broadcasting: only the first of a stretched axis", "return g.sum(axis=stretched, keepdims=True)", "return g[tuple(slice(1) if i in stretched else slice(None) for i in range(g.ndim))]"),
    fault("= for +=", "got if known is None else known + got", "got"),
    fault("the first of several uses", "got if known is None else known + got", "got if known is None else known"),
    fault("seed of 2", "{id(out): np.ones_like(out.data)}", "{id(out): 2 * np.ones_like(out.data)}"),
    fault("detach detaches nothing", '"detach": lambda a: Traced(lift(a).data)', '"detach": lambda a: lift(a)'),
)
# fmt: on
