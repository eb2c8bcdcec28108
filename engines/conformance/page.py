"""The verdicts as one page of HTML that a bug report can link to. Nothing is judged here."""

from collections import Counter
from collections.abc import Sequence
from importlib.resources import files

import jinja2

from benchgrad.engines.conformance.checking import Outcome
from benchgrad.engines.conformance.report import headline


def as_html(outcomes: Sequence[Outcome]) -> str:
    """Return a page that needs no other file: faults with anchors, and every check."""
    template = files("benchgrad.engines") / "templates" / "check.html.j2"
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(template.read_text("utf-8"))
    return page.render(outcomes=outcomes, headline=headline, count=Counter)
