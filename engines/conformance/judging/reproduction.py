"""A failing program as code that its author can run, in the engine's own terms where it has any."""

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchgrad.engines.conformance.cases.program import Program
from benchgrad.engines.interface import Engine
from benchgrad.engines.value_engine import ValueEngine

if TYPE_CHECKING:
    from benchgrad.engines.conformance.judging.engine_under_test import Subject

Array = NDArray[Any]
_HOOKS = ("leaf", "gradient", "backward")


def literal(array: Array) -> str:
    """Return an array as an expression."""
    array = np.asarray(array)
    dtype = "" if array.dtype in (np.float64, np.int64) else f", np.{array.dtype}"
    if not array.size:
        return f"np.zeros({array.shape}{dtype})"
    if array.ndim == 0 and not dtype:
        number = array.item()
        return repr(number) if np.isfinite(number) else f"float({str(number)!r})"
    if np.all(np.isfinite(array)):
        return f"np.array({array.tolist()}{dtype})"
    text = repr(array.tolist()).replace("nan", "np.nan").replace("inf", "np.inf")
    return f"np.array({text}{dtype})"


def _array(array: Array) -> str:
    """Return an array as an expression that is an array also without axes."""
    text = literal(array)
    return text if text.startswith("np.") else f"np.array({text})"


def code_for(
    subject: "Subject", program: Program, arrays: Sequence[Array], *, name: str, says: str
) -> str:
    """Return code that prints the gradient of the input `name` (or the value: "out").

    `says` is the comment that stands behind it.
    """
    engine = subject.engine
    is_function = not _is_of_values(engine)
    imports = _imports(program, arrays, is_function=is_function)
    head = [*imports, "", f"engine = load({subject.spec!r})"]
    if isinstance(engine, ValueEngine) and not is_function:
        body = _of_values(engine, program, arrays, name)
    else:
        body = _of_function(program, arrays, name)
    body[-1] += f"  # {says}"
    return "\n".join([*head, *body])


def _is_of_values(engine: Engine) -> bool:
    """Tell whether a function is differentiated by calling backward on Values, not otherwise."""
    inherited = ValueEngine.value_and_grad
    return isinstance(engine, ValueEngine) and type(engine).value_and_grad is inherited


def _imports(program: Program, arrays: Sequence[Array], *, is_function: bool) -> list[str]:
    texts = [program.source, *map(literal, arrays)]
    texts += [_array(array) for array in arrays] if is_function else []
    numpy = ["import numpy as np", ""] if any("np." in text for text in texts) else []
    return [*numpy, "from benchgrad.engines import load"]


def _of_function(program: Program, arrays: Sequence[Array], name: str) -> list[str]:
    lines = [f"    {line}" for line in program.source.split("\n")]
    inputs = ", ".join(map(_array, arrays))
    printed = "value" if name == "out" else f"gradients[{program.names.index(name)}]"
    return [
        f"def function(ops, {', '.join(program.names)}):",
        *lines,
        "    return out",
        f"value, gradients = engine.value_and_grad(function, {inputs})",
        f"print({printed})",
    ]


def _of_values(
    engine: ValueEngine, program: Program, arrays: Sequence[Array], name: str
) -> list[str]:
    """Return the lines in the words of the class, or of the hooks that the engine overrides."""
    is_plain = {hook: getattr(type(engine), hook) is getattr(ValueEngine, hook) for hook in _HOOKS}
    is_array = engine.kind == "scalar" and any(np.ndim(a) for a in arrays)
    lines = ["Value = engine.value"] if is_plain["leaf"] and not is_array else []
    leaf = "Value({})" if is_plain["leaf"] else "engine.leaf({})"
    if is_array:
        lines.append("leaf = engine.on_arrays(engine.leaf)  # a Value for each number")
        leaf = "leaf({})"
    lines += [
        f"{n} = {leaf.format(literal(a))}" for n, a in zip(program.names, arrays, strict=True)
    ]
    source = _own_words(engine, program.source, is_method_call=not is_array)
    if "ops." in source:
        lines.append("ops = engine.operations")
    lines += source.split("\n")
    lines.append("out.backward()" if is_plain["backward"] else "engine.backward(out)")
    if name == "out":
        return [*lines, "print(engine.read(out))"]
    if is_array:
        return [*lines, f"print(engine.on_arrays(engine.gradient)({name}))"]
    return [*lines, f"print({name}.grad)" if is_plain["gradient"] else f"print({_hook(name)})"]


def _hook(name: str) -> str:
    return f"engine.gradient({name})"


def _own_words(engine: ValueEngine, source: str, is_method_call: bool) -> str:
    """Return the program with ``ops.exp(x)`` as ``x.exp()``, where that is the same function."""
    if not is_method_call:
        return source

    def is_method(name: str) -> bool:
        method = getattr(engine.value, name, None)
        if engine.kind == "tensor":
            return method is not None and engine.table.get(name) is method
        return callable(method)

    class Methods(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> ast.AST:
            self.generic_visit(node)
            function = node.func
            if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
                return node
            if function.value.id != "ops" or not is_method(function.attr):
                return node
            own = ast.Attribute(node.args[0], function.attr, ast.Load())
            return ast.Call(own, node.args[1:], node.keywords)

    return ast.unparse(ast.fix_missing_locations(Methods().visit(ast.parse(source))))
