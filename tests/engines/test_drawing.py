"""Graphs drawn: each value with its data and gradient, every name as text, nothing too large."""

import shutil
from xml.etree import ElementTree

import numpy as np
import pytest

from benchgrad.engines import MLP, SGD, drawing, load
from benchgrad.engines.drawing import GraphError
from benchgrad.engines.scalar import Value as Scalar
from benchgrad.engines.tensor import Value as Tensor

needs_graphviz = pytest.mark.skipif(not shutil.which("dot"), reason="graphviz is not installed")
HOSTILE = 'a"] x [\\| {<script>alert(1)</script>} \x1b\n&lt;'


def published():
    """Return the published example after its backward pass, and its inputs by name."""
    named = {"a": Scalar(2), "b": Scalar(-3), "c": Scalar(10)}
    y = (named["a"] * named["b"] + named["c"]).tanh()
    y.backward()
    return y, named


def step(name, n=1, layers=(2, 2, 2)):
    model = MLP(layers)
    X, y = np.random.default_rng(1).normal(size=(n, layers[0])), np.arange(n) % layers[-1]
    return load(name).classifier(model, model.initial_parameters(0), SGD(0.1)).graph(X, y)


def test_a_node_shows_its_name_its_data_and_its_gradient():
    y, named = published()
    found = y.draw(**named, y=y)
    for label in (
        "a | data 2 | grad -0.004023",
        "b | data -3 | grad 0.002682",
        "c | data 10 | grad 0.001341",
        "y | data 0.9993 | grad 1",
        "data -6 | grad 0.001341",
    ):
        assert f'label="{{ {label} }}"' in found.dot
    assert found.summary() == "3 nodes (1 *, 1 +, 1 tanh), 3 leaves, 5 edges"
    assert found.dot.count("->") == 5 + 3  # each edge, and one from each operation to its result


def test_a_value_used_twice_has_two_edges_and_one_node():
    x = Scalar(3)
    found = (x * x).draw(x=x)
    assert found.dot.count("v1 -> o0") == 2
    assert found.dot.count("shape=record") == 2


def test_large_arrays_show_their_shape_and_range():
    x = Tensor(np.linspace(-1, 2, 6).reshape(2, 3))
    y = x.sum()
    y.backward()
    dot = y.draw(x=x).dot
    assert "x | data 2×3, -1 to 2 | grad 2×3, 1 to 1" in dot


@needs_graphviz
def test_a_hostile_name_is_only_text_in_the_picture():
    y, named = published()
    found = y.draw(**{HOSTILE: named["a"]})
    page = ElementTree.fromstring(found._repr_svg_())
    texts = [element.text for element in page.iter() if element.tag.endswith("}text")]
    assert 'a"] x [\\| {<script>alert(1)</script>}' in " ".join(" ".join(texts).split())
    assert not [element for element in page.iter() if element.tag.endswith("}script")]
    assert sum(element.get("class") == "node" for element in page.iter()) == 9
    assert found.render("png").startswith(b"\x89PNG")


def test_without_graphviz_a_notebook_shows_the_text(monkeypatch):
    monkeypatch.setenv("PATH", "")
    y, named = published()
    found = y.draw(**named)
    assert found._repr_svg_() is None
    assert repr(found) == found.dot
    with pytest.raises(GraphError, match="graphviz is not installed"):
        found.render()


def test_a_name_that_is_no_part_of_the_graph_is_refused():
    y, named = published()
    with pytest.raises(GraphError, match="z is no part of this graph"):
        y.draw(**named, z=Scalar(1))


def test_a_step_is_drawn_with_the_names_of_its_parameters():
    scalar, tensor = step("scalar"), step("tensor")
    assert "W0[1, 0] | data 0.6404 | grad 0.4583" in scalar.dot
    assert "b0 | data [0 0] | grad [0.5578 -0.2219]" in tensor.dot
    assert "loss | data 0.972 | grad 1" in scalar.dot
    assert "loss | data 0.972 | grad 1" in tensor.dot
    assert (scalar.counts.n_nodes, tensor.counts.n_nodes) == (27, 4)
    assert (scalar.n_leaves, tensor.n_leaves) == (12, 4)


def test_a_large_graph_is_refused_before_a_backward_pass_that_would_recurse():
    for name, n_nodes in (("scalar", "76,064"), ("micrograd", "76,096")):
        with pytest.raises(GraphError, match=f"{n_nodes} nodes and .* too large to draw"):
            step(name, 32, (2, 32, 32, 2))
    assert step("tensor", 32, (2, 32, 32, 2)).counts.n_nodes == 6


def test_the_limit_counts_leaves_too(monkeypatch):
    y, named = published()
    monkeypatch.setattr(drawing, "MOST_NODES", 6)
    assert y.draw(**named).n_leaves == 3
    monkeypatch.setattr(drawing, "MOST_NODES", 5)
    with pytest.raises(GraphError, match="3 nodes and 3 leaves"):
        y.draw(**named)


def test_an_engine_without_a_graph_draws_none():
    assert step("numpy") is None
