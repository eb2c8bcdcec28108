"""Tables as text: for a terminal, as Markdown, as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup
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


def html(columns: Sequence[Column[T]], rows: Iterable[T]) -> Markup:
    """Return an HTML table, without the details."""
    head = Markup().join(_html_cell("th", column.is_number, column.heading) for column in columns)
    body = Markup().join(
        Markup("<tr>{}</tr>").format(
            Markup().join(
                _html_cell("td", column.is_number, column.entry(row).line(is_brief=True))
                for column in columns
            )
        )
        for row in rows
    )
    return Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(head, body)


def _html_cell(tag: str, is_number: bool, text: str) -> Markup:
    side = "right" if is_number else "left"
    cell = Markup('<{0} style="text-align: {1}">{2}</{0}>')
    return cell.format(Markup(tag), side, escaping.visible(text))
