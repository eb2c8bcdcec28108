"""Random graphs: as large as promised, judged only where oracles agree, and made small."""

import numpy as np
import pytest

from benchgrad.engines.conformance.cases.graph import MAX_NODES, Graph, Node, Words, grow
from benchgrad.engines.conformance.cases.problem import problem_of_graph
from benchgrad.engines.conformance.checks import random_graphs


def drawn(n_examples):
    found = []
    random_graphs.search(
        lambda moves: found.append(grow(Words(), moves, 0, "float64")) is None,
        seed=0,
        n_examples=n_examples,
    )
    return found


@pytest.fixture(scope="module")
def graphs():
    return drawn(60)


def test_graphs_are_small_and_large(graphs):
    sizes = [len(graph) for graph in graphs]
    assert min(sizes) <= 2
    assert 100 < max(sizes) <= MAX_NODES


def test_most_graphs_can_be_judged(graphs):
    found = [graph for graph in graphs if 0 < len(graph) < 100]
    assert sum(problem_of_graph(graph) is not None for graph in found) > 0.8 * len(found)


def test_the_same_seed_draws_the_same_graphs():
    assert [graph.nodes for graph in drawn(10)] == [graph.nodes for graph in drawn(10)]


def test_smaller_graphs_are_smaller_and_still_graphs(graphs):
    graph = max(graphs, key=len)
    for i, smaller in enumerate(graph.smaller()):
        assert len(smaller) < len(graph)
        assert smaller.values() is None or len(smaller.values()) == len(smaller) + 2
        if i == 20:
            break


def test_inputs_that_nothing_reads_are_left_out():
    graph = Graph((Node("ops.exp({a})", 1, 0),), (np.array(0.5), np.array(1.5)))
    question = graph.question()
    assert (question.program.source, question.names) == ("out = ops.exp(y)", ("y",))
    assert question.arrays == (np.array(1.5),)


def test_what_leaves_the_domain_is_no_graph():
    graph = Graph((Node("ops.log({a})", 0, 0),), (np.array(-0.5), np.array(1.5)))
    assert graph.question() is None
