"""Writes the report of a run into its folder: CSV files, plots, a summary and a page."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import jinja2
from markupsafe import Markup

from benchgrad.benchmarks.analysis.collector import under_policies
from benchgrad.benchmarks.analysis.floor import floor
from benchgrad.benchmarks.analysis.rounds import precision
from benchgrad.benchmarks.analysis.statistics import PAIRED_EFFECT
from benchgrad.benchmarks.manifest import replace_files
from benchgrad.benchmarks.records import Results, read_results
from benchgrad.reports import formats, text_tables
from benchgrad.reports.columns import POLICY_COLUMNS, chosen
from benchgrad.reports.engine_summary import EngineSummary, summaries
from benchgrad.reports.escaping import (
    code,
    csv_cells,
    drawable,
    in_html,
    in_markdown,
    markdown,
    visible,
    visible_lines,
)
from benchgrad.reports.file_names import ACCURACY, PAGE, SUMMARY, TIMINGS, report_files
from benchgrad.reports.findings import drift, has_intervals, headline
from benchgrad.reports.payoff import payoffs
from benchgrad.reports.plot import Plot, all_plots, render
from benchgrad.reports.scaling import sweep_context
from benchgrad.reports.style import Style, colours
from benchgrad.reports.tables import Tables, tables
from benchgrad.reports.two_by_two import two_by_two

_PAGES = (SUMMARY, PAGE)
_OF_SWEEPS = ("axes", "map", "held_out", "study")  # tables that no other run could have
_CSV_COLUMNS = {
    TIMINGS: [
        *("engine", "round", "epoch", "wall_s", "late_s", "cpu_s", "collector_s", "elapsed_s"),
        *("own_s", "witness_s", "waited_s", "stolen_s", "pressure_s", "status"),
    ],
    ACCURACY: [
        *("engine", "round", "epoch", "loss", "train_accuracy", "test_accuracy", "status"),
    ],
}
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
    csv = {name: list(columns) for name, columns in _CSV_COLUMNS.items()}
    if results.plan.instructions:
        csv[TIMINGS].append("instructions")
    return {
        **{name: _csv(derived, columns) for name, columns in csv.items()},
        **plots,
        **{name: _rendered(name, known) for name in _PAGES},
    }


def _csv(derived: Tables, columns: list[str]) -> bytes:
    content: str = csv_cells(derived.epochs[columns]).to_csv(index=False)
    return content.encode()


def _draw(results: Results, derived: Tables) -> tuple[list[Figure], dict[str, bytes]]:
    """Return the figures for the page, and the files of those that could be drawn."""
    style = Style(
        colours=colours(visible(contestant.name) for contestant in results.plan.engines),
        class_names=tuple(map(visible, results.data.class_names)),
    )
    figures: list[Figure] = []
    drawn: dict[str, bytes] = {}
    # Engines under another policy of the collector do the same work again: lines without news.
    again = [c.name for c in results.plan.engines if c.collector != "as shipped"]
    for plot in all_plots():
        if plot.table in _OF_SWEEPS and not results.points:
            continue
        frame = plot.shown(getattr(derived, plot.table))
        if plot.table not in ("ladder", "two_by_two") and len(frame):
            frame = frame[~frame["engine"].isin(again)]
        if reason := plot.missing(frame):
            figures.append(Figure(plot, omitted=reason))
            continue
        try:
            contents = render(plot, drawable(frame), style)
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
        "sweep": sweep_context(results),
        "n_interrupted": sum(cell.status == "interrupted" for cell in results.cells),
    }
