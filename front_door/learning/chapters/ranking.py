"""Chapter 12: the ranking. The reader makes a class an engine, a layer a node, and an update."""

from typing import Any

import numpy as np

from benchgrad.engines import MLP, SGD, UnsupportedError, load
from benchgrad.engines.scalar import Value
from benchgrad.learning.exercise import Answer, exercise, hint, must, near, returned, shown

TITLE = "Your own engine in the ranking"
_MODEL = MLP(layers=(2, 3, 2))
_X = np.array([[0.5, -1.0], [1.5, 2.0], [-1.0, 0.5]])
_LABELS = np.array([0, 1, 1])


@exercise(
    "12.1",
    "From a class to an engine",
    """
    `Value` from benchgrad.engines.scalar stands in for a class of your own. Make it an engine
    called "mine", in the variable `engine`: `ValueEngine(name, kind=…, value=…, operations=[…])`.
    A Value is one number. To train with cross-entropy the classifier needs the operations exp, log
    and relu.
    """,
    """
    from benchgrad.engines import ValueEngine
    from benchgrad.engines.scalar import Value

    engine = ...
    """,
)
def engine(answer: Answer) -> None:
    """A declaration that trains as the reference does."""
    mine = answer.engine
    must(mine is not ..., "`engine` is still empty")
    must(hasattr(mine, "classifier"), "`engine` is not a ValueEngine")
    must(isinstance(mine.value, type), "`value` is an instance: give the class itself, Value")
    must(mine.name == "mine", f'the engine is called {mine.name!r}; call it "mine"')
    must(
        mine.kind == "scalar",
        "a Value of this class is one number, so its kind is scalar, not tensor",
    )
    try:
        found = _losses(mine)
    except UnsupportedError as error:
        hint(f"it cannot train yet, it {error}: name every operation that is needed")
    must(
        np.allclose(found, _losses(load("numpy")), rtol=1e-12),
        "its losses differ from those of the reference",
    )


def _losses(engine: Any) -> list[float]:
    classifier = engine.classifier(_MODEL, _MODEL.initial_parameters(seed=0), SGD(0.1))
    return [float(classifier.train_step(_X, _LABELS)) for _ in range(3)]


@exercise(
    "12.2",
    "A layer of neurons",
    """
    An engine may bring its own layer; this is the first one. Write `linear(x, W, b)`: x has shape
    (n, d) and holds plain numbers, W (d, k) and b (k,) hold Values. Return an object array (n, k)
    whose element [i, j] is x[i] · W[:, j] + b[j], as one node.
    """,
    """
    import numpy as np
    from benchgrad.engines.scalar import Value


    def linear(x, W, b):
        ...
    """,
)
def layer(answer: Answer) -> None:
    """A node for each row and neuron."""
    W = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]], object)
    b = np.array([Value(10.0), Value(20.0)], object)
    x = np.array([[1.0, 1.0], [1.0, 2.0], [0.0, 0.0]])
    out = returned(answer.linear(x, W, b), "linear(x, W, b)")
    must(
        isinstance(out, np.ndarray) and out.dtype == object,
        "the result is an array of objects: np.empty((n, k), dtype=object)",
    )
    must(np.shape(out) == (3, 2), f"3 rows and 2 neurons make shape (3, 2), not {np.shape(out)}")
    data = [[node.data for node in row] for row in out]
    must(not np.allclose(data[2], 0.0), "the bias is missing: a row of zeros gives the biases")
    must(
        not np.allclose(data[0], [13.0, 27.0]),
        "neuron j has the weights W[:, j], a column; those are rows",
    )
    must(np.allclose(data, [[14.0, 26.0], [17.0, 30.0], [10.0, 20.0]]), "the sums are wrong")
    n_parents = len(out[1, 0].parents)
    must(
        n_parents == 3,
        f"each element is one node with 3 parents, two weights and the bias; this has {n_parents}",
    )
    out[1, 0].backward()
    must(near(b[0].grad, 1.0), f"the gradient of the bias is 1, not {shown(b[0].grad)}")
    must(
        near(W[1, 0].grad, 2.0),
        f"the gradient of a weight is its input, 2, not {shown(W[1, 0].grad)}",
    )


@exercise(
    "12.3",
    "The update, to the letter",
    """
    Engines can be compared at every step because they all update in the same way. Write
    `update(p, g, v, learning_rate, momentum, weight_decay)` for arrays:
    v = momentum · v + g + weight_decay · p, then p −= learning_rate · v. Parameters and
    velocities change in place, the gradient stays as it is.
    """,
    """
    def update(p, g, v, learning_rate, momentum, weight_decay):
        ...
    """,
)
def update(answer: Answer) -> None:
    """The rule of every engine."""
    p, g, v = np.array([1.0, 2.0]), np.array([0.5, -0.5]), np.array([1.0, 1.0])
    right_p, right_v = p.copy(), v.copy()
    SGD(0.1, momentum=0.9, weight_decay=0.01).update(right_p, g, right_v)
    answer.update(p, g, v, 0.1, 0.9, 0.01)
    must(
        not np.array_equal(p, [1.0, 2.0]),
        "the parameters are unchanged: change the arrays in place (p[:] = …, or p -= …), since "
        "`p = …` only rebinds the name",
    )
    must(
        not np.array_equal(v, [1.0, 1.0]),
        "the velocity is unchanged: update `v` in place, since the next step needs it",
    )
    must(np.array_equal(g, [0.5, -0.5]), "it writes into the gradient, which is not its own")
    must(
        not np.allclose(v, 0.9 * np.ones(2) + g),
        "the weight decay is missing from the velocity",
    )
    must(
        not np.allclose(p, np.array([1.0, 2.0]) - 0.1 * np.ones(2)),
        "the parameters moved by the old velocity: compute the new one first",
    )
    must(np.allclose(v, right_v), f"the velocity is {right_v}, not {v}")
    must(np.allclose(p, right_p), f"the parameters are {right_p}, not {p}")


EXERCISES = (engine, layer, update)
