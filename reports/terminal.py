"""The summary that a run prints: the same figures as the page, as rich renderables."""

from collections.abc import Iterator

from rich.table import Table

from benchgrad.benchmarks.analysis.rounds import precision
from benchgrad.benchmarks.analysis.statistics import PAIRED_EFFECT
from benchgrad.benchmarks.records import Results
from benchgrad.reports import formats
from benchgrad.reports.tables import comparison, drift, has_intervals, tables


def summary(results: Results) -> Iterator[Table | str]:
    """Yield the table of engines, the ratio, and what the figures sum."""
    engines = tables(results).engines
    table = Table(box=None, pad_edge=False)
    several = engines["rounds"].max() > 1
    names = ["engine", "status", *(["rounds"] if several else [])]
    names += ["epochs", "per epoch", "total", "× fastest"]
    for name in (*names, "test accuracy", "largest difference in loss"):
        table.add_column(name, justify="left" if name in ("engine", "status") else "right")
    for row in engines.to_dict("records"):
        forecast = " (forecast)" if row["is_forecast"] else ""
        table.add_row(
            row["engine"],
            row["status"],
            *([str(row["rounds"])] if several else []),
            f"{row['epochs_done']} of {row['epochs_planned']}",
            formats.seconds(row["epoch_s"]),
            formats.seconds(row["total_s"]) + forecast,
            formats.ratio_between(row["times_fastest"], row["ratio_low"], row["ratio_high"]),
            formats.percent(row["test_accuracy"]),
            formats.scientific(row["loss_difference"]),
        )
    yield table
    for row in engines[engines["warning"] != ""].to_dict("records"):
        yield f"warning: {row['engine']} {row['warning']}"
    moved = drift(results)
    if moved and moved.is_noisy:
        varied = f"a fixed workload varied by {formats.percent(moved.spread)} between cells"
        meaning = moved.meaning(has_intervals(engines))
        yield f"warning: the machine was noisy: {varied}; {meaning}"
    if alike := list(engines[engines["is_alike"]]["engine"]):
        yield f"not told from the fastest, within {PAIRED_EFFECT - 1:.0%}: {', '.join(alike)}"
    reached = precision(results.plan, results.cells)
    if reached:
        yield formats.precision(reached)
    found = comparison(results, engines)
    if found:
        published = formats.ratio(found.published_ratio)
        yield (
            f"an epoch with {found.slow} takes "
            f"{formats.ratio_between(found.ratio, found.low, found.high)} as long as with "
            f"{found.fast}" + (f"; published: {published}" if published != "–" else "")
        )
