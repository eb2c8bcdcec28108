"""The checker finds faults: a sample of those that ``make mutants`` tries."""

import pytest
from mutants import MUTANTS
from mutation import Mutant, write

from benchgrad.engines import load
from benchgrad.engines.conformance.checking import Options, checks_of, process_for
from benchgrad.engines.conformance.checks import catalogue

SAMPLE = [
    next(m for m in MUTANTS if str(m) == name)
    for name in (
        "tensor: - without its sign",
        "tensor: / with operands swapped",
        "tensor: tanh wrong only in float32",
        "tensor: linear wrong only for one row",
        "tensor: broadcasting: added axes not summed",
        "tensor: += in place",
        "tensor: stale gradients",
        "tensor: array @ Value swapped",
        "scalar: + off by 1.001",
        "scalar: wrong order",
        "scalar: exp overflows to 0",
    )
]


def test_there_are_enough_and_their_names_differ():
    assert len(MUTANTS) >= 60
    assert len({str(mutant) for mutant in MUTANTS}) == len(MUTANTS)


def test_every_mutant_can_be_loaded(tmp_path):
    for i, mutant in enumerate(MUTANTS):
        path = write(mutant, tmp_path, f"loaded_mutant_{i}")
        assert load(str(path)).name == mutant.engine


def test_a_fault_that_is_not_in_the_source_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="occurs 0 times"):
        write(Mutant("tensor", "rules.py", "none", "no such line", ""), tmp_path, "nothing")


@pytest.mark.parametrize("mutant", SAMPLE, ids=str)
def test_a_mutant_is_found(mutant, tmp_path):
    options = Options(is_fast=True, timeout_s=20.0)
    path = write(mutant, tmp_path, "found_mutant")
    with process_for(str(path), options) as process:
        assert any(process.verdict(check).counts_against for check in checks_of(options))


@pytest.mark.parametrize(
    ("name", "check", "words"),
    [
        ("tensor: * with operands swapped", "gradients: x + y", "operands swapped in the"),
        ("tensor: max: everybody gets a share", "gradients: max(x)", "all share it"),
        (
            "tensor: reshape undone in another order",
            "gradients: reshape(x, (4, 6))",
            "in another order",
        ),
        (
            "tensor: index taken twice counts once",
            "gradients: x[[0, 1]] * x[[1, 1]]",
            "taken more than once",
        ),
        ("tensor: wrong order", "values: x + y", "before there is one"),
        ("tensor: detach detaches nothing", "constants: detach stops the gradient", "lets the"),
        (
            "tensor: no_grad is never left",
            "constants: after inference gradients are there again",
            "is not left",
        ),
        (
            "tensor: / by the divisor without its sign",
            "gradients: x / y",
            "its sign is wrong",
        ),
    ],
)
def test_the_cause_of_a_mutant_is_named(name, check, words, tmp_path):
    mutant = next(m for m in MUTANTS if str(m) == name)
    with process_for(
        str(write(mutant, tmp_path, "named_mutant")), Options(is_fast=True)
    ) as process:
        verdict = process.verdict(catalogue()[check])
    assert verdict.counts_against
    assert words in verdict.cause
