"""``benchgrad graph``: the graph of one training step, drawn."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchgrad.command_line.folders import check_output, writable, write_output
from benchgrad.command_line.options import UsageError, path_of
from benchgrad.reports.escaping import visible

if TYPE_CHECKING:
    from benchgrad.engines import MLP
    from benchgrad.engines.drawing import Drawing

# In the matrix products of a step: a scalar engine then makes less than a million nodes.
_MOST_FLOPS = 2_000_000


def graph(
    engine: Annotated[
        str, typer.Argument(help="A name, path.py or module:attribute.", metavar="ENGINE")
    ],
    rows: Annotated[int, typer.Option(help="Rows of the batch.", min=1)] = 1,
    layers: Annotated[
        str, typer.Option(help="Widths: features, hidden layers, classes.")
    ] = "2,2,2",
    activation: Annotated[str, typer.Option(help="relu or tanh.")] = "relu",
    loss: Annotated[str, typer.Option(help="cross_entropy or hinge.")] = "cross_entropy",
    seed: Annotated[int, typer.Option(help="Of the weights and the rows.", min=0)] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            help="A picture instead of DOT text on standard output: file.svg, .png or .pdf, for "
            "which graphviz is needed, or file.dot.",
            metavar="FILE",
            parser=path_of,
        ),
    ] = None,
) -> None:
    """Draw the graph of one training step, with the data and gradients of its nodes."""
    model = _model(layers, activation, loss)
    render = _renderer(out) if out else None
    drawing = _step(engine, model, rows, seed)
    if out and render:
        writable(out.parent)
        write_output(out, render(drawing))
        told = f"{out}: {drawing.summary()}"
    else:
        sys.stdout.write(drawing.dot)
        told = drawing.summary()
    sys.stderr.write(f"{visible(told)}\n")


def _model(layers: str, activation: str, loss: str) -> MLP:
    from benchgrad.engines import MLP

    try:
        widths = tuple(int(width) for width in layers.split(","))
    except ValueError:
        raise UsageError(f"--layers {layers!r}: write widths as 2,4,2") from None
    try:
        return MLP(widths, activation, loss)  # type: ignore[arg-type]  # it says what it takes
    except ValueError as error:
        raise UsageError(f"--{error}") from error


def _renderer(out: Path) -> Callable[[Drawing], bytes]:
    """Return what turns a drawing into the content of this file, before anything is computed."""
    from benchgrad.engines.drawing import FORMATS, INSTALL, GraphError, graphviz

    format = out.suffix.removeprefix(".")
    if format != "dot" and format not in FORMATS:
        known = ", ".join(f".{each}" for each in FORMATS)
        raise UsageError(f"--out {str(out)!r}: name a file that ends in {known} or .dot")
    check_output(out)
    if format == "dot":
        return lambda drawing: drawing.dot.encode()
    if graphviz() is None:
        text = out.with_suffix(".dot")
        raise UsageError(f"{INSTALL}; --out {str(text)!r} writes text that it can draw elsewhere")

    def render(drawing: Drawing) -> bytes:
        try:
            return drawing.render(format)
        except GraphError as error:
            raise UsageError(str(error)) from error

    return render


def _step(spec: str, model: MLP, rows: int, seed: int) -> Drawing:
    """Return the graph of a step of an engine on rows that are drawn from the seed."""
    import numpy as np

    from benchgrad.engines import SGD, UnsupportedError, load
    from benchgrad.engines.drawing import GraphError

    advice = "take fewer --rows or smaller --layers"
    if model.step_flops(rows) > _MOST_FLOPS:
        raise UsageError(f"a step on {rows:,} rows of that model is too large to draw; {advice}")
    engine = load(spec)
    X = np.random.default_rng(seed + 1).normal(size=(rows, model.layers[0]))
    y = np.arange(rows) % model.layers[-1]
    try:
        classifier = engine.classifier(model, model.initial_parameters(seed), SGD(0.1))
        drawing = classifier.graph(X, y)
    except GraphError as error:
        raise UsageError(f"{spec}: {error}; {advice}") from error
    except UnsupportedError as error:
        raise UsageError(f"{spec} cannot train this model: {error}") from error
    except Exception as error:  # an engine can raise anything; its author has to see it
        reason = f"{type(error).__name__}: {error}".strip().partition("\n")[0]
        raise UsageError(f"{spec} failed in its step: {reason}") from error
    if drawing is None:
        raise UsageError(f"{spec} shows no graph; scalar, tensor and micrograd do")
    return drawing
