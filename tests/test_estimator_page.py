"""The page on the estimator: its examples run, and its table has every parameter."""

import re

import pytest
from pages import blocks, printed, promised, text_of

from benchgrad.engines import AutogradClassifier

PAGE = text_of("docs/estimator.md")
EXAMPLES = [text for _, text in blocks(PAGE, "python")]


@pytest.mark.parametrize("code", EXAMPLES, ids=["a pipeline", "one pass at a time"])
def test_an_example_prints_what_it_says(code):
    assert promised(code)
    assert printed(code) == promised(code)


def test_the_table_has_every_parameter_with_its_default():
    rows = re.findall(r"^\| `(\w+)` \| `(.*?)` \|", PAGE, re.MULTILINE)
    expected = {name: repr(value) for name, value in AutogradClassifier().get_params().items()}
    assert {name: default.replace('"', "'") for name, default in rows} == expected
