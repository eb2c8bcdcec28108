"""What docs/engines.md shows, run as it is written: Python in order, files, and short commands."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "engines.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page, language):
    """Return the blocks of a page in a language, each with the number of lines above it."""
    return [
        (page.count("\n", 0, found.start(2)), found[2])
        for found in BLOCK.finditer(page)
        if found[1] == language
    ]


def run_page(page, folder):
    """Run the Python of a page as one program in a folder; return it when it has ended.

    Its lines keep their numbers, so that a traceback points into the page. A block that starts
    with the name of a file is written there too, before anything runs.
    """
    lines = [""] * page.count("\n")
    for _, text in blocks(page, "python") + blocks(page, "toml"):
        if name := re.match(r"# ([\w-]+\.\w+)\n", text):
            (folder / name[1]).write_text(text)
    for above, text in blocks(page, "python"):
        own = text.splitlines()
        lines[above : above + len(own)] = own
    program = folder / "engines_md.py"
    program.write_text("\n".join(lines) + "\n")
    return subprocess.run(
        [sys.executable, "-W", "error", program.name],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def done(folder):
    return run_page(PAGE.read_text("utf-8"), folder)


def test_the_python_of_the_page_prints_what_it_says(done):
    expected = re.findall(r"# prints (.*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert len(expected) >= 10
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == expected


def test_a_snippet_that_fails_is_found_at_its_line(tmp_path):
    page = "# A page\n\n```python\nx = 1\n```\n\ntext\n\n```python\nprint(x)\nassert x == 2\n```\n"
    done = run_page(page, tmp_path)
    assert (done.returncode, done.stdout) == (1, "1\n")
    assert "line 11" in done.stderr


@pytest.mark.parametrize("start", ["benchgrad new-engine", "benchgrad run hinge.toml"])
def test_commands_of_the_page_run_beside_its_files(start, done, folder):
    lines = {
        tuple(shlex.split(line, comments=True))
        for _, text in blocks(PAGE.read_text("utf-8"), "sh")
        for line in text.splitlines()
        if line.startswith(start)
    }
    assert lines
    for _, *arguments in lines:
        command = [Path(sys.executable).with_name("benchgrad"), *arguments]
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
