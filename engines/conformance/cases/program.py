"""A small program over `ops` and named arrays, as text that can be run, varied and shown.

No numbers are judged here, and no engine is known.
"""

import ast
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

WEIGHTS = "w"  # the input that makes a scalar of a result: sum(out * w)
_KNOWN = {"ops", "np", "range", WEIGHTS}


@dataclass(frozen=True)
class Program:
    """Python lines over ``ops``, ``np`` and the inputs; the last one assigns ``out``.

    A row of the table has one line. The text is what a failure shows, so it is all there is:
    the function that engines and oracles run is compiled from it.
    """

    source: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, expression: str, *names: str) -> "Program":
        """Return the program of one expression."""
        return cls(f"out = {expression}", names)

    @property
    def function(self) -> Callable[..., Any]:
        """The program as ``function(ops, *inputs)``."""
        return _compiled(self.source, self.names)

    def weighted(self) -> "Program":
        """Return the program with its result made a scalar by weights, one more input.

        The gradient by the weights is the result itself, so it tells whether the value of
        each element is right.
        """
        *lines, last = self.source.split("\n")
        if last.startswith("out = ") and "\n" not in last:
            last = f"out = ops.sum(({last.removeprefix('out = ')}) * {WEIGHTS})"
            return Program("\n".join([*lines, last]), (*self.names, WEIGHTS))
        source = f"{self.source}\nout = ops.sum(out * {WEIGHTS})"
        return Program(source, (*self.names, WEIGHTS))

    def uses(self) -> dict[str, list[int]]:
        """Return for each variable the numbers of its uses, counted through the program."""
        found: dict[str, list[int]] = {}
        for i, node in enumerate(_loads(ast.parse(self.source))):
            found.setdefault(node.id, []).append(i)
        return found

    def reader_of(self, use: int) -> str:
        """Return the expression that reads a variable at one of its uses."""
        tree = ast.parse(self.source)
        name = _loads(tree)[use]
        readers = (n for n in ast.walk(tree) if name in ast.iter_child_nodes(n))
        return ast.unparse(next(readers))

    def with_edges(self, factors: Mapping[int, float]) -> Callable[..., Any]:
        """Return the function in which the gradient through some uses is multiplied.

        It is for complex steps only: the derivative travels in the imaginary part.
        """
        tree = ast.parse(self.source)
        counted = {id(node): i for i, node in enumerate(_loads(tree))}

        class Edges(ast.NodeTransformer):
            def visit_Name(self, node: ast.Name) -> ast.AST:
                factor = factors.get(counted.get(id(node), -1))
                if factor is None:
                    return node
                return ast.parse(f"_edge({node.id}, {factor!r})", mode="eval").body

        changed = ast.unparse(ast.fix_missing_locations(Edges().visit(tree)))
        return _compiled(changed, self.names)

    def variants(self) -> Iterator[tuple[str, "Program"]]:
        """Yield programs that an author may have computed instead, each with what is wrong."""
        tree = ast.parse(self.source)
        for i, node in enumerate(ast.walk(tree)):
            if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Add):
                text = ast.unparse(node)
                if not text.endswith(f" * {WEIGHTS}"):
                    yield f"operands swapped in {text}", self._changed(i, _swap)
            elif isinstance(node, ast.keyword) and node.arg == "axis":
                asked = ast.unparse(node.value)
                for other in ("0", "1", "2", "None"):
                    if other != asked:
                        why = f"axis {other} is used where axis {asked} is asked"
                        yield why, self._changed(i, partial(_set_axis, axis=other))

    def _changed(self, i: int, change: Callable[[Any], None]) -> "Program":
        tree = ast.parse(self.source)
        change(list(ast.walk(tree))[i])
        return Program(ast.unparse(tree), self.names)


def _swap(node: ast.BinOp) -> None:
    node.left, node.right = node.right, node.left


def _set_axis(node: ast.keyword, axis: str) -> None:
    node.value = ast.parse(axis, mode="eval").body


def _loads(tree: ast.AST) -> list[ast.Name]:
    """Return every place where a variable is read, in the order of the text."""
    inner = {id(n) for loop in ast.walk(tree) if isinstance(loop, ast.For) for n in ast.walk(loop)}
    names = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Load)
        and node.id not in _KNOWN
        and id(node) not in inner
    ]
    return sorted(names, key=lambda node: (node.lineno, node.col_offset))


def _edge(value: Any, factor: float) -> Any:
    """Return a complex value whose imaginary part, the derivative, is multiplied."""
    return np.real(value) + 1j * factor * np.imag(value)


@cache
def _compiled(source: str, names: tuple[str, ...]) -> Callable[..., Any]:
    text = f"def function(ops, {', '.join(names)}):\n{textwrap.indent(source, '    ')}\n"
    scope: dict[str, Any] = {"np": np, "_edge": _edge}
    exec(compile(text + "    return out\n", "<a program of the checks>", "exec"), scope)
    function: Callable[..., Any] = scope["function"]
    return function
