"""Writes the report of a run into its folder: CSV files, plots, a summary and a page."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import jinja2
import pandas as pd
from markupsafe import Markup

from benchgrad.benchmarks.analysis.collector import under_policies
from benchgrad.benchmarks.analysis.floor import floor
from benchgrad.benchmarks.analysis.rounds import precision
from benchgrad.benchmarks.analysis.statistics import PAIRED_EFFECT
from benchgrad.benchmarks.manifest import replace_files
from benchgrad.benchmarks.records import Results, read_results
from benchgrad.reports import formats, text_tables, tidy
from benchgrad.reports.columns import POLICY_COLUMNS, chosen
from benchgrad.reports.engine_summary import EngineSummary, summaries
from benchgrad.reports.escaping import (
    code,
    csv_cells,
    in_html,
    in_markdown,
    markdown,
    visible_lines,
)
from benchgrad.reports.file_names import ACCURACY, PAGE, SUMMARY, TIMINGS, report_files
from benchgrad.reports.findings import drift, has_intervals, headline
from benchgrad.reports.payoff import payoffs
from benchgrad.reports.plot import Plot, all_plots, render
from benchgrad.reports.plotted import plotted, style_of
from benchgrad.reports.tables import Tables, tables
from benchgrad.reports.two_by_two import two_by_two

_PAGES = (SUMMARY, PAGE)
_FILTERS = (
    "count", "flops", "memory", "percent", "precision", "ratio",
    "ratio_between", "seconds",
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A plot as the templates show it; if it could not be drawn, `omitted` says why."""

    plot: Plot
    svg: str = ""  # base64
    omitted: str = ""


def write_report(folder: Path) -> Path:
    """Render everything again from ``results.json`` in `folder`; return the path of the page.

    Each file is replaced as a whole; plots of an earlier report that this one lacks are removed.

    Raises:
        RecordError: there are no results, or they are damaged.
        ForeignError: a file that is not benchgrad's would be replaced; nothing is written then.
    """
    contents = render_report(read_results(folder))
    replace_files(folder, contents, report_files())
    return folder / PAGE


def render_report(results: Results) -> dict[str, bytes]:
    """Return the content of every file of a report, by its path in the folder of the run."""
    engines = summaries(results)
    derived = tables(results, engines)
    figures, plots = _draw(results, derived)
    known = _context(results, engines, figures)
    return {
        TIMINGS: _csv(tidy.timings(results, derived)),
        ACCURACY: _csv(tidy.accuracy(derived)),
        **plots,
        **{name: _rendered(name, known) for name in _PAGES},
    }


def _csv(frame: pd.DataFrame) -> bytes:
    content: str = csv_cells(frame).to_csv(index=False)
    return content.encode()


def _draw(results: Results, derived: Tables) -> tuple[list[Figure], dict[str, bytes]]:
    """Return the figures for the page, and the files of those that could be drawn."""
    style = style_of(results)
    figures: list[Figure] = []
    drawn: dict[str, bytes] = {}
    for plot in all_plots():
        frame = plotted(plot, results, derived)
        if reason := plot.missing(frame):
            figures.append(Figure(plot, omitted=reason))
            continue
        try:
            contents = render(plot, frame, style)
        except Exception as error:  # what nobody foresaw costs one plot, and not the report
            what = " ".join(f"{type(error).__name__}: {error}".split())
            figures.append(Figure(plot, omitted=f"it cannot be drawn: {what}"))
            continue
        drawn |= {f"plots/{plot.name}.{end}": content for end, content in contents.items()}
        figures.append(Figure(plot, svg=base64.b64encode(contents["svg"]).decode()))
    return figures, drawn


def _rendered(name: str, known: Mapping[str, object]) -> bytes:
    """Return a page; whatever its template shows is escaped for what it is written in."""
    environment = _templates(in_html if name.endswith(".html") else in_markdown)
    return visible_lines(environment.get_template(name).render(known)).encode()


def _templates(shown: Callable[[object], object] = in_html) -> jinja2.Environment:
    folder = files("benchgrad.reports") / "templates"
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (folder / f"{name}.j2").read_text("utf-8")),
        autoescape=True,
        finalize=shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    for name in _FILTERS:
        environment.filters[name] = getattr(formats, name)
    environment.filters |= {"code": code, "markdown": markdown}
    return environment


def _context(
    results: Results, engines: list[EngineSummary], figures: list[Figure]
) -> dict[str, object]:
    """Return what the templates show; they only choose and place."""
    data, hidden = results.data, results.plan.model.hidden
    return {
        "results": results,
        "plan": results.plan,
        "environment": results.environment,
        "data": data,
        "layers": (data.n_features, *hidden, len(data.class_names)),
        "engines": engines,
        "chosen": chosen,
        "markdown_table": lambda *table: Markup(text_tables.markdown(*table)),
        "too_disturbed": [engine.name for engine in engines if engine.verdict == "too disturbed"],
        "alike": [engine.name for engine in engines if engine.is_alike],
        "effect": PAIRED_EFFECT - 1.0,
        "has_intervals": has_intervals(engines),
        "precision": precision(results.plan, results.cells),
        "headline": headline(results, engines),
        "payoffs": payoffs(results, engines),
        "two_by_two": two_by_two(results, engines),
        "drift": drift(results),
        "floor": floor(results),
        "common": " common_accuracy" if any(engine.common for engine in engines) else "",
        "under_policies": under_policies(results),
        "policy_columns": POLICY_COLUMNS,
        "figures": figures,
        "n_interrupted": sum(cell.status == "interrupted" for cell in results.cells),
    }
