"""The page on the estimator: its examples run, and its table has every parameter."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchgrad.engines import AutogradClassifier

PAGE = (Path(__file__).parents[1] / "docs" / "estimator.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("code", EXAMPLES, ids=["a pipeline", "one pass at a time"])
def test_an_example_prints_what_it_says(code):
    expected = re.findall(r"# prints (.*)$", code, re.MULTILINE)
    assert expected
    command = [sys.executable, "-P", "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == expected


def test_the_table_has_every_parameter_with_its_default():
    rows = re.findall(r"^\| `(\w+)` \| `(.*?)` \|", PAGE, re.MULTILINE)
    expected = {name: repr(value) for name, value in AutogradClassifier().get_params().items()}
    assert {name: default.replace('"', "'") for name, default in rows} == expected
