"""Microbenchmarks of graphs: building one of 10,000 nodes, ordering it, freeing it.

For engines whose Values name their parents, as the built-in ones do.
"""

from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchgrad.engines import ValueEngine, available, load
from benchgrad.engines.topology import topological_order

N_NODES = 10_000


def engines() -> list[str]:
    """Return the engines whose graphs can be walked."""
    loaded = [load(engine.name) for engine in available() if engine.status == "ready"]
    return [
        engine.name
        for engine in loaded
        if isinstance(engine, ValueEngine) and hasattr(engine.value, "parents")
    ]


def chain(engine: ValueEngine) -> Any:
    """Return the last node of a chain of additions."""
    node = leaf = engine.leaf(1.0)
    for _ in range(N_NODES):
        node = node + leaf
    return node


def loaded(name: str) -> ValueEngine:
    engine = load(name)
    assert isinstance(engine, ValueEngine)
    return engine


@pytest.mark.parametrize("name", engines())
def test_building_and_freeing(benchmark: BenchmarkFixture, name: str) -> None:
    benchmark.group = f"build and free {N_NODES} nodes"
    node = benchmark(chain, loaded(name))
    assert len(topological_order(node)) == N_NODES + 1


@pytest.mark.parametrize("name", engines())
def test_ordering(benchmark: BenchmarkFixture, name: str) -> None:
    benchmark.group = f"order {N_NODES} nodes"
    order = benchmark(topological_order, chain(loaded(name)))
    assert len(order) == N_NODES + 1


@pytest.mark.parametrize("name", engines())
def test_freeing(benchmark: BenchmarkFixture, name: str) -> None:
    """A graph is freed by dropping its last node; the list holds nothing else."""
    engine = loaded(name)
    benchmark.group = f"free {N_NODES} nodes"

    def setup() -> tuple[tuple[list[Any]], dict[str, Any]]:
        return ([chain(engine)],), {}

    benchmark.pedantic(list.clear, setup=setup, rounds=20)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("name", engines())
def test_backward(benchmark: BenchmarkFixture, name: str) -> None:
    benchmark.group = f"backward through {N_NODES} nodes"
    node = chain(loaded(name))
    benchmark(node.backward)
    assert float(node.data) == N_NODES + 1
