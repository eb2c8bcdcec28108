"""What the README shows, run as it is written."""

import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language):
    """Return the code blocks of the README in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_engine_of_the_readme_runs_as_written(tmp_path):
    (code,) = [block for block in blocks("python") if "my_engine.py" in block.partition("\n")[0]]
    assert len(code.splitlines()) <= 10
    (tmp_path / "my_engine.py").write_text(code)
    (line,) = [
        line
        for block in blocks("sh")
        for line in block.splitlines()
        if line.startswith("benchgrad run") and "my_engine.py" in line
    ]
    command = [Path(sys.executable).with_name("benchgrad"), *line.split()[1:], "--lock", "lock"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "my_engine.py: ok" in done.stderr


def test_the_other_python_of_the_readme_prints_what_it_says():
    shown = [block for block in blocks("python") if "my_engine.py" not in block]
    assert shown
    for block in shown:
        expected = re.findall(r"# prints (.*)$", block, re.MULTILINE)
        assert expected
        done = subprocess.run(
            [sys.executable, "-P", "-c", block], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == expected


@pytest.mark.parametrize(
    "module", ["benchgrad.engines.scalar.value", "benchgrad.engines.tensor.value"]
)
def test_the_examples_in_the_docstrings_print_what_they_say(module):
    failed, attempted = doctest.testmod(importlib.import_module(module))
    assert attempted > 0
    assert failed == 0


def test_every_make_target_of_the_readme_exists():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^make ([\w-]+)", README, re.MULTILINE))
    assert targets >= {"bench", "test"}
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_file_that_the_docs_link_to_exists():
    for page in (ROOT / "README.md", *ROOT.glob("docs/*.md")):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
