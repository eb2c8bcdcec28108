"""Draws the graph that a value was made from: as DOT text, and as a picture where graphviz is.

Nothing is computed here. `counts` counts the same graphs.
"""

import html
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal

import numpy as np

from benchgrad.engines.counts import Counts, count_graph, links

MOST_NODES = 300  # of one drawing, leaves included; beyond that nobody can read it
FORMATS = ("svg", "png", "pdf")
Direction = Literal["LR", "TB"]  # from left to right, or from top to bottom
INSTALL = "graphviz is not installed (apt install graphviz, brew install graphviz)"
_LONGEST_S = 60.0
_LONGEST_TEXT = 40  # characters of a name or an operation
_MOST_NUMBERS = 4  # of an array that is shown in full

# Nodes have a ground of their own, so that they can be read on a dark page as well.
_HEAD = """\
digraph {
  graph [rankdir=%s, bgcolor=transparent, nodesep=0.15, ranksep=0.3, tooltip=" "]
  node [fontname="Helvetica,Arial,sans-serif", fontsize=11, color="#7b8794", style=filled]
  edge [color="#7b8794", arrowsize=0.6]"""
_LEAF, _MADE, _ROOT, _OPERATION = "#dbeafe", "#ffffff", "#fde9c8", "#e4e7eb"


class GraphError(ValueError):
    """A graph that cannot be drawn, or not as asked; one line, for the user."""


@dataclass(frozen=True)
class Reading:
    """How to read a node: its parents, its operation, its data and its gradient."""

    parents: Callable[[Any], Iterable[Any]] = attrgetter("parents")
    operation: Callable[[Any], str] = attrgetter("operation")
    data: Callable[[Any], Any] = attrgetter("data")
    gradient: Callable[[Any], Any] = attrgetter("grad")


