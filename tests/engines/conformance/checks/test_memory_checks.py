"""Memory: growth is found with the line that allocates it, and caches are forgiven."""

import numpy as np
import pytest

from benchgrad.engines.conformance.checks.memory import _repeat
from benchgrad.engines.conformance.judging.verdict import Failure


def test_one_small_array_of_each_step_is_found_with_its_line():
    kept = []

    def step():
        kept.append(np.zeros(1))

    with pytest.raises(Failure, match="memory grows by") as failure:
        _repeat(step, 400, "")
    assert "a little of each step" in str(failure.value.finding.cause)
    line = step.__code__.co_firstlineno + 1
    assert f"test_memory_checks.py, line {line}" in str(failure.value.finding.cause)


def test_what_is_as_large_as_a_graph_is_called_one():
    kept = []
    with pytest.raises(Failure) as failure:
        _repeat(lambda: kept.append(np.zeros(100)), 400, "")
    assert "the graphs of earlier steps" in str(failure.value.finding.cause)


def test_a_cache_that_fills_and_the_losses_of_each_step_are_forgiven():
    cache, losses = {}, []

    def step():
        cache[len(losses) % 150] = np.zeros(100)
        losses.append(float(len(losses)))

    _repeat(step, 400, "")
