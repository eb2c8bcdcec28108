"""Shows a comparison of two runs: as a table for a terminal, as Markdown, as JSON.

`benchgrad.benchmarks.analysis.compare` does the comparing.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from rich.table import Table

from benchgrad.benchmarks.analysis.compare import EngineComparison, RunComparison
from benchgrad.reports import formats, text_tables
from benchgrad.reports.columns import Column, Entry


def table(found: RunComparison) -> Iterator[Table | str]:
    """Yield what a terminal shows: warnings, the table, and how to read it."""
    yield from (f"warning: {warning}" for warning in found.warnings)
    yield text_tables.terminal(_COLUMNS, found.rows)
    yield from _notes(found)


def markdown(found: RunComparison) -> str:
    """Return a table for a pull request."""
    warnings = (f"**Warning:** {formats.markdown(warning)}\n" for warning in found.warnings)
    notes = (f"\n{formats.markdown(note)}\n" for note in _notes(found))
    return "\n".join([*warnings, text_tables.markdown(_COLUMNS, found.rows)]) + "".join(notes)


def json(found: RunComparison) -> str:
    """Return the whole comparison, as `RunComparison` declares it."""
    return msgspec.json.format(msgspec.json.encode(found)).decode() + "\n"


def _rounds(row: EngineComparison) -> str:
    old, new = row.old_rounds, row.new_rounds
    return str(old) if old == new else f"{old}, {new}"


def _ratio(row: EngineComparison) -> Entry:
    return Entry(formats.ratio_between(row.ratio, row.ratio_low, row.ratio_high))


def _verdict(row: EngineComparison) -> str:
    return f"{row.verdict}, above the limit" if row.is_above else row.verdict


def _why(row: EngineComparison) -> str:
    versions = f"version {row.old_version or 'none'}, now {row.new_version or 'none'}"
    is_same = row.old_version == row.new_version
    return "; ".join(filter(None, (row.reason, "" if is_same else versions)))


_COLUMNS: tuple[Column[EngineComparison], ...] = (
    Column("engine", "engine", lambda row: row.engine, is_number=False),
    Column("old_s", "OLD", lambda row: row.old_s, formats.seconds),
    Column("new_s", "NEW", lambda row: row.new_s, formats.seconds),
    Column("rounds", "rounds", _rounds),
    Column("ratio", "NEW / OLD", lambda row: row.ratio, show=_ratio),
    Column("verdict", "verdict", _verdict, is_number=False),
    Column("why", "why", _why, is_number=False),
)


def _notes(found: RunComparison) -> Iterator[str]:
    for name, side in (("OLD", found.old), ("NEW", found.new)):
        rate = formats.flops(side.matmul_flops_per_s)
        yield (
            f"{name}: {side.path}, {side.started_at}, benchgrad {side.benchgrad}, "
            f"load {side.load_1min:.2f}, matrix product {rate}"
        )
    yield (
        f"Times are medians over rounds of the median steady epoch; brackets hold the "
        f"{100 * found.confidence:.0f} % bootstrap interval over rounds. A verdict needs the whole "
        f"interval beyond {100 * (found.minimal_effect - 1):.0f} %. The interval covers what "
        "varied between the rounds of each run, not what differs between the runs as a whole: to "
        "find smaller differences, run both versions as engines of one plan."
    )
