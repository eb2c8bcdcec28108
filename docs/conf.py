"""How Sphinx builds the book and the reference as one site: `make book`.

Each chapter is executed here, and its notebook is made. The build needs no network.
"""

import os
import re
import sys
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT / "tools"))
import notebooks  # noqa: E402 (the project's own tool)

# What a chapter runs must neither wait for another run nor read somebody else's records.
os.environ["BENCHGRAD_SAMPLE"] = str(DOCS / "sample")
os.environ["BENCHGRAD_LOCK"] = str(ROOT / "build" / "book.lock")
os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
(ROOT / "build").mkdir(exist_ok=True)

project = "benchgrad"
author = "The benchgrad authors"
extensions = ["myst_nb"]

nb_execution_mode = "inline"  # so that sentences can say what cells have found
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_execution_timeout = 300
nb_merge_streams = True
nb_eval_name_regex = r"^[a-z_][a-z0-9_]*$"
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

html_theme = "furo"
html_title = "benchgrad"
html_static_path = ["_static"]
html_favicon = "_static/icon.svg"
html_css_files = ["book.css"]
html_js_files = ["book.js"]
html_extra_path = ["../build/notebooks"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {"top_of_page_buttons": []}
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


def _chapter(name):
    """Return the source of a page if it is a chapter."""
    path = DOCS / f"{name}.md"
    return path if path in notebooks.chapters(DOCS / "book") else None


# A page of the repository that is no page of the site is named instead of linked.
_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./([^)#:]+\.md)(#[^)]*)?\)")


def _prepare(app, name, content):
    """Put a link to the chapter's notebook below its title; name what is outside."""
    if "/" not in name:
        content[0] = _OUTSIDE.sub(r"\1 (`\2`)", content[0])
    if _chapter(name):
        link = (
            f'<p class="bg-notebook"><a href="../notebooks/{Path(name).name}.ipynb" '
            "download>This chapter as a notebook</a></p>"
        )
        head, title, rest = content[0].partition("\n# ")
        line, _, text = rest.partition("\n")
        content[0] = f"{head}{title}{line}\n\n{link}\n{text}"


def setup(app):
    """Make the notebooks, and link each from its chapter."""
    folder = ROOT / "build" / "notebooks" / "notebooks"
    notebooks.write_all(DOCS / "book", folder, Path(os.environ["BENCHGRAD_SAMPLE"]))
    app.connect("source-read", _prepare)
