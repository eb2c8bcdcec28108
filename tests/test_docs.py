"""What docs/engines.md shows, run as it is written: Python in order, files, and short commands."""

import re
import shlex
import subprocess
import sys

import pytest
from commands import benchgrad
from pages import blocks, commands, promised, text_of

PAGE = text_of("docs/engines.md")


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


@pytest.fixture(scope="session")
def folder(made_once):
    """Return the folder in which the page's Python ran, with what it printed."""

    def fill(folder):
        done = run_page(PAGE, folder)
        assert done.returncode == 0, done.stderr
        (folder / "printed").write_text(done.stdout)

    return made_once("page", fill)


def test_the_python_of_the_page_prints_what_it_says(folder):
    assert len(promised(PAGE)) >= 10
    assert (folder / "printed").read_text().splitlines() == promised(PAGE)


def test_a_snippet_that_fails_is_found_at_its_line(tmp_path):
    page = "# A page\n\n```python\nx = 1\n```\n\ntext\n\n```python\nprint(x)\nassert x == 2\n```\n"
    done = run_page(page, tmp_path)
    assert (done.returncode, done.stdout) == (1, "1\n")
    assert "line 11" in done.stderr


@pytest.mark.parametrize(
    "start", ["benchgrad new-engine", "benchgrad check", "benchgrad run hinge.toml"]
)
def test_commands_of_the_page_run_beside_its_files(start, folder):
    lines = {tuple(shlex.split(line, comments=True)) for line in commands(PAGE, start)}
    assert lines
    for _, *arguments in lines:
        ended = benchgrad(*arguments, cwd=folder)
        assert ended.returncode == 0, ended.stderr
