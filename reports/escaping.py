r"""Text from elsewhere (names, notes, reasons, titles), made harmless for each kind of output.

No output shows a control character, or any other that a reader could not see; what there is of them
appears as ``\x1b``. How numbers become text is in `formats`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    import pandas as pd

# What Markdown reads as more than itself, wherever it is: emphasis, code, links, HTML, tables, and
# in GitHub's Markdown formulas and addresses that become links by themselves.
_ANYWHERE = {
    **{ord(character): f"\\{character}" for character in "\\`*[]~"},
    **{ord(character): f"&#{ord(character)};" for character in "|$@"},
    ord("&"): "&amp;",
    ord("<"): "&lt;",
}
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # one within a word is only itself
_ADDRESS = re.compile(r":(?=//)|(?<=\bwww)\.", re.IGNORECASE)
# What begins a heading, a list, a quotation or a rule.
_BEGINNING = re.compile(r"\d{1,9}(?=[.)](?:\s|$))|(?=#{1,6}(?:\s|$)|[-+](?:\s|$)|[-=]+$|>)")

_NUMBERS = "biufc"  # the kinds of dtypes that hold no text
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")  # what begins one in a spreadsheet


def visible(text: str) -> str:
    """Return a text as one line in which every character can be seen."""
    if text.isprintable():
        return text
    return "".join(map(_seen, " ".join(text.split("\n"))))


def visible_lines(text: str) -> str:
    """Return a text that may have several lines, otherwise as `visible`."""
    return "\n".join(map(visible, text.split("\n")))


def _seen(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    if character in "\t\r":
        return " "
    return character.encode("unicode_escape").decode()


def markdown(text: str) -> Markup:
    """Return a text that Markdown shows unchanged, anywhere: in a table, at a line's beginning."""
    if isinstance(text, Markup):
        return text
    line = visible(text).strip().translate(_ANYWHERE)
    line = _UNDERSCORE.sub(r"\\_", line)
    line = _ADDRESS.sub(lambda found: f"&#{ord(found[0])};", line)
    begun = _BEGINNING.match(line)
    return Markup(f"{begun[0]}\\{line[begun.end() :]}" if begun else line)


def code(name: str) -> Markup:
    """Return a name as code in Markdown, also in a table; one that cannot be code, as text."""
    shown = visible(name)
    if not shown or shown != shown.strip() or "`" in shown or "|" in shown:
        return markdown(shown)
    return Markup(f"`{shown}`")


def in_markdown(value: Any) -> Any:
    """Return what a template of Markdown shows for a value: text is escaped."""
    return markdown(value) if isinstance(value, str) else value


def in_html(value: Any) -> Any:
    """Return what a template of HTML shows for a value, before that is escaped."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def csv_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts a spreadsheet takes for texts; numbers stay what they are."""
    return _with_texts(frame, _as_text)


def drawable(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts a figure can show."""
    return _with_texts(frame, visible)


def _as_text(cell: str) -> str:
    shown = visible(cell)
    return f"'{shown}" if _FORMULA.match(shown) else shown


def _with_texts(frame: pd.DataFrame, shown: Callable[[str], str]) -> pd.DataFrame:
    """Return a table in which a function was applied to every text."""
    changed = {}
    for name in frame.columns:
        column = frame[name]
        if column.dtype.kind in _NUMBERS:
            continue
        texts = {cell: shown(cell) for cell in column.unique() if isinstance(cell, str)}
        if any(before != after for before, after in texts.items()):
            changed[name] = [texts.get(cell, cell) for cell in column]
    return frame.assign(**changed) if changed else frame
