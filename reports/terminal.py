"""The summary that a run prints: the same figures as the page."""

import math
from collections.abc import Iterator, Sequence

from rich.table import Table

from benchgrad.benchmarks.analysis.collector import under_policies
from benchgrad.benchmarks.analysis.rounds import precision
from benchgrad.benchmarks.analysis.statistics import PAIRED_EFFECT
from benchgrad.benchmarks.records import Results
from benchgrad.reports import formats, text_tables
from benchgrad.reports.columns import chosen
from benchgrad.reports.engine_summary import EngineSummary, summaries
from benchgrad.reports.findings import Headline, drift, has_intervals, headline, why_no_headline
from benchgrad.reports.opening import Identity, identity
from benchgrad.reports.own_names import with_own_names
from benchgrad.reports.scaling import sentences, sweep_context
from benchgrad.reports.showing import Shown, showing
from benchgrad.reports.two_by_two import two_by_two

_COLUMNS = "engine status epochs epoch_s total_s times_fastest test_accuracy loss_difference"


def summary(results: Results) -> list[Table | str]:
    """Return the table of engines, what to know before comparing them, and the headline."""
    return showing(with_own_names(results), _parts, attempt=_parts)


def _parts(shown: Shown) -> list[Table | str]:
    return list(_told(shown.results, summaries(shown.results, shown.reasons)))


def _told(results: Results, engines: Sequence[EngineSummary]) -> Iterator[Table | str]:
    several = any(engine.rounds > 1 for engine in engines)
    names = _COLUMNS.replace("status", "status rounds undisturbed") if several else _COLUMNS
    if results.plan.instructions:
        names = names.replace("epoch_s", "epoch_s instructions")
    yield text_tables.terminal(chosen(names), engines)
    yield from (f"not shown: {e.name}: {e.reason}" for e in engines if e.status == "not shown")
    yield from (f"not counted: {e.name}: {e.uncounted}" for e in engines if e.uncounted)
    yield from (f"warning: {e.name} {warning}" for e in engines for warning in e.warnings)
    moved = drift(results)
    if moved and moved.is_noisy:
        varied = f"a fixed workload varied by {formats.percent(moved.spread)} between cells"
        calm = f"{formats.percent(moved.undisturbed)} of the epochs were undisturbed"
        meaning = moved.meaning(has_intervals(engines))
        yield f"warning: the machine was noisy: {varied}, {calm}; {meaning}"
    if refused := ", ".join(e.name for e in engines if e.verdict == "too disturbed"):
        yield f"too disturbed for a verdict, in most of their rounds: {refused}"
    if alike := ", ".join(e.name for e in engines if e.is_alike):
        within = formats.percent(PAIRED_EFFECT - 1)
        yield f"indistinguishable from the fastest, within {within}: {alike}"
    if reached := precision(results.plan, results.cells):
        yield formats.precision(reached)
    for row in under_policies(results):
        ratio = formats.ratio_between(row.ratio.ratio, row.ratio.low, row.ratio.high)
        yield f"collector {row.in_words}: {row.slow} takes {ratio} as long as {row.fast}"
    if four := two_by_two(results, engines):
        yield from four.sentences
    if found := headline(results, engines):
        yield _what(found)
        yield f"why: {_why(identity(results, found), found)}"
    elif not results.plan.timed:
        yield why_no_headline(results)
    if sweep := sweep_context(results):
        yield from sentences(sweep)


def _what(found: Headline) -> str:
    """Return which engine is faster, by how much, and how sure that is."""
    ratio = found.ratio
    low, high = (formats.ratio(end).removesuffix(" ×") for end in (ratio.low, ratio.high))
    brackets = [] if math.isnan(ratio.low) else [f"{low} to {high}"]
    if found.is_disturbed:
        brackets.append(f"{formats.ratio(found.cpu_ratio)} by processor time")
    published = formats.ratio(found.published_ratio)
    return (
        ("disturbed: " if found.is_disturbed else "")
        + f"{found.fast.name} is {formats.speedup(ratio.ratio)} "
        + f"{'than' if found.is_apart else 'as'} {found.slow.name}"
        + (f" ({'; '.join(brackets)})" if brackets else "")
        + (f"; published: {published}" if published != formats.UNKNOWN else "")
    )


def _why(found: Identity | None, between: Headline) -> str:
    """Return the exact identity behind a ratio, or what sets the faster engine apart."""
    if found:
        shown = found.shown
        cost = "costlier" if shown.is_costlier else "cheaper"
        return (
            f"{shown.nodes} × fewer nodes in a step ({found.slow_nodes:,} → {found.fast_nodes:,}), "
            f"each {shown.cost} × {cost} ({shown.slow_node} → {shown.fast_node})"
        )
    if between.fast.cause:
        return between.fast.cause
    return "not both show the graph of a step, so nothing is counted; the report has what is known"
