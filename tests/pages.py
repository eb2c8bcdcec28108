"""Pages of the docs: their blocks of code, and what an example says that it prints."""

import contextlib
import io
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def text_of(name):
    return (ROOT / name).read_text("utf-8")


def blocks(page, language):
    """Return the blocks of a page in a language, each with the number of lines above it."""
    return [
        (page.count("\n", 0, found.start(2)), found[2])
        for found in BLOCK.finditer(page)
        if found[1] == language
    ]


def commands(page, start):
    """Return the lines of a page's shell blocks that start so."""
    shown = "".join(text for _, text in blocks(page, "sh"))
    return [line for line in shown.splitlines() if line.startswith(start)]


def promised(code):
    """Return the lines that an example says it prints."""
    return re.findall(r"# prints (.*)$", code, re.MULTILINE)


def printed(code):
    """Run an example as a program of its own would; return the lines that it prints."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(code, "example", "exec"), {"__name__": "__main__"})
    return out.getvalue().splitlines()
