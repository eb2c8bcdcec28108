"""Shows a comparison of two runs, or of two engines of one: for a terminal, as Markdown, as JSON.

`benchgrad.benchmarks.analysis.compare` does the comparing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import msgspec
from rich.table import Table

from benchgrad.benchmarks.analysis.compare import EngineComparison, RunComparison
from benchgrad.reports import escaping, formats, text_tables
from benchgrad.reports.columns import Column, Entry


def table(found: RunComparison) -> Iterator[Table | str]:
    """Yield what a terminal shows: warnings, the table, and how to read it."""
    yield from (f"warning: {warning}" for warning in found.warnings)
    yield text_tables.terminal(_columns(found), found.rows)
    yield from notes(found)


def markdown(found: RunComparison) -> str:
    """Return a table for a pull request."""
    warnings = (f"**Warning:** {escaping.markdown(warning)}\n" for warning in found.warnings)
    below = (f"\n{escaping.markdown(note)}\n" for note in notes(found))
    shown = text_tables.markdown(_columns(found), found.rows)
    return "\n".join([*warnings, shown]) + "".join(below)


def json(found: RunComparison | Sequence[RunComparison]) -> str:
    """Return the whole comparison, as `RunComparison` declares it; of several a list."""
    return msgspec.json.format(msgspec.json.encode(found)).decode() + "\n"


def _rounds(row: EngineComparison) -> str:
    old, new = row.old_rounds, row.new_rounds
    return str(old) if old == new else f"{old}, {new}"


def _ratio(row: EngineComparison) -> Entry:
    return Entry(formats.ratio_between(row.ratio, row.ratio_low, row.ratio_high))


def _verdict(row: EngineComparison) -> str:
    """Return the verdict of the times in a few words."""
    return f"{row.verdict}, above the limit" if row.is_above else row.verdict


def _instructions(row: EngineComparison) -> Entry:
    old, new = row.old_instructions, row.new_instructions
    if row.instructions_ratio is None:
        return Entry(formats.UNKNOWN)
    return Entry(
        f"{formats.instructions(old)}, {100 * (row.instructions_ratio - 1):+.2f} %"
        if old != new
        else formats.instructions(old)
    )


def _doubts(row: EngineComparison) -> str:
    """Return how the sessions differed, and what a verdict therefore needed."""
    if not row.doubts:
        return ""
    named = " and ".join(
        f"{doubt.what} by {formats.percent(doubt.factor - 1)}" for doubt in row.doubts
    )
    needed = formats.percent(row.minimal_effect - 1)
    return f"the sessions differ, {named}, so a verdict needs {needed}"


def verdict(row: EngineComparison) -> str:
    """Return the verdict with its figures, as 1.19 × slower (1.18 to 1.21)."""
    if row.ratio is None:
        return row.verdict
    if row.verdict in ("slower", "faster"):
        low, high = (math.nan if end is None else end for end in (row.ratio_low, row.ratio_high))
        text = formats.compared(row.ratio, low, high)
    else:
        ratio = formats.ratio_between(row.ratio, row.ratio_low, row.ratio_high)
        text = f"{row.verdict}: {ratio}"
    return f"{text}, above the limit" if row.is_above else text


def why(row: EngineComparison) -> str:
    """Return what is behind a verdict, or why there is none."""
    versions = f"version {row.old_version or 'none'}, now {row.new_version or 'none'}"
    is_same = row.old_version == row.new_version
    return "; ".join(filter(None, (row.reason, _doubts(row), "" if is_same else versions)))


def _columns(found: RunComparison) -> list[Column[EngineComparison]]:
    """Return the columns of a comparison; those of instructions only if some were counted."""
    counted = any(row.old_instructions or row.new_instructions for row in found.rows)
    return [column for column in _COLUMNS if counted or not column.name.startswith("instructions")]


_COLUMNS: tuple[Column[EngineComparison], ...] = (
    Column("engine", "engine", lambda row: row.engine, is_number=False),
    Column("old_s", "OLD", lambda row: row.old_s, formats.seconds),
    Column("new_s", "NEW", lambda row: row.new_s, formats.seconds),
    Column("rounds", "rounds", _rounds),
    Column("ratio", "NEW / OLD", lambda row: row.ratio, show=_ratio),
    Column("verdict", "verdict", _verdict, is_number=False),
    Column(
        "instructions",
        "instructions per epoch",
        lambda row: row.instructions_ratio,
        show=_instructions,
    ),
    Column(
        "instructions_verdict",
        "by instructions",
        lambda row: row.instructions_verdict,
        is_number=False,
    ),
    Column("why", "why", why, is_number=False),
)


def notes(found: RunComparison) -> Iterator[str]:
    """Yield what the two sides are, and how to read their comparison."""
    for name, side in (("OLD", found.old), ("NEW", found.new)):
        rate = formats.flops(side.matmul_flops_per_s)
        yield (
            f"{name}: {side.path}, {side.started_at}, benchgrad {side.benchgrad}, "
            f"load {side.load_1min:.2f}, matrix product {rate}"
        )
    if found.is_paired:
        yield (
            "Both are engines of one run. The ratio is the median over rounds of the ratio within "
            f"a round; brackets hold its {100 * found.confidence:.0f} % bootstrap interval. A "
            f"verdict needs the whole interval beyond {_effect(found.minimal_effect)}."
        )
    else:
        yield (
            f"Two runs cannot show a difference of less than {_effect(found.minimal_effect)}: "
            "the interval covers what varied between the rounds of each run, and nothing shows "
            "what differs between the runs as a whole (temperature, other load, the machine's "
            "host). To see less, time both versions in one run: benchgrad compare --run OLD NEW."
        )
        yield (
            "Times are medians over rounds of the median steady epoch; brackets hold the "
            f"{100 * found.confidence:.0f} % bootstrap interval over rounds. A verdict needs the "
            f"whole interval beyond {_effect(found.minimal_effect)}, and more where the sessions "
            "differ."
        )
    if any(row.instructions_verdict for row in found.rows):
        yield (
            "Instructions do not depend on how busy the machine is, so a change of "
            f"{_effect(found.instructions_effect)} is real; they are no time, and --fail-above "
            "does not look at them."
        )


def _effect(factor: float) -> str:
    return f"{100 * (factor - 1):.3g} %"
