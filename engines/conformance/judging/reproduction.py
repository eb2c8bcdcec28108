"""A question as code that its author can run, in the engine's own terms where it has any."""

import ast
from typing import Any

import numpy as np

from benchgrad.engines.conformance.cases.oracles import Array
from benchgrad.engines.conformance.cases.program import Question
from benchgrad.engines.interface import Engine
from benchgrad.engines.value_engine import ValueEngine


def reproduction(engine: Engine, spec: str, question: Question, name: str) -> str:
    """Return code that prints the gradient of the input `name`, or the value if it is "out"."""
    if isinstance(engine, ValueEngine) and _walks_values(engine):
        body = _with_values(engine, question, name)
    else:
        body = _with_function(question, name)
    return loading(spec, is_numpy=any("np." in line for line in body)) + "\n".join(body)


def loading(spec: str, *names: str, is_numpy: bool = True) -> str:
    """Return the lines that import names from `benchgrad.engines` and load an engine."""
    numpy = "import numpy as np\n\n" if is_numpy else ""
    imports = f"from benchgrad.engines import {', '.join((*names, 'load'))}"
    return f"{numpy}{imports}\n\nengine = load({spec!r})\n"


def _walks_values(engine: ValueEngine) -> bool:
    """Tell whether the engine differentiates functions by calling backward on Values."""
    return type(engine).value_and_grad is ValueEngine.value_and_grad


def literal(array: Array) -> str:
    """Return an array as an expression, or a float64 without axes as a number."""
    array = np.asarray(array)
    dtype = "" if array.dtype in (np.float64, np.int64) else f", np.{array.dtype}"
    if not array.size:
        return f"np.zeros({array.shape}{dtype})"
    if array.ndim == 0 and not dtype:
        number = array.item()
        return repr(number) if np.isfinite(number) else f"float({str(number)!r})"
    text = repr(array.tolist()).replace("nan", "np.nan").replace("inf", "np.inf")
    return f"np.array({text}{dtype})"


def _with_function(question: Question, name: str) -> list[str]:
    texts = map(literal, question.arrays)
    inputs = (text if text.startswith("np.") else f"np.array({text})" for text in texts)
    printed = "value" if name == "out" else f"gradients[{question.names.index(name)}]"
    return [
        f"def function(ops, {', '.join(question.names)}):",
        *(f"    {line}" for line in question.program.source.split("\n")),
        "    return out",
        f"value, gradients = engine.value_and_grad(function, {', '.join(inputs)})",
        f"print({printed})",
    ]


def _with_values(engine: ValueEngine, question: Question, name: str) -> list[str]:
    """Return the lines with the class's own methods, or the hooks that the engine overrides."""

    def is_plain(hook: str) -> bool:
        return getattr(type(engine), hook) is getattr(ValueEngine, hook)

    lines = []
    source = question.program.source
    if engine.kind == "scalar" and any(np.ndim(a) for a in question.arrays):
        lines.append("leaf = engine.on_arrays(engine.leaf)  # a Value for each number")
        leaf, gradient = "leaf", f"engine.on_arrays(engine.gradient)({name})"
    else:
        if is_plain("leaf"):
            lines.append("Value = engine.value")
        leaf = "Value" if is_plain("leaf") else "engine.leaf"
        gradient = f"{name}.grad" if is_plain("gradient") else f"engine.gradient({name})"
        source = ast.unparse(ast.fix_missing_locations(_Methods(engine).visit(ast.parse(source))))
    pairs = zip(question.names, question.arrays, strict=True)
    lines += [f"{n} = {leaf}({literal(array)})" for n, array in pairs]
    if "ops." in source:
        lines.append("ops = engine.operations")
    backward = "out.backward()" if is_plain("backward") else "engine.backward(out)"
    printed = "engine.read(out)" if name == "out" else gradient
    return [*lines, *source.split("\n"), backward, f"print({printed})"]


class _Methods(ast.NodeTransformer):
    """Writes ``ops.exp(x)`` as ``x.exp()``, where that is the same function."""

    def __init__(self, engine: ValueEngine) -> None:
        self._engine = engine

    def visit_Call(self, node: ast.Call) -> Any:
        """Return the call as one of a method."""
        self.generic_visit(node)
        match node.func:
            case ast.Attribute(ast.Name("ops"), name) if name in self._engine.methods:
                method = ast.Attribute(node.args[0], name, ast.Load())
                return ast.Call(method, node.args[1:], node.keywords)
        return node
