"""The summary that a run prints: the same figures as the page."""

from collections.abc import Iterator

from rich.table import Table

from benchgrad.benchmarks.analysis.collector import under_policies
from benchgrad.benchmarks.analysis.rounds import precision
from benchgrad.benchmarks.analysis.statistics import PAIRED_EFFECT
from benchgrad.benchmarks.records import Results
from benchgrad.reports import formats, text_tables
from benchgrad.reports.columns import chosen
from benchgrad.reports.engine_summary import summaries
from benchgrad.reports.findings import drift, has_intervals, headline
from benchgrad.reports.scaling import sentences, sweep_context
from benchgrad.reports.two_by_two import two_by_two

_COLUMNS = "engine status epochs epoch_s total_s times_fastest test_accuracy loss_difference"


def summary(results: Results) -> Iterator[Table | str]:
    """Yield the table of engines, what to know before comparing them, and the headline."""
    engines = summaries(results)
    several = any(engine.rounds > 1 for engine in engines)
    names = _COLUMNS.replace("status", "status rounds undisturbed") if several else _COLUMNS
    if results.plan.instructions:
        names = names.replace("epoch_s", "epoch_s instructions")
    yield text_tables.terminal(chosen(names), engines)
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
    if found := headline(results, engines):
        ratio = formats.ratio_between(found.ratio.ratio, found.ratio.low, found.ratio.high)
        published = formats.ratio(found.published_ratio)
        yield (
            ("disturbed: " if found.is_disturbed else "")
            + f"an epoch with {found.slow.name} takes {ratio} as long as with {found.fast.name}"
            + (
                f" ({formats.ratio(found.cpu_ratio)} by processor time)"
                if found.is_disturbed
                else ""
            )
            + (f"; published: {published}" if published != formats.UNKNOWN else "")
        )
    if four := two_by_two(results, engines):
        yield from four.sentences
    if sweep := sweep_context(results):
        yield from sentences(sweep)
