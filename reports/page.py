"""Writes the report of a run into its folder: CSV files, plots, a summary and a page."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from benchgrad.benchmarks.analysis.collector import under_policies
from benchgrad.benchmarks.analysis.floor import floor
from benchgrad.benchmarks.analysis.rounds import precision
from benchgrad.benchmarks.analysis.statistics import PAIRED_EFFECT
from benchgrad.benchmarks.manifest import replace_files
from benchgrad.benchmarks.records import RecordError, Results, read_results
from benchgrad.reports import text_tables, tidy
from benchgrad.reports.animation import render_animation
from benchgrad.reports.axis import axis_for
from benchgrad.reports.card import card
from benchgrad.reports.columns import POLICY_COLUMNS, after, chosen, varying
from benchgrad.reports.engine_summary import EngineSummary, summaries
from benchgrad.reports.escaping import csv_cells, visible
from benchgrad.reports.file_names import (
    ACCURACY,
    ANIMATION,
    CARD,
    PAGE,
    SNIPPET,
    SUMMARY,
    TIMINGS,
    report_files,
)
from benchgrad.reports.findings import drift, has_intervals, headline, why_no_headline
from benchgrad.reports.ladder import Rung, ladder
from benchgrad.reports.opening import agreement, choice, identity, nodes_picture
from benchgrad.reports.overview import Overview, distribution, overview
from benchgrad.reports.own_names import with_own_names
from benchgrad.reports.payoff import payoffs
from benchgrad.reports.plot import Plot, all_plots, render
from benchgrad.reports.plotted import plotted, style_of
from benchgrad.reports.race import Race, race
from benchgrad.reports.race_page import RacePage
from benchgrad.reports.scaling import sweep_context
from benchgrad.reports.showing import Shown, showing
from benchgrad.reports.style import looks
from benchgrad.reports.tables import Tables, tables
from benchgrad.reports.templating import rendered
from benchgrad.reports.two_by_two import two_by_two

_PAGES = (SUMMARY, SNIPPET, PAGE)
_OF_SWEEPS = ("axes", "map", "held_out", "study")  # tables that no other run could have
SCRIPTS = ("page.js", "race.js")
# The figures that the page draws by itself, or shows in another section.
_ELSEWHERE = ("ladder", "two_by_two", "epoch_seconds")


@dataclass(frozen=True)
class Figure:
    """A plot as the templates show it; if it could not be drawn, `omitted` says why."""

    plot: Plot
    svg: str = ""  # base64
    omitted: str = ""


def write_report(folder: Path, animate: bool = False) -> Path:
    """Render everything again from ``results.json`` in `folder`; return the path of the page.

    Each file is replaced as a whole; files of an earlier report that this one lacks are removed.
    `animate` adds the race as an animated image.

    Raises:
        RecordError: there are no results, or they are damaged, or without a race to animate.
        ForeignError: a file that is not benchgrad's would be replaced; nothing is written then.
    """
    results = read_results(folder)
    contents = render_report(results)
    if animate:
        contents |= render_animation(results)
        if ANIMATION not in contents:
            raise RecordError(f"{folder}: there is no race to animate: no engine ended an epoch")
    replace_files(folder, contents, report_files())
    return folder / PAGE


def render_report(results: Results) -> dict[str, bytes]:
    """Return the content of every file of a report, by its path in the folder of the run."""
    return showing(
        with_own_names(results),
        lambda shown: _files(shown, all_plots()),
        attempt=lambda shown: _files(shown, []),
    )


def _files(shown: Shown, to_draw: Sequence[Plot]) -> dict[str, bytes]:
    results = shown.results
    engines = summaries(results, shown.reasons)
    derived = tables(results, engines)
    figures, plots = _draw(results, derived, to_draw)
    known = _context(results, engines, figures)
    return {
        TIMINGS: _csv(tidy.timings(results, derived), shown),
        ACCURACY: _csv(tidy.accuracy(derived), shown),
        **plots,
        CARD: card(results, engines),
        **{name: rendered(name, known) for name in _PAGES},
    }


def _specs(results: Results) -> dict[str, str]:
    """Return what each engine of a plan loads, by its name."""
    return {each.name: each.spec for each in results.plan.engines}


def _csv(frame: pd.DataFrame, shown: Shown) -> bytes:
    """Return a table of epochs; an engine that cannot be shown has a line that says why."""
    if shown.reasons:
        lines = [
            {"engine": name, "status": f"not shown: {why}"} for name, why in shown.reasons.items()
        ]
        reasons = pd.DataFrame(lines, columns=list(frame.columns), dtype=object)
        frame = pd.concat([frame.astype(object), reasons])
    content: str = csv_cells(frame).to_csv(index=False)
    return content.encode()


def _draw(
    results: Results, derived: Tables, to_draw: Sequence[Plot]
) -> tuple[list[Figure], dict[str, bytes]]:
    """Return the figures for the page, and the files of those that could be drawn."""
    style = style_of(results)
    figures: list[Figure] = []
    drawn: dict[str, bytes] = {}
    for plot in to_draw:
        if plot.table in _OF_SWEEPS and not results.points:
            continue
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


def _context(
    results: Results, engines: list[EngineSummary], figures: list[Figure]
) -> dict[str, object]:
    """Return what the templates show; they only choose and place."""
    data, hidden = results.data, results.plan.model.hidden
    found = headline(results, engines)
    same_step = identity(results, found)
    table = overview(results, engines, found)
    rungs = ladder(results, engines)
    replay = race(results, engines)
    return {
        "race": RacePage(replay, data) if replay else None,
        **_alive(table, rungs),
        "distribution": distribution(results, table),
        "identity": same_step,
        "nodes_picture": nodes_picture(same_step),
        "agreement": agreement(engines),
        "choice": choice(engines, table.n_epochs),
        "looks": looks(_specs(results)),
        "shown_figures": [
            f.plot.name for f in figures if not f.omitted and f.plot.name not in _ELSEWHERE
        ],
        "drawn": {f.plot.name for f in figures if not f.omitted},
        "varying": varying,
        "after": after,
        "scripts": SCRIPTS,
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
        "headline": found,
        "no_headline": why_no_headline(results),
        "payoffs": payoffs(results, engines),
        "two_by_two": two_by_two(results, engines),
        "drift": drift(results),
        "floor": floor(results),
        "common": " common_accuracy" if any(engine.common for engine in engines) else "",
        "under_policies": under_policies(results),
        "policy_columns": POLICY_COLUMNS,
        "figures": figures,
        "sweep": sweep_context(results),
        "contents": _contents(rungs, replay, [f for f in figures if not f.omitted], engines),
        "n_interrupted": sum(cell.status == "interrupted" for cell in results.cells),
    }


def _alive(table: Overview, rungs: list[Rung]) -> dict[str, object]:
    """Return what the page shows as drawings of its own, and what its script reads."""
    ladder_times = [rung.engine.timing.epoch_s for rung in rungs]
    rows = [row.engine for row in table.rows]
    return {
        "overview": table,
        "overview_data": {
            "baseline": table.baseline,
            "fixed": table.is_fixed,
            "names": [visible(engine.name) for engine in rows],
            "ranked": [row.is_ranked for row in table.rows],
            "ratios": {} if table.is_fixed else {m.name: m.ratios for m in table.measures},
            "x": {m.name: [m.axis.x(a.value) for a in m.amounts] for m in table.measures},
            "sort": {
                "engine": [visible(engine.name) for engine in rows],
                **{
                    f"time {m.name}": [_or_none(a.value) for a in m.amounts] for m in table.measures
                },
                "accuracy": [_or_none(engine.test_accuracy) for engine in rows],
                "memory": [_or_none(engine.process.peak_bytes) for engine in rows],
            },
        },
        "ladder": rungs,
        "ladder_axis": axis_for(ladder_times),
    }


def _or_none(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _contents(
    rungs: list[Rung],
    replay: Race | None,
    figures: list[Figure],
    engines: list[EngineSummary],
) -> list[tuple[str, str]]:
    """Return the sections of a page: the anchor of each, and its title."""
    return [
        ("engines", "All engines, side by side"),
        *([("ladder", "The ladder: what each idea is worth")] if rungs else []),
        *([("race", "The race")] if replay else []),
        *([("why", "Why, in counts")] if any(e.status == "ok" for e in engines) else []),
        ("work", "Did they do the same work?"),
        *(
            [("training", "How they trained")]
            if any(figure.plot.name not in _ELSEWHERE for figure in figures)
            else []
        ),
        ("start", "Before the first epoch"),
        ("details", "All the figures"),
        ("run", "The run"),
    ]
