"""Options as people write them, in the units that the plan has."""

import pytest

from benchgrad.benchmarks.plan import PlanError, load_plan
from benchgrad.benchmarks.run.runner import prepare
from benchgrad.command_line.options import RunOptions, UsageError, n_bytes, seed_of, share


@pytest.mark.parametrize(
    ("text", "expected"), [("1KiB", 1024), ("512MiB", 2**29), ("1.5GiB", 3 * 2**29)]
)
def test_sizes_are_read_as_people_write_them(text, expected):
    assert n_bytes("--memory", text) == expected


@pytest.mark.parametrize("text", ["4GB", "4", "much", "-1GiB", "0GiB", "inf", "GiB"])
def test_what_is_no_size_gets_one_line(text):
    with pytest.raises(UsageError, match=r"--memory '.*' is no size; write it as 512MiB or 4GiB"):
        n_bytes("--memory", text)


@pytest.mark.parametrize(("text", "expected"), [("2%", 0.02), ("0.5%", 0.005), ("0.02", 0.02)])
def test_shares_are_read_as_people_write_them(text, expected):
    assert share("--precision", text) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("text", ["2", "100%", "0%", "-2%", "2 %%", "little", "%"])
def test_what_is_no_share_gets_one_line(text):
    with pytest.raises(UsageError, match="is no share; write it as 2% or "):
        share("--precision", text)


def test_a_seed_is_a_number_or_drawn_anew():
    assert seed_of(None) is None
    assert seed_of("17") == 17
    drawn = {seed_of("random") for _ in range(20)}
    assert len(drawn) > 1
    assert all(0 <= seed < 2**32 for seed in drawn)
    for wrong in ("-1", "1.5", "4294967296", "any"):
        with pytest.raises(UsageError, match="write a number below 2"):
            seed_of(wrong)
    plan = load_plan("quick")
    changed = RunOptions(seed=17).applied(plan)
    assert changed == plan.with_training(seed=17)
    assert changed.training.seed == 17
    assert changed.engines == plan.engines


def test_a_processor_that_is_not_there_is_refused_before_anything_runs():
    quick = load_plan("quick")
    assert RunOptions(cpu=0).applied(quick).cpu == 0
    with pytest.raises(UsageError, match="--cpu: one processor does not run 2 threads at once"):
        RunOptions(cpu=0, threads=2).applied(quick)
    with pytest.raises(PlanError, match="cpu: there is no processor 4321 here; this process may"):
        prepare(RunOptions(cpu=4321).applied(quick))


def test_the_allocator_is_the_plans_unless_an_option_says_otherwise():
    quick = load_plan("quick")
    assert RunOptions().applied(quick).allocator == "keep"
    assert RunOptions(allocator="default").applied(quick).allocator == "default"
    with pytest.raises(UsageError, match="--allocator: Invalid enum value 'jemalloc'"):
        RunOptions(allocator="jemalloc").applied(quick)
