"""Chapter 3: a classifier from Values. The reader writes a neuron, a loss and a step."""

import math

from benchgrad.engines.scalar import Value
from benchgrad.learning.exercise import Answer, all_near, exercise, must, near, returned, shown

TITLE = "A classifier, and ten minutes of waiting"


@exercise(
    "3.1",
    "A neuron",
    """
    Write `neuron(x, w, b)`: the sum of the products of inputs and weights, plus the bias, through
    `relu()`. `x` is a list of numbers, `w` a list of as many Values, `b` a Value.
    """,
    """
    def neuron(x, w, b):
        ...
    """,
)
def neuron(answer: Answer) -> None:
    """relu(w · x + b)."""
    w, b = [Value(0.5), Value(-2.0), Value(1.0)], Value(4.0)
    y = returned(answer.neuron([1.0, 2.0, 3.0], w, b), "neuron(x, w, b)")
    must(
        isinstance(y, Value),
        f"it returns {shown(y)}, which remembers nothing: compute with the Values, not with their "
        "`data`, and the result is a Value",
    )
    must(not near(y.data, 0.0), "the bias is missing")
    must(not near(y.data, 4.0), "relu comes too early: apply it to the whole sum, bias included")
    must(near(y.data, 3.5), f"relu(0.5 − 4 + 3 + 4) is 3.5, not {shown(y.data)}")
    low = answer.neuron([1.0, 2.0, 3.0], w, Value(-1.0))
    must(not near(low.data, -1.5), "the relu is missing: below 0 a neuron gives 0")
    must(near(low.data, 0.0), f"relu(−1.5) is 0, not {shown(low.data)}")
    y.backward()
    must(
        all_near([v.grad for v in w], [1.0, 2.0, 3.0]) and near(b.grad, 1.0),
        "the gradients do not reach the weights: compute with the Values, not with their `data`",
    )


@exercise(
    "3.2",
    "The loss of a row",
    """
    Write `cross_entropy(scores, label)` for plain numbers: the logarithm of the sum of
    `exp(score)`, minus the score of the right class. (That is the negative logarithm of softmax.)
    Subtract the largest score from all of them first, since `math.exp(1000)` overflows; the result
    stays the same.
    """,
    """
    import math


    def cross_entropy(scores, label):
        ...
    """,
)
def cross_entropy(answer: Answer) -> None:
    """Logsumexp − score of the label, at any size of the scores."""
    right = math.log(math.exp(1.0) + math.exp(3.0)) - 1.0
    found = returned(answer.cross_entropy([1.0, 3.0], 0), "cross_entropy([1, 3], 0)")
    must(
        not near(found, -right),
        "the sign is flipped: a loss is never negative; it is the log of the sum, minus the score",
    )
    must(
        not near(found, math.exp(-right)),
        "that is the probability of the right class: the loss is minus its logarithm",
    )
    must(
        not near(found, right - 3.0),
        "a loss is never negative: you subtracted the largest score inside the sum, but not from "
        "the score of the right class",
    )
    must(
        near(found, right),
        f"for scores 1 and 3 and label 0 it is {shown(right)}, not {shown(found)}",
    )
    try:
        large = answer.cross_entropy([1000.0, 1001.0], 1)
    except OverflowError:
        large = math.inf
    must(
        near(large, math.log1p(math.exp(-1.0))),
        "it overflows for scores of 1,000: subtract the largest score from all of them first",
    )


@exercise(
    "3.3",
    "A step downhill",
    """
    Write `step(parameters, learning_rate)` for a list of Values whose gradients are known: move
    each one's `data` against its gradient, and set the gradient to 0 for the next step. Change
    the Values in place; the model holds them.
    """,
    """
    def step(parameters, learning_rate):
        ...
    """,
)
def step(answer: Answer) -> None:
    """Gradient descent, and gradients that are reset."""
    a, b = Value(1.0), Value(-2.0)
    a.grad, b.grad = 4.0, -0.5
    answer.step([a, b], 0.1)
    must(
        not (near(a.data, 1.0) and near(b.data, -2.0)),
        "nothing moved: is the body still empty? Or does `p = …` only rebind the name? "
        "Change `p.data`. Or is the gradient reset before it is used?",
    )
    must(not near(b.data, -2.0), "only the first parameter moved: is the `return` in the loop?")
    must(not near(a.data, 1.4), "it walks uphill: subtract the gradient, since the loss must fall")
    must(not near(a.data, -3.0), "the learning rate is missing: 0.1 times the gradient")
    must(
        near(a.data, 0.6) and near(b.data, -1.95),
        f"1 − 0.1 · 4 is 0.6 and −2 + 0.1 · 0.5 is −1.95, not {shown(a.data)} and {shown(b.data)}",
    )
    must(a.grad is not None, "a gradient of None cannot be added to: reset it to the number 0")
    must(
        near(a.grad, 0.0) and near(b.grad, 0.0),
        "the gradients are not reset: the next step would add to these",
    )


EXERCISES = (neuron, cross_entropy, step)
