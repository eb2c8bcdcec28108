"""Fills templates: all text from elsewhere is escaped, style and scripts are in the page itself."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

import jinja2
from markupsafe import Markup

from benchgrad.reports import formats
from benchgrad.reports.escaping import code, in_html, in_markdown, markdown, visible_lines

_FOLDER = files("benchgrad.reports") / "templates"
_FILTERS = (
    "count", "duration", "flops", "memory", "percent", "precision", "published", "published_s",
    "ratio", "ratio_between", "seconds", "speedup",
)  # fmt: skip


def rendered(name: str, known: Mapping[str, object]) -> bytes:
    """Return a page; whatever its template shows is escaped for what it is written in."""
    environment = templates(in_html if name.endswith(".html") else in_markdown)
    return visible_lines(environment.get_template(name).render(known)).encode()


@lru_cache(maxsize=4)
def templates(shown: Callable[[object], object] = in_html) -> jinja2.Environment:
    """Return an environment in which `shown` is applied to every value that a template shows."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (_FOLDER / f"{name}.j2").read_text("utf-8")),
        autoescape=True,
        finalize=shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    for name in _FILTERS:
        environment.filters[name] = getattr(formats, name)
    environment.filters |= {"code": code, "markdown": markdown}
    environment.globals |= {"inline": inline, "policy": policy}
    return environment


def inline(name: str) -> Markup:
    """Return a style sheet or a script of `templates/`, to be part of a page."""
    return Markup((_FOLDER / name).read_text("utf-8"))


def policy(scripts: Sequence[str]) -> str:
    """Return the content security policy of a page: these scripts run, and nothing is loaded.

    Source: W3C, Content Security Policy Level 3, section 6.7.2 (hashes of inline scripts).
    """
    hashes = [hashlib.sha256(inline(name).encode()).digest() for name in scripts]
    allowed = " ".join(f"'sha256-{base64.b64encode(found).decode()}'" for found in hashes)
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {allowed}"
