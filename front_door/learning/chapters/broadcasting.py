"""Chapter 7: broadcasting, undone. The reader writes the shape, its undoing, and the handing on."""

from types import SimpleNamespace

import numpy as np

from benchgrad.learning.exercise import Answer, exercise, hint, must, returned

TITLE = "Broadcasting, undone"


@exercise(
    "7.1",
    "The shape of a result",
    """
    Write `broadcast(a, b)` for the shapes of two arrays: the shape of their sum. Line them up at
    their ends. Where one has no axis, or length 1, it is stretched to the other; any other two
    lengths that differ raise a `ValueError`. (No NumPy this time.)
    """,
    """
    def broadcast(a, b):
        ...
    """,
)
def shape(answer: Answer) -> None:
    """NumPy's rule."""
    found = returned(answer.broadcast((2, 3), (2, 3)), "broadcast((2, 3), (2, 3))")
    must(isinstance(found, tuple), f"a shape is a tuple, not a {type(found).__name__}")
    must(found == (2, 3), f"two equal shapes stay what they are, not {found}")
    try:
        stretched = answer.broadcast((4, 1), (1, 3))
    except ValueError:
        hint("(4, 1) with (1, 3) raises a ValueError: an axis of length 1 is stretched, to (4, 3)")
    must(
        tuple(stretched) == (4, 3),
        f"(4, 1) with (1, 3) is (4, 3), not {stretched}: an axis of length 1 is stretched",
    )
    try:
        wide = answer.broadcast((4, 3), (3,))
    except ValueError:
        hint("(4, 3) with (3,) raises a ValueError: line the shapes up at their ends, to (4, 3)")
    must(
        tuple(wide) == (4, 3),
        f"(4, 3) with (3,) is (4, 3), not {wide}: line the shapes up at their ends",
    )
    try:
        wrong = answer.broadcast((4, 3), (4, 2))
    except ValueError:
        pass
    else:
        hint(f"(4, 3) and (4, 2) do not fit, but it returns {wrong}: raise a ValueError")
    must(tuple(answer.broadcast((), (2,))) == (2,), "() with (2,) is (2,)")


@exercise(
    "7.2",
    "Undo it",
    """
    Write `unbroadcast(gradient, shape)`: the gradient of an operand of that shape, given the
    gradient with the shape that it was stretched to. An element that was repeated gets the sum of
    what arrives at its copies. Axes may have been added in front, and axes of length 1 stretched.
    """,
    """
    import numpy as np


    def unbroadcast(gradient, shape):
        ...
    """,
)
def undo(answer: Answer) -> None:
    """Sums over added and stretched axes."""
    g = np.arange(12.0).reshape(4, 3)
    same = returned(answer.unbroadcast(g, (4, 3)), "unbroadcast(g, (4, 3))")
    must(np.array_equal(same, g), "a gradient of the right shape stays as it is")
    bias = np.asarray(answer.unbroadcast(g, (3,)))
    must(
        bias.shape == (3,),
        f"a gradient of shape (4, 3) for an operand of shape (3,) has shape {bias.shape}: sum over "
        "the added axis",
    )
    must(
        not np.allclose(bias, g.mean(axis=0)),
        "that is the mean: every copy passes on all that it gets, so add",
    )
    must(not np.allclose(bias, g[0]), "that is only the first copy: add up all of them")
    must(np.allclose(bias, g.sum(axis=0)), "the sums over the added axis are wrong")
    try:
        column = np.asarray(answer.unbroadcast(g, (4, 1)))
    except ValueError:
        column = np.zeros(0)
    must(
        column.shape == (4, 1),
        f"an operand of shape (4, 1) gets a gradient of shape {column.shape}: sum over the "
        "stretched axis, and keep it (keepdims=True)",
    )
    must(
        np.allclose(column, g.sum(axis=1, keepdims=True)),
        "the sums over a stretched axis are wrong",
    )
    both = np.asarray(answer.unbroadcast(np.ones((2, 4, 3)), (4, 1)))
    must(
        both.shape == (4, 1) and np.allclose(both, 6.0),
        "an axis may be added in front and another stretched, at once: (2, 4, 3) to (4, 1)",
    )


@exercise(
    "7.3",
    "Hand a gradient on",
    """
    Write `pass_on(parent, gradient)`. `parent.grad` is None until the first gradient arrives; later
    ones are added to it. The array that you are given may be somebody else's gradient as well:
    x + x hands the same one to x twice. So never write into it, and keep a copy, not the array.
    """,
    """
    import numpy as np


    def pass_on(parent, gradient):
        ...
    """,
)
def hand_on(answer: Answer) -> None:
    """Accumulation without aliasing."""
    parent, g = SimpleNamespace(grad=None), np.array([1.0, 2.0])
    answer.pass_on(parent, g)
    must(parent.grad is not None, "nothing arrived: parent.grad is still None")
    must(np.allclose(parent.grad, [1.0, 2.0]), "the first gradient is what arrives, unchanged")
    try:
        answer.pass_on(parent, g)
    except ValueError:
        hint(
            "`not parent.grad` and `parent.grad == None` look at each element of an array: ask "
            "`parent.grad is None`"
        )
    must(np.allclose(g, [1.0, 2.0]), "it writes into an array that is not its own: add without +=")
    must(
        not np.allclose(parent.grad, [1.0, 2.0]),
        "the second gradient replaces the first: they must add up",
    )
    must(np.allclose(parent.grad, [2.0, 4.0]), "two gradients of (1, 2) add up to (2, 4)")
    other, given = SimpleNamespace(grad=None), np.array([1.0, 2.0])
    answer.pass_on(other, given)
    given[0] = 100.0
    must(
        np.allclose(other.grad, [1.0, 2.0]),
        "it keeps the array it was given: when its owner writes into it, the gradient changes; "
        "keep a copy",
    )


EXERCISES = (shape, undo, hand_on)
