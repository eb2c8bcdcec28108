"""Tables as text: for a terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table

from benchgrad.reports import escaping
from benchgrad.reports.columns import Column, T


def terminal(columns: Sequence[Column[T]], rows: Iterable[T]) -> Table:
    """Return a table for a terminal, without the details."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column.heading, justify="right" if column.is_number else "left")
    for row in rows:
        cells = (column.entry(row).line(is_brief=True) for column in columns)
        table.add_row(*map(escaping.visible, cells))
    return table


def markdown(columns: Sequence[Column[T]], rows: Iterable[T]) -> str:
    """Return a Markdown table, the first column as code."""
    lines = [
        [column.heading for column in columns],
        ["---:" if column.is_number else "---" for column in columns],
    ]
    for row in rows:
        name, *rest = (column.entry(row) for column in columns)
        code = escaping.code(name.text)
        marked = f"{code} ({name.flag})" if name.flag else code
        lines.append([marked, *(escaping.markdown(entry.line()) for entry in rest)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
