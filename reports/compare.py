"""Shows a comparison of two runs: as a table for a terminal, as Markdown, as JSON.

It only places what `benchgrad.benchmarks.analysis.compare` found.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from rich.table import Table
from rich.text import Text

from benchgrad.benchmarks.analysis.compare import Row, RunComparison
from benchgrad.reports import formats

_COLUMNS = ("engine", "OLD", "NEW", "rounds", "NEW / OLD", "verdict", "why")
_NUMBERS = ("OLD", "NEW", "rounds", "NEW / OLD")


def table(found: RunComparison) -> Iterator[Table | Text]:
    """Yield what a terminal shows: warnings, the table, and how to read it."""
    for warning in found.warnings:
        yield Text(f"warning: {warning}")
    rows = Table(box=None, pad_edge=False)
    for name in _COLUMNS:
        rows.add_column(name, justify="right" if name in _NUMBERS else "left")
    for row in found.rows:
        rows.add_row(*map(Text, _cells(row)))
    yield rows
    for line in _notes(found):
        yield Text(line)


def markdown(found: RunComparison) -> str:
    """Return a table for a pull request."""
    lines = [f"**Warning:** {formats.markdown(warning)}\n" for warning in found.warnings]
    lines.append("| " + " | ".join(_COLUMNS) + " |")
    aligned = ("---:" if name in _NUMBERS else "---" for name in _COLUMNS)
    lines.append("|" + "|".join(aligned) + "|")
    for row in found.rows:
        name, *rest = map(formats.markdown, _cells(row))
        lines.append("| " + " | ".join([f"`{name}`", *rest]) + " |")
    notes = (f"{formats.markdown(note)}\n" for note in _notes(found))
    return "\n".join([*lines, "", *notes])


def json(found: RunComparison) -> str:
    """Return the whole comparison, as `RunComparison` declares it."""
    return msgspec.json.format(msgspec.json.encode(found)).decode() + "\n"


def _cells(row: Row) -> tuple[str, ...]:
    old, new = row.old_rounds, row.new_rounds
    verdict = f"{row.verdict}, above the limit" if row.is_above else row.verdict
    return (
        row.engine,
        formats.seconds(row.old_s),
        formats.seconds(row.new_s),
        str(old) if old == new else f"{old}, {new}",
        formats.ratio_between(row.ratio, row.ratio_low, row.ratio_high),
        verdict,
        "; ".join(filter(None, (row.reason, _versions(row)))),
    )


def _versions(row: Row) -> str:
    if row.old_version == row.new_version:
        return ""
    return f"version {row.old_version or 'none'}, now {row.new_version or 'none'}"


def _notes(found: RunComparison) -> Iterator[str]:
    old, new = found.old, found.new
    for name, side in (("OLD", old), ("NEW", new)):
        rate = formats.flops(side.matmul_flops_per_s)
        yield (
            f"{name}: {side.path}, {side.started_at}, benchgrad {side.benchgrad}, "
            f"load {side.load_1min:.2f}, matrix product {rate}"
        )
    yield (
        f"Medians over rounds of the median steady epoch; in brackets the "
        f"{100 * found.confidence:.0f} % bootstrap interval over rounds. A verdict needs an "
        f"interval beyond {100 * (found.minimal_effect - 1):.0f} %. The interval holds what varied "
        "between the rounds of each run, not what differs between the runs as a whole: run both "
        "versions as engines of one plan to tell smaller differences apart."
    )
