"""The lowest versions: each requirement has one, and benchgrad runs with what is installed here."""

from importlib.metadata import version

import pytest
from lowest import lowest


def as_numbers(text):
    return tuple(int(part) for part in text.split(".") if part.isdecimal())


@pytest.mark.parametrize(("package", "least"), lowest().items())
def test_what_is_installed_is_not_below_what_is_promised(package, least):
    assert as_numbers(version(package)) >= as_numbers(least)


def test_a_requirement_without_a_lowest_version_is_refused(tmp_path):
    project = tmp_path / "pyproject.toml"
    project.write_text(
        '[project]\ndependencies = ["numpy"]\noptional-dependencies = { compiled = [] }\n'
    )
    with pytest.raises(ValueError, match="'numpy' is not written as name>=version"):
        lowest(project)
