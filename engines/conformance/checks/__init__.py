"""The checks in groups, and the one list of them all. Nothing is judged here."""

from functools import cache

from benchgrad.engines.conformance.checks import (
    dtypes,
    edges,
    field,
    graphs,
    memory,
    operations,
    random_graphs,
    small_arrays,
    state,
    training,
    uses,
)
from benchgrad.engines.conformance.judging.check import Check


@cache
def catalogue() -> dict[str, Check]:
    """Return every check by its name, the simple ones first."""
    every = [
        *operations.checks(),
        *uses.checks(),
        *field.checks(),
        *dtypes.checks(),
        *small_arrays.checks(),
        *graphs.checks(),
        *state.checks(),
        *edges.checks(),
        *random_graphs.checks(),
        *memory.checks(),
        *state.last_checks(),
        *training.checks(),
    ]
    named = {check.name: check for check in every}
    assert len(named) == len(every), "two checks have the same name"
    return named
