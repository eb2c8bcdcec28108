"""The summary on the terminal: the same figures as the page."""

import io

import msgspec
import pytest
from rich.console import Console

from benchgrad.benchmarks.plan import Contestant
from benchgrad.benchmarks.records import GraphCounts
from benchgrad.reports.terminal import summary


@pytest.fixture
def printed():
    """Return a function that gives the lines that a run prints."""

    def printed(results):
        console = Console(file=io.StringIO(), width=200)
        for part in summary(results):
            console.print(part)
        return console.file.getvalue().splitlines()

    return printed


def test_every_engine_has_a_line_with_its_figures(printed, full_run):
    header, *lines = printed(full_run)
    assert header.split("  ")[0].strip() == "engine"
    cells = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]
    assert cells[:7] == [
        [
            "micrograd", "ok", "2", "4 of 4", "3 of 3", "450 ms", "1.70 s", "913 ×",
            "37.5 % after 3 epochs", "5.0e-15",
        ],
        [
            "scalar", "ok", "2", "6 of 6", "4 of 5", "3.00 s", "9.50 s (forecast)", "5,774 ×",
            "50.0 % after 4 epochs", "5.0e-15",
        ],
        [
            "tensor", "ok", "2", "6 of 6", "4 of 4", "2.50 ms", "92.5 ms", "5.00 ×",
            "50.0 % after 4 epochs", "5.0e-15",
        ],
        [
            "numpy", "ok", "2", "2 of 2", "1 of 1", "500 µs", "500 µs", "1.00 ×",
            "12.5 % after 1 epoch", "5.0e-15",
        ],
        [
            "bad<i>.py", "crashed", "2", "2 of 2", "1 of 3", "700 ms", "–", "–",
            "12.5 % after 1 epoch", "–",
        ],
        [
            "wrong (invalid)", "invalid", "2", "2 of 2", "2 of 2", "100 µs", "300 µs", "–",
            "25.0 % after 2 epochs", "5.0e-01",
        ],
        ["absent", "missing", "0", "–", "0 of 2", "–", "–", "–", "–", "–"],
    ]  # fmt: skip


def test_the_ratio_is_printed_with_the_published_one(printed, full_run):
    what, why = printed(full_run)[-2:]
    assert what == "tensor is 1,155 × faster than scalar; published: 1,381 ×"
    assert why.startswith("why: not both show the graph of a step")


def test_the_last_line_says_why_in_nodes_and_what_each_costs(printed, by_hand):
    run = by_hand.rounds(a=(1.0,) * 5, b=(8.0,) * 5)
    counts = {"a": GraphCounts(2, {"linear": 10}, 12, 100, 100),
              "b": GraphCounts(2, {"*": 800}, 1600, 9000, 0)}  # fmt: skip
    cells = [msgspec.structs.replace(cell, counts=counts[cell.engine]) for cell in run.cells]
    assert printed(msgspec.structs.replace(run, cells=cells))[-1] == (
        "why: 80.0 × fewer nodes in a step (800 → 10), each 10.0 × costlier (10.0 ms → 100 ms)"
    )


def test_without_published_figures_the_ratio_stands_alone(printed, deep_run):
    what, why = printed(deep_run)[-2:]
    assert what == "numpy is 10.0 × faster than tensor"
    assert why == "why: no graph"  # the cause that its plan gives


def test_a_run_of_which_all_engines_failed_is_printed(printed, failed_run):
    lines = printed(failed_run)
    assert [line.split()[:2] for line in lines[1:]] == [
        ["scalar", "crashed"],
        ["absent", "missing"],
    ]


def test_an_engine_that_used_more_processors_than_allowed_is_warned_of(by_hand):
    busy = msgspec.structs.replace(by_hand.epoch(1.0), cpu_s=2.0)
    cell = msgspec.structs.replace(by_hand.cell("scalar", [1.0]), epochs=[busy])
    run = by_hand.results([Contestant("scalar")], [cell])
    lines = [part for part in summary(run) if isinstance(part, str)]
    assert lines == [
        "warning: scalar kept 2.00 CPUs busy but was allowed 1 thread; its times are not comparable"
    ]


def test_with_three_rounds_a_rank_has_its_interval(printed, by_hand):
    run = by_hand.rounds(a=(1.0, 1.0, 1.0), b=(1.27, 1.3, 1.33))
    lines = printed(run)
    assert "1.00 ×  " in lines[1]
    assert "1.30 × (1.27 to 1.33)" in lines[2]


def test_engines_without_a_difference_to_the_fastest_are_named(printed, by_hand):
    run = by_hand.rounds(a=(1.0,) * 5, b=(0.99, 1.01, 1.0, 1.02, 1.001), c=(1.2,) * 5)
    assert "indistinguishable from the fastest, within 1.0 %: b" in printed(run)


def test_a_disturbed_ratio_is_printed_with_that_of_the_processor_time(printed, by_hand):
    run = by_hand.rounds(a=(1.0,) * 5, b=(8.0,) * 5)
    cells = [
        msgspec.structs.replace(
            cell,
            epochs=[
                msgspec.structs.replace(e, waited_s=e.wall_s * share, cpu_s=e.wall_s * (1 - share))
                for e in cell.epochs
            ],
        )
        for cell in run.cells
        for share in [0.5 * (cell.engine == "b")]
    ]
    lines = printed(msgspec.structs.replace(run, cells=cells))
    assert lines[-2] == (
        "disturbed: a is 8.00 × faster than b (8.00 to 8.00; 4.00 × by processor time)"
    )
    assert "too disturbed for a verdict, in most of their rounds: b" in lines
    assert "0 of 5 (disturbed in 5 of 5 rounds)" in lines[2]


def test_a_noisy_machine_is_warned_of(printed, by_hand):
    run = by_hand.rounds(a=(1.0, 1.0))
    cells = [msgspec.structs.replace(cell, control_s=[1.0 + cell.round]) for cell in run.cells]
    warning = (
        "warning: the machine was noisy: a fixed workload varied by 60.0 % between cells, "
        "100.0 % of the epochs were undisturbed; smaller differences between engines mean nothing"
    )
    assert warning in printed(msgspec.structs.replace(run, cells=cells))


def test_a_precision_is_reported_with_what_missed_it(printed, by_hand):
    results = by_hand.rounds(a=(1.0,) * 6, b=(2.0, 2.2, 2.0, 2.1, 2.0, 2.3))
    missed = "b to ±10.0 % after 6 rounds"
    for asked, line in (
        (0.2, "6 rounds, until each ratio was known to ±20 %"),
        (0.02, f"6 rounds; not every ratio is known to ±2 %: {missed}"),
    ):
        plan = results.plan.replace(precision=asked)
        assert line in printed(msgspec.structs.replace(results, plan=plan))
