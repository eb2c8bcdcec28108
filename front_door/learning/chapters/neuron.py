"""Chapter 5: one node for a neuron. The reader writes that node, and counts what it saves."""

from benchgrad.engines.scalar import Value
from benchgrad.learning.exercise import (
    Answer,
    all_near,
    exercise,
    must,
    near,
    pair,
    returned,
    shown,
)

TITLE = "One node for a neuron"


@exercise(
    "5.1",
    "A dot product in one node",
    """
    `Value(data, parents, partials, operation)` takes any number of parents. Write `dot(x, w, b)`
    for two lists of Values and a bias: the sum of the products plus the bias, as one node. Its
    parents are all of x, then all of w, then b; its partials come in the same order.
    """,
    """
    from benchgrad.engines.scalar import Value


    def dot(x, w, b):
        ...
    """,
)
def dot(answer: Answer) -> None:
    """One node with 2n + 1 parents."""
    x, w, b = [Value(2.0), Value(3.0)], [Value(5.0), Value(7.0)], Value(11.0)
    y = returned(answer.dot(x, w, b), "dot(x, w, b)")
    must(not near(y.data, 31.0), "the bias is missing from the sum")
    must(near(y.data, 42.0), f"2 · 5 + 3 · 7 + 11 is 42, not {shown(y.data)}")
    must(
        len(y.parents) == 5,
        f"the node has {len(y.parents)} parents; two inputs, two weights and a bias are 5",
    )
    must(
        [*map(id, y.parents)] == [*map(id, (*x, *w, b))],
        "the parents are in the wrong order; it is all of x, all of w, then b",
    )
    must(
        len(y.partials) == 5,
        f"there are {len(y.partials)} partials for 5 parents: the bias has one as well, 1",
    )
    y.backward()
    must(
        not all_near([v.grad for v in x], [2.0, 3.0]),
        "the partials are not in the order of the parents: the partial for an input is the weight, "
        "and for a weight the input",
    )
    must(
        all_near([v.grad for v in x], [5.0, 7.0]) and all_near([v.grad for v in w], [2.0, 3.0]),
        "the gradients are wrong: the partial for an input is the weight, and for a weight the "
        "input",
    )
    must(near(b.grad, 1.0), f"the gradient of the bias is 1, not {shown(b.grad)}")


@exercise(
    "5.2",
    "Inputs that need no gradient",
    """
    In the first layer the inputs are data: plain numbers. Write `dot(x, w, b)` for a list of
    numbers x and Values w and b. Only Values can be parents: all of w, then b.
    """,
    """
    from benchgrad.engines.scalar import Value


    def dot(x, w, b):
        ...
    """,
)
def data(answer: Answer) -> None:
    """Data are no parents."""
    w, b = [Value(5.0), Value(0.0)], Value(11.0)
    y = returned(answer.dot([2.0, 3.0], w, b), "dot(x, w, b)")
    must(near(y.data, 21.0), f"2 · 5 + 3 · 0 + 11 is 21, not {shown(y.data)}")
    must(
        all(isinstance(parent, Value) for parent in y.parents),
        "a plain number is among the parents: nobody needs a gradient for data",
    )
    must(
        len(y.parents) == 3,
        f"the node has {len(y.parents)} parents, not 3: the weights and the bias (data that were "
        "wrapped in Values count too)",
    )
    must(len(y.partials) == 3, f"there are {len(y.partials)} partials for 3 parents")
    y.backward()
    must(
        not all_near([v.grad for v in w], [5.0, 0.0]),
        "the weights are their own partials: the partial for a weight is the input beside it",
    )
    must(
        not near(w[1].grad, 0.0),
        "the weight 0 gets no gradient: its derivative is the input, 3, whatever the weight",
    )
    must(
        all_near([v.grad for v in w], [2.0, 3.0]),
        "the derivative for a weight is the input beside it",
    )
    must(near(b.grad, 1.0), f"the gradient of the bias is 1, not {shown(b.grad)}")


@exercise(
    "5.3",
    "What it saves",
    """
    A layer of `n_out` neurons with `n_in` inputs each processes one row of data. Write
    `nodes(n_in, n_out)`. It returns a pair: how many nodes that makes with one for each product
    and each addition (the bias is added, too), and how many with one for each neuron. Leave the
    activation out.
    """,
    """
    def nodes(n_in, n_out):
        ...
    """,
)
def nodes(answer: Answer) -> None:
    """2 · n_in nodes for a neuron, or one."""
    per_number, per_neuron = pair(answer.nodes(3, 4), "nodes(3, 4)")
    must(
        (per_number, per_neuron) != (4, 24),
        "the pair is swapped: the count with a node for each product and addition comes first",
    )
    must(
        per_number != 20,
        "the additions of the bias are missing: 3 products need 2 additions, and the bias a third",
    )
    must(
        per_number != 6,
        "that is one neuron: the layer has 4 of them",
    )
    must(per_number != 12, "only products are counted: each is added to something as well")
    must(
        per_number == 24, f"3 products and 3 additions in 4 neurons are 24 nodes, not {per_number}"
    )
    must(per_neuron == 4, f"with a node for each neuron there are 4, not {per_neuron}")
    must(answer.nodes(32, 32) == (2048, 32), "nodes(32, 32) is (2048, 32)")


EXERCISES = (dot, data, nodes)
