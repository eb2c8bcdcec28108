"""Prints pip's constraints for the lowest versions that pyproject.toml promises to work with.

Usage: python tools/lowest.py > constraints.txt; pip install -c constraints.txt .
"""

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
_REQUIREMENT = re.compile(r"([\w.-]+)>=([\w.]+)")
# What builds, checks and tests the code is as new as may be; only what runs it has to be lowest.
EXTRAS = ("compiled",)


def lowest(project: Path = PROJECT) -> dict[str, str]:
    """Return the lowest version of each package that benchgrad runs with.

    Raises:
        ValueError: a requirement has no lowest version.
    """
    declared = tomllib.loads(project.read_text("utf-8"))["project"]
    extras = declared["optional-dependencies"]
    versions = {}
    for text in (*declared["dependencies"], *(each for name in EXTRAS for each in extras[name])):
        found = _REQUIREMENT.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is not written as name>=version")
        versions[found[1]] = found[2]
    return versions


if __name__ == "__main__":
    for name, version in lowest().items():
        print(f"{name}=={version}")
