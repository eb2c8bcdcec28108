"""How the comparison of two runs is shown; its figures are tested with the analysis."""

from benchgrad.benchmarks.analysis.compare import EngineComparison, RunComparison, Side
from benchgrad.reports.compare import markdown


def test_a_row_shows_what_changed_between_the_runs():
    side = Side("old", "2026-01-02", "0.1.0", 0.5, None)
    row = EngineComparison(
        "a|b", "not comparable", "<why>", old_s=0.5, old_rounds=5, old_version="1", new_version="2"
    )
    same = EngineComparison("c", "slower", "", 1.2, 1.1, 1.3, is_above=True)
    lines = markdown(RunComparison(1, side, side, 0.95, 1.05, 1.1, ["w"], [row, same])).splitlines()
    why = "&lt;why>; version 1, now 2"
    assert rf"| a&#124;b | 500 ms | – | 5, 0 | – | not comparable | {why} |" in lines
    shown = "| `c` | – | – | 0 | 1.20 × (1.10 to 1.30) | slower, above the limit |  |"
    assert shown in lines
    assert lines[0] == "**Warning:** w"
