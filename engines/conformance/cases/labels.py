"""The operations in a program's text, by the names that a reader knows them by. Nothing is run."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache

_BINARY = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.MatMult: "@",
}
_LOGSUMEXP = ("exp", "log", "max(axis)", "sum(axis)", "x - y", "x + y")
_PARTS = {
    "linear": ("x @ y", "x + y"),
    "logsumexp": _LOGSUMEXP,
    "pick": ("indexing",),
    "cross_entropy": (*_LOGSUMEXP, "indexing", "mean"),
}
_REDUCTIONS = ("sum", "mean", "max", "min", "prod", "var", "std", "norm")


@cache
def labels_of(source: str) -> frozenset[str]:
    """Return the operations of a program: ``x / y``, ``x / number``, ``exp``, ``sum(axis)``, …."""
    return frozenset(_labels(ast.parse(source)))


def base_of(label: str) -> str:
    """Return the operation that a label is a form of: ``x / y`` for ``x / number``."""
    words = label.removesuffix("(axis)").split(" ")
    return f"x {words[1]} y" if len(words) == len(("x", "/", "y")) else words[0]


def with_parts(labels: Iterable[str]) -> frozenset[str]:
    """Return operations and, for compounds, those that they are made of in most engines."""
    return frozenset(labels).union(*(_PARTS.get(label, ()) for label in labels))


@cache
def drops_axes(source: str) -> bool:
    """Tell whether a program reduces along an axis that it does not keep."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    keywords = ([keyword.arg for keyword in call.keywords] for call in calls)
    return any("axis" in names and "keepdims" not in names for names in keywords)


def with_matmul(source: str) -> str:
    """Return a program with ``ops.matmul(a, b)`` for ``a @ b``."""
    return ast.unparse(ast.fix_missing_locations(_Matmul().visit(ast.parse(source))))


def _labels(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(left, operator, right) if type(operator) in _BINARY:
                if _kind(left, "x") == "x" or _kind(right, "y") == "y":
                    sign = _BINARY[type(operator)]
                    is_lone = _kind(left, "x") != "x"
                    yield f"{_kind(left, 'x')} {sign} {_kind(right, 'x' if is_lone else 'y')}"
            case ast.UnaryOp(ast.USub(), operand) if _kind(operand, "x") == "x":
                yield "-x"
            case ast.Call(ast.Attribute(ast.Name("ops"), name), keywords=keywords):
                is_along = any(k.arg == "axis" and not _is_none(k.value) for k in keywords)
                yield f"{name}(axis)" if is_along and name in _REDUCTIONS else name
            case ast.Subscript(value) if _kind(value, "x") == "x":
                yield "indexing"
            case ast.Attribute(value, "T") if _kind(value, "x") == "x":
                yield "transpose"


def _kind(node: ast.expr, otherwise: str) -> str:
    """Return whether an operand is a number or an array, else the given name of a value."""
    match node:
        case ast.Constant() | ast.UnaryOp(ast.USub(), ast.Constant()):
            return "number"
        case ast.Call(ast.Attribute(ast.Name("np"))):
            return "array"
        case ast.Attribute(ast.Name("np")) | ast.Subscript(ast.Attribute(ast.Name("np"))):
            return "array"
    return otherwise


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


class _Matmul(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Return a matrix product as a call, and every other operator as it is."""
        self.generic_visit(node)
        if not isinstance(node.op, ast.MatMult):
            return node
        function = ast.Attribute(ast.Name("ops", ast.Load()), "matmul", ast.Load())
        return ast.Call(function, [node.left, node.right], [])
