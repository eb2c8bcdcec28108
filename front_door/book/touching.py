"""Things to touch: how one gets its style, its script and its data into a page or a notebook.

Each is a piece of HTML of its own. What it shows without a script is complete.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files

_PARTS = files("benchgrad.book") / "parts"


@dataclass(frozen=True, repr=False)
class Touchable:
    """A piece of HTML with a script of its own; `what` says what it is, where none is shown."""

    content: str
    what: str

    def _repr_html_(self) -> str:
        return self.content

    def __repr__(self) -> str:
        return f"<{self.what}: a page or a notebook shows it>"


def part(name: str) -> str:
    """Return a style sheet or a script of `parts/`."""
    return (_PARTS / name).read_text("utf-8").strip()


def touchable(kind: str, body: str, data: object, label: str) -> Touchable:
    """Return a body with the style and the script of its kind, which reads the data.

    The script finds its body by an id that is made of what is shown.
    """
    told = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    key = f"{kind}-{hashlib.sha256((body + told).encode()).hexdigest()[:8]}"
    script = part(f"{kind}.js").replace('"ID"', json.dumps(key)).replace('"DATA"', told)
    style = part("touch.css")
    return Touchable(
        f'<div class="bg-touch" id="{key}"><style>{style}</style>{body}</div>'
        f"<script>{script}</script>",
        label,
    )
