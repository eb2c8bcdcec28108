"""Writes a report into the folder of a run: tables as CSV, plots, a summary and a page."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import jinja2

from benchgrad.benchmarks.records import Results, read_results, write_atomically
from benchgrad.reports import formats
from benchgrad.reports.plot import Plot, all_plots, render
from benchgrad.reports.style import Style, colours
from benchgrad.reports.tables import Tables, comparison, drift, tables

_TIMINGS = ["engine", "round", "epoch", "wall_s", "cpu_s", "collector_s", "elapsed_s"]
_FILTERS = (
    "seconds", "duration", "ratio", "count", "flops", "share", "mebibytes", "percent",
    "scientific", "decimal", "markdown",
)  # fmt: skip
_ACCURACY = ["engine", "round", "epoch", "loss", "train_accuracy", "test_accuracy"]


@dataclass(frozen=True)
class Figure:
    """A plot as the templates show it; one that could not be drawn says why."""

    plot: Plot
    svg: str = ""  # base64
    omitted: str = ""


def write_report(folder: Path) -> Path:
    """Render everything again from ``results.json`` in `folder`; return the path of the page.

    Each file is replaced as a whole; plots that this run does not have are removed.

    Raises:
        RecordError: there are no results, or they are damaged.
    """
    results = read_results(folder)
    derived = tables(results)
    _write_csv(folder / "timings.csv", derived, _TIMINGS)
    _write_csv(folder / "accuracy.csv", derived, _ACCURACY)
    figures = _write_plots(folder / "plots", results, derived)
    environment = _templates()
    known = _context(results, derived, figures)
    write_atomically(
        folder / "summary.md", environment.get_template("summary.md").render(known).encode()
    )
    page = folder / "index.html"
    write_atomically(page, environment.get_template("index.html").render(known).encode())
    return page


def _write_csv(path: Path, derived: Tables, columns: list[str]) -> None:
    write_atomically(path, derived.epochs[columns].to_csv(index=False).encode())


def _write_plots(folder: Path, results: Results, derived: Tables) -> list[Figure]:
    style = Style(
        colours=colours(contestant.name for contestant in results.plan.engines),
        class_names=tuple(results.data.class_names),
    )
    folder.mkdir(exist_ok=True)
    figures, written = [], set()
    for plot in all_plots():
        frame = getattr(derived, plot.table)
        if reason := plot.missing(frame):
            figures.append(Figure(plot, omitted=reason))
            continue
        contents = render(plot, frame, style)
        for extension, content in contents.items():
            path = folder / f"{plot.name}.{extension}"
            write_atomically(path, content)
            written.add(path)
        figures.append(Figure(plot, svg=base64.b64encode(contents["svg"]).decode()))
    for stale in set(folder.glob("*.png")) | set(folder.glob("*.svg")):
        if stale not in written:
            stale.unlink()
    return figures


def _templates() -> jinja2.Environment:
    folder = files("benchgrad.reports") / "templates"
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (folder / f"{name}.j2").read_text("utf-8")),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    for name in _FILTERS:
        environment.filters[name] = getattr(formats, name)
    return environment


def _context(results: Results, derived: Tables, figures: list[Figure]) -> dict[str, object]:
    """Return what the templates show; they only choose and place."""
    engines = derived.engines
    return {
        "results": results,
        "plan": results.plan,
        "environment": results.environment,
        "data": results.data,
        "layers": (
            results.data.n_features,
            *results.plan.model.hidden,
            len(results.data.class_names),
        ),
        "engines": engines.to_dict("records"),
        "published": engines[engines["published_epoch_s"].notna()].to_dict("records"),
        "failures": engines[engines["status"] != "ok"].to_dict("records"),
        "counted": engines[engines["status"] == "ok"].to_dict("records"),
        "notes": engines[engines["note"] != ""].to_dict("records"),
        "warnings": engines[engines["warning"] != ""].to_dict("records"),
        "any_forecast": bool(engines["is_forecast"].any()),
        "comparison": comparison(engines),
        "drift": drift(results),
        "figures": figures,
        "drawn": [figure for figure in figures if not figure.omitted],
        "omitted": [figure for figure in figures if figure.omitted],
        "command": results.command,
    }
