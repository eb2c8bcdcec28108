"""A small program over `ops` and named arrays, as text that can be run, varied and shown.

Nothing is judged here, and no engine is known.
"""

import ast
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

from benchgrad.engines.conformance.cases.labels import drops_axes, labels_of, with_matmul
from benchgrad.engines.conformance.cases.oracles import Array

WEIGHTS = "w"  # the input that turns a result into a scalar: sum(out * w)
_KNOWN = {"ops", "np", "range", WEIGHTS}
_AXES = ("0", "1", "2", "None")  # that an author may have used instead


@dataclass(frozen=True)
class Program:
    """Python lines over ``ops``, ``np`` and the inputs; the last one assigns ``out``.

    The text is what a failure shows, so there is nothing else: the function that engines and
    oracles run is compiled from it.
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

    @property
    def operations(self) -> frozenset[str]:
        """The operations in it, as `labels.labels_of` names them."""
        return labels_of(self.source)

    @property
    def drops_axes(self) -> bool:
        """Whether it reduces along an axis that it does not keep."""
        return drops_axes(self.source)

    def calling_matmul(self) -> "Program":
        """Return the program with a function in place of the operator ``@``."""
        return Program(with_matmul(self.source), self.names)

    def scaled(self, factor: float) -> "Program":
        """Return the program with its result, a single number, multiplied by a factor."""
        *lines, last = self.source.split("\n")
        last = f"out = ({last.removeprefix('out = ')}) * {factor!r}"
        return Program("\n".join([*lines, last]), self.names)

    def weighted(self) -> "Program":
        """Return the program with its result multiplied by weights, one more input, and summed.

        The gradient by the weights is the result itself, so it shows whether every element of
        the result is right.
        """
        *lines, last = self.source.split("\n")
        last = f"out = ops.sum(({last.removeprefix('out = ')}) * {WEIGHTS})"
        return Program("\n".join([*lines, last]), (*self.names, WEIGHTS))

    def uses(self) -> dict[str, list[int]]:
        """Return the numbers of each variable's uses, counted through the whole program."""
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
        """Return the function with the gradient through some uses multiplied by factors.

        For complex steps only, where the derivative travels in the imaginary part.
        """
        tree = ast.parse(self.source)
        loads = _loads(tree)
        changed = _Edges({id(loads[use]): factor for use, factor in factors.items()}).visit(tree)
        return _compiled(ast.unparse(ast.fix_missing_locations(changed)), self.names)

    def variants(self) -> "Iterator[Variant]":
        """Yield the programs that an author may have differentiated instead."""
        for i, node in enumerate(ast.walk(ast.parse(self.source))):
            text = ast.unparse(node)
            if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Add):
                if not (isinstance(node.right, ast.Name) and node.right.id == WEIGHTS):
                    operator = type(node.op).__name__
                    changed = self._changed(i, _swap)
                    yield Variant(changed, "operands swapped in {}", (text,), operator)
            elif isinstance(node, ast.Call) and (keyword := _axis(node)) is not None:
                asked = ast.unparse(keyword.value)
                for used in (axis for axis in _AXES if axis != asked):
                    changed = self._changed(i, partial(_set_axis, axis=used))
                    mistake = "axis {} is used where axis {} is asked for in {}"
                    yield Variant(changed, mistake, (used, asked, text))

    def _changed(self, i: int, change: Callable[[Any], None]) -> "Program":
        tree = ast.parse(self.source)
        change(list(ast.walk(tree))[i])
        return Program(ast.unparse(tree), self.names)


@dataclass(frozen=True)
class Variant:
    """A program with one mistake in it.

    `mistake` names the mistake, with a ``{}`` for each part of `where`: the last part is the
    expression that is wrong. `operator` is the operator in it, if that is what is wrong.
    """

    program: Program
    mistake: str
    where: tuple[str, ...]
    operator: str = ""


@dataclass(frozen=True)
class Question:
    """What an engine is asked: the value and the gradients of a program at some arrays.

    The program has a scalar result. A long one is not `is_watched`: noting each call takes time.
    """

    program: Program
    arrays: tuple[Array, ...]
    is_watched: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the inputs."""
        return self.program.names

    @property
    def inputs(self) -> dict[str, Array]:
        """The inputs by their names."""
        return dict(zip(self.names, self.arrays, strict=True))


def weights_for(out: Any, dtype: str = "float64") -> Array:
    """Return weights in the shape of a result, all different, so that no gradient is constant."""
    numbers: Array = np.round(np.cos(1.0 + np.arange(np.size(out))), 2)
    return numbers.reshape(np.shape(out)).astype(dtype)


def _swap(node: ast.BinOp) -> None:
    node.left, node.right = node.right, node.left


def _axis(call: ast.Call) -> ast.keyword | None:
    return next((keyword for keyword in call.keywords if keyword.arg == "axis"), None)


def _set_axis(call: ast.Call, axis: str) -> None:
    keyword = _axis(call)
    assert keyword is not None
    keyword.value = ast.parse(axis, mode="eval").body


def _loads(tree: ast.AST) -> list[ast.Name]:
    """Return every read of a variable outside loops, in the order of the text."""
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


class _Edges(ast.NodeTransformer):
    """Wraps some reads of variables, given by their ids, in `_edge`."""

    def __init__(self, factors: Mapping[int, float]) -> None:
        self._factors = factors

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Return the read, wrapped if it has a factor."""
        factor = self._factors.get(id(node))
        if factor is None:
            return node
        return ast.parse(f"_edge({node.id}, {factor!r})", mode="eval").body


def _edge(value: Any, factor: float) -> Any:
    """Return a complex value with its imaginary part, the derivative, multiplied."""
    return np.real(value) + 1j * factor * np.imag(value)


@cache
def _compiled(source: str, names: tuple[str, ...]) -> Callable[..., Any]:
    text = f"def function(ops, {', '.join(names)}):\n{textwrap.indent(source, '    ')}\n"
    scope: dict[str, Any] = {"np": np, "_edge": _edge}
    exec(compile(text + "    return out\n", "<a program of the checks>", "exec"), scope)
    function: Callable[..., Any] = scope["function"]
    return function
