"""Attacks: what a hostile engine, file, plan, option or folder tries, and whether it held.

`make attacks` runs all of them and ends with a table of counts: a line for each file of tests here.
Every test carries the marker `attacks`; `make test` leaves them out, but for those that are also
marked `sample`. A test is one attack, unless it counts several with `attacked`.
"""

from collections import Counter
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by markers
def pytest_collection_modifyitems(items):
    """Mark every test of this folder, so that none is left out of the table."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.attacks)


@pytest.fixture
def attacked(record_property):
    """Return a function that counts attacks and fails if one of them broke something.

    It takes what each broke, by the name of the attack, and "" where it held.
    """

    def count(broken):
        record_property("tried", len(broken))
        record_property("held", sum(not what for what in broken.values()))
        assert not {name: what for name, what in broken.items() if what}

    return count


def pytest_terminal_summary(terminalreporter):
    """Print how many attacks were tried and how many held, by the file of the tests."""
    tried, held = Counter(), Counter()
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.getreports(outcome):
            path, _, _ = report.nodeid.partition("::")
            if report.when == "teardown" or "attacks" not in Path(path).parts:
                continue
            counts = dict(report.user_properties)
            area = Path(path).stem.removeprefix("test_").replace("_", " ")
            tried[area] += counts.get("tried", 1)
            held[area] += counts.get("held", int(report.passed))
    if not tried:
        return
    terminalreporter.section("attacks")
    width = max(map(len, tried))
    for area in sorted(tried):
        terminalreporter.line(f"{area:{width}}  tried {tried[area]:4}  held {held[area]:4}")
    total = f"tried {tried.total():4}  held {held.total():4}"
    terminalreporter.line(f"{'':{width}}  {total}")
