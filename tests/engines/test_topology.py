"""The order of a graph: valid, complete, without repeats, at any depth."""

import random
from dataclasses import dataclass

import pytest

from benchgrad.engines.topology import topological_order


@dataclass(frozen=True, eq=False)
class Node:
    name: str
    parents: tuple["Node", ...] = ()


def names(root):
    return [node.name for node in topological_order(root)]


def assert_valid(order, root, n_nodes):
    assert order[-1] is root
    assert len(order) == len(set(order)) == n_nodes
    position = {node: i for i, node in enumerate(order)}
    for node in order:
        for parent in node.parents:
            assert position[parent] < position[node]


def test_leaf_is_its_own_order():
    leaf = Node("leaf")
    assert topological_order(leaf) == [leaf]


def test_chain():
    a = Node("a")
    b = Node("b", (a,))
    assert names(Node("c", (b,))) == ["a", "b", "c"]


def test_diamond():
    leaf = Node("leaf")
    left, right = Node("left", (leaf,)), Node("right", (leaf,))
    root = Node("root", (left, right))
    assert_valid(topological_order(root), root, 4)


def test_same_parent_twice():
    leaf = Node("leaf")
    assert names(Node("root", (leaf, leaf))) == ["leaf", "root"]


@pytest.mark.parametrize("is_swapped", [False, True])
def test_short_and_long_way_to_one_node(is_swapped):
    # `early` is a parent of the root and of `late`: a reversed preorder, and an order by
    # distance from the root, put it behind `late` for one of the two orders of the parents.
    leaf = Node("leaf")
    early = Node("early", (leaf,))
    late = Node("late", (Node("middle", (early,)),))
    root = Node("root", (late, early) if is_swapped else (early, late))
    assert names(root) == ["leaf", "early", "middle", "late", "root"]


def test_nodes_that_the_root_does_not_need_are_left_out():
    leaf = Node("leaf")
    Node("other", (leaf,))
    assert names(Node("root", (leaf,))) == ["leaf", "root"]


@pytest.mark.parametrize("seed", range(20))
def test_random_graphs(seed):
    rng = random.Random(seed)
    nodes = [Node("0")]
    for i in range(1, 40):
        nodes.append(Node(str(i), tuple(rng.choices(nodes, k=rng.randint(0, 3)))))
    root = Node("root", tuple(nodes))
    assert_valid(topological_order(root), root, 41)


def test_depth_beyond_the_recursion_limit():
    root = Node("0")
    for i in range(1, 20_000):
        root = Node(str(i), (root,))
    assert names(root) == [str(i) for i in range(20_000)]
