"""What the README shows, run as it is written."""

import doctest
import importlib
import re

import pytest
from commands import benchgrad
from pages import ROOT, blocks, commands, printed, promised, text_of

README = text_of("README.md")
PYTHON = [text for _, text in blocks(README, "python")]


def test_the_engine_of_the_readme_runs_as_written(tmp_path):
    (code,) = [text for text in PYTHON if "my_engine.py" in text.partition("\n")[0]]
    assert len(code.splitlines()) <= 10
    (tmp_path / "my_engine.py").write_text(code)
    (line,) = [line for line in commands(README, "benchgrad run") if "my_engine.py" in line]
    done = benchgrad(*line.split()[1:], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "my_engine.py: ok" in done.stderr


@pytest.mark.parametrize("code", [text for text in PYTHON if "my_engine.py" not in text])
def test_an_example_of_the_readme_prints_what_it_says(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert promised(code)
    assert printed(code) == promised(code)


@pytest.mark.parametrize(
    "module", ["benchgrad.engines.scalar.value", "benchgrad.engines.tensor.value"]
)
def test_the_examples_in_the_docstrings_print_what_they_say(module):
    failed, attempted = doctest.testmod(importlib.import_module(module))
    assert attempted > 0
    assert failed == 0


def test_every_make_target_of_the_readme_exists():
    makefile = text_of("Makefile")
    targets = set(re.findall(r"^make ([\w-]+)", README, re.MULTILINE))
    assert targets >= {"bench", "test"}
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_file_that_the_docs_link_to_exists():
    for page in (ROOT / "README.md", *ROOT.glob("docs/*.md")):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