@dataclass(frozen=True)
class Drawing:
    """A graph as DOT text. A notebook shows it as a picture, if graphviz is installed.

    Attributes:
        dot: the text, for graphviz and everything that reads its language.
        counts: the operations and edges of the graph.
        n_leaves: the values that no operation made.
    """

    dot: str
    counts: Counts
    n_leaves: int

    def __str__(self) -> str:
        return self.dot

    __repr__ = __str__

    def summary(self) -> str:
        """Return how large the graph is, in one line."""
        operations = sorted(self.counts.nodes.items(), key=lambda item: (-item[1], item[0]))
        listed = ", ".join(f"{n:,} {_short(name)}" for name, n in operations)
        n_nodes, n_edges = self.counts.n_nodes, self.counts.edges
        nodes = f"{_plural(n_nodes, 'node')} ({listed})" if listed else _plural(0, "node")
        return f"{nodes}, {_plural(self.n_leaves, 'leaf', 'leaves')}, {_plural(n_edges, 'edge')}"

    def render(self, format: str = "svg") -> bytes:
        """Return the picture in one of `FORMATS`.

        Raises:
            GraphError: graphviz is not installed, or cannot draw it.
        """
        if format not in FORMATS:
            raise GraphError(f"a drawing can be {', '.join(FORMATS)}, not {format!r}")
        program = graphviz()
        if program is None:
            raise GraphError(INSTALL)
        try:
            done = subprocess.run(
                [program, f"-T{format}"],
                input=self.dot.encode(),
                capture_output=True,
                timeout=_LONGEST_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise GraphError(f"graphviz did not finish within {_LONGEST_S:g} s") from error
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
            raise GraphError(f"graphviz cannot draw it: {said}")
        return done.stdout

    def _repr_svg_(self) -> str | None:
        """Return the picture for a notebook; None makes it show the text."""
        return self.render().decode() if graphviz() else None


def graphviz() -> str | None:
    """Return the path of graphviz' program, None if it is not installed."""
    return shutil.which("dot")


def require_drawable(root: Any, parents: Callable[[Any], Iterable[Any]]) -> None:
    """Raise GraphError if `root` was made from more values than one can look at."""
    n = n_made = 0
    for _, above in links(root, parents):
        n += 1
        n_made += bool(above)
    if n > MOST_NODES:
        raise GraphError(
            f"a graph of {n_made:,} nodes and {n - n_made:,} leaves is too large to draw "
            f"({MOST_NODES} of both at most)"
        )


def draw(
    root: Any,
    names: Mapping[str, Any],
    reading: Reading | None = None,
    direction: Direction = "LR",
) -> Drawing:
    """Return the drawing of what `root` was made from.

    `names` gives values a name; the elements of an object array are named ``W[0, 1]``.

    Raises:
        GraphError: the graph is too large, or a named value is no part of it.
    """
    reading = reading or Reading()
    require_drawable(root, reading.parents)
    graph = list(links(root, reading.parents))
    numbers = {id(node): i for i, (node, _) in enumerate(graph)}
    known = _names(names, numbers)
    lines = [_HEAD % direction]
    for i, (node, above) in enumerate(graph):
        colour = _ROOT if node is root and above else _MADE if above else _LEAF
        fields = _fields(known.get(id(node), ""), node, reading)
        label = f"{{ {fields} }}" if direction == "LR" else fields  # side by side in either
        lines.append(f'  v{i} [shape=record, label="{label}", fillcolor="{colour}"]')
        if above:
            lines.append(_operation(f"o{i}", reading.operation(node)))
            lines.append(f"  o{i} -> v{i}")
            lines += [f"  v{numbers[id(parent)]} -> o{i}" for parent in above]
    counts = count_graph(root, reading.parents, reading.operation)
    return Drawing("\n".join([*lines, "}\n"]), counts, len(graph) - counts.n_nodes)


def _names(names: Mapping[str, Any], known: Mapping[int, int]) -> dict[int, str]:
    """Return the name of each node that has one."""
    found: dict[int, str] = {}
    for name, native in names.items():
        if isinstance(native, np.ndarray) and native.dtype == object:
            for place, element in np.ndenumerate(native):
                found[id(element)] = f"{name}[{', '.join(map(str, place))}]"
        elif id(native) in known:
            found[id(native)] = name
        else:
            raise GraphError(f"{name} is no part of this graph: nothing here was made from it")
    return found


def _fields(name: str, node: Any, reading: Reading) -> str:
    """Return the label of a value: its name, its data and its gradient."""
    gradient = reading.gradient(node)
    fields = [name, f"data {_text(reading.data(node))}"]
    fields.append("" if gradient is None else f"grad {_text(gradient)}")
    return " | ".join(_escaped(field) for field in fields if field)


def _operation(key: str, name: str) -> str:
    shape = "circle" if len(name) < 3 else "ellipse"
    style = f'shape={shape}, margin="0.04,0.02", width=0.3, height=0.3, fillcolor="{_OPERATION}"'
    return f'  {key} [label="{_escaped(_short(name))}", {style}]'


def _text(data: Any) -> str:
    """Return a number, a small array, or the shape and the range of a large one."""
    try:
        numbers = np.asarray(data, np.float64) + 0.0  # −0 is 0
    except (TypeError, ValueError):  # a complex number, or what a class of somebody's own holds
        return _short(str(data))
    if not numbers.ndim:
        return f"{numbers.item():.4g}"
    if 0 < numbers.size <= _MOST_NUMBERS:
        return np.array2string(numbers, formatter={"float_kind": lambda x: f"{x:.4g}"}).replace(
            "\n", ""
        )
    shape = "×".join(map(str, numbers.shape))
    return f"{shape}, {numbers.min():.3g} to {numbers.max():.3g}" if numbers.size else shape


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"


def _escaped(text: str) -> str:
    """Return a text that DOT takes for nothing but text, in a label of a record as well."""
    shown = "".join(c if c.isprintable() else " " for c in _short(text))
    shown = html.escape(shown.replace("\\", "\\\\"), quote=True)  # graphviz reads HTML's entities
    return "".join(f"\\{c}" if c in "{}|" else c for c in shown)


def _plural(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"
