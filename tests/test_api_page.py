"""docs/api.md: its examples run as a doctest, its tables have every column and argument."""

import doctest
import inspect
import re

import pytest
from pages import ROOT, text_of

import benchgrad
from benchgrad.reports import page, tidy

PAGE = text_of("docs/api.md")


def test_the_examples_show_what_they_say(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(page, "all_plots", list)  # of the reports; nobody looks at them
    failed, attempted = doctest.testfile(
        str(ROOT / "docs/api.md"),
        module_relative=False,
        optionflags=doctest.IGNORE_EXCEPTION_DETAIL,
    )
    assert attempted > 20
    assert failed == 0
    assert (tmp_path / "loss.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("title", "columns"),
    [
        ("timings", tidy.TIMINGS | tidy.INSTRUCTIONS),
        ("accuracy", tidy.ACCURACY),
        ("engines", tidy.ENGINES),
    ],
)
def test_each_column_is_described(title, columns):
    section = PAGE.partition(f"### {title}\n")[2].partition("\n#")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", section, re.MULTILINE)
    assert {name: meaning.replace("&#124;", "|") for name, meaning in rows} == columns


def test_each_argument_of_run_is_described():
    section = PAGE.partition("## benchgrad.run\n")[2].partition("\n#")[0]
    cells = re.findall(r"^\| (`.+?`) \|", section, re.MULTILINE)
    named = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(inspect.signature(benchgrad.run).parameters)
